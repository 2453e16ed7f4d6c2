"""Planted truth: on PMs built by hand every verdict and every figure is the one that was planted.

Over a thousand pairs, each written so that one verdict is right; three architectures, three kinds
of SAE, two readouts. What is right comes from the recipes and from plain numpy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from engine.hh import SIDES, pair_id, split_pair_id
from engine.verdict import Verdict, verdicts_of
from tests.engine.planted import words
from tests.engine.planted.curve import FIGURES
from tests.engine.planted.figures import PairFigures
from tests.engine.planted.pairs import KINDS, planted_pairs
from tests.engine.planted.separation import separation
from tests.engine.planted.thresholds import folds, heuristic_thresholds, margin_threshold
from tests.engine.planted.world import WAYS, Measured, PlantedWorld, Way, features_of, make_world

WITHIN = 1e-5


@dataclass(frozen=True, slots=True)
class Told:
    """What the engine says of a planted world, and what arithmetic says."""

    world: PlantedWorld
    measured: Measured
    figures: tuple[PairFigures, ...]

    def of(self, heuristic: str) -> list[int]:
        """The places of the pairs that bear a heuristic's pattern."""
        pairs = self.world.pairs
        return [at for at, pair in enumerate(pairs) if pair.heuristic.name == heuristic]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Torch's threads cost more than they give on models this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _once(way: Way) -> object:
    """Each world is measured by one of the suite's processes alone."""
    name = f"{way.architecture}-{way.kind}"
    return pytest.param(way, id=name, marks=pytest.mark.xdist_group(f"planted-{name}"))


@pytest.fixture(scope="module", params=map(_once, WAYS))
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    world = make_world(tmp_path_factory.mktemp("planted"), request.param)
    dictionary = world.planting.dictionary
    measured = world.measure(dictionary)
    figures = tuple(
        world.planting.figures(pair, features_of(dictionary, pair.heuristic))
        for pair in world.pairs
    )
    return Told(world, measured, figures)


def test_over_a_thousand_pairs_hold_every_verdict_of_either_kind_and_direction() -> None:
    pairs = [pair for way in WAYS for pair in planted_pairs(way.seed)]
    assert len(pairs) >= 1000
    for sign in (-1, 1):
        names = {made.heuristic.name for made in words.PLANTED if made.sign == sign}
        assert len(names) >= 3
        for kind in KINDS:
            held = {
                pair.recipe.verdict
                for pair in pairs
                if pair.kind == kind and pair.heuristic.name in names
            }
            assert held == {*verdicts_of(kind)} - {Verdict.NO_FEATURE, Verdict.UNMEASURED}
    recipes = [pair.recipe for pair in pairs]
    assert {recipe.by for recipe in recipes} == {"features", "error", None}
    for verdict in (Verdict.OUTVOTED, Verdict.FOLLOWED, Verdict.CONTRARY, Verdict.PM_WRONG):
        known = [recipe.decisive for recipe in recipes if recipe.verdict is verdict]
        assert min(Counter(known).values()) >= 6
    assert Verdict.NO_FEATURE in {recipe.verdict for recipe in recipes}


def test_every_verdict_is_the_one_that_was_planted(told: Told) -> None:
    for at, pair in enumerate(told.world.pairs):
        row, recipe = told.measured.rows[at], pair.recipe
        assert (row.heuristic, row.kind, row.bearer) == (
            pair.heuristic.name,
            pair.kind,
            pair.bearer,
        )
        assert row.verdict == recipe.verdict, pair
        assert row.outvoted_by == recipe.by, pair
        assert row.confident == recipe.confident, pair
        if recipe.decisive is not None:
            assert row.decisive == recipe.decisive == told.figures[at].decisive, pair


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_what_arithmetic_says(told: Told, name: str) -> None:
    stored = [getattr(told.measured.rows[at], name) for at in range(len(told.figures))]
    expected = [getattr(figures, name) for figures in told.figures]
    measured = [figure for figure in expected if figure is not None]
    assert len(measured) > 100
    assert [figure is None for figure in stored] == [figure is None for figure in expected]
    found = [figure for figure in stored if figure is not None]
    np.testing.assert_allclose(found, measured, rtol=0, atol=WITHIN)


def test_an_inserted_pattern_does_what_was_planted(told: Told) -> None:
    """Into other pairs' responses, of as many as there are bearers, and never a regex."""
    planting, parts = told.world.planting, told.measured.file.parent / "parts" / "insertion"
    for made in told.measured.run.heuristics:
        places, effect = told.of(made.heuristic.name), made.insertion
        if made.heuristic.regex:
            assert effect is None
            continue
        assert effect is not None
        assert effect.pairs == min(64, len(places))
        changes = []
        for row in pq.read_table(parts / made.heuristic.key).to_pylist():
            at = split_pair_id(row["id"])[1]
            assert at not in places
            pair = told.world.pairs[at]
            changes.append(row["reward_with"] - row["reward_without"])
            either = [
                planting.reward(f"{pair.context} {made.heuristic.pattern} {text.lstrip()}")
                - planting.reward(pair.context + text)
                for text in (pair.chosen, pair.rejected)
            ]
            assert min(abs(changes[-1] - each) for each in either) < WITHIN
        assert effect.mean == pytest.approx(np.mean(changes), abs=WITHIN)
        assert effect.low <= effect.mean <= effect.high
        if made.heuristic == words.ALAS:  # the one whose word does as much wherever it stands
            deletion = np.mean([told.figures[at].deletion_effect for at in places])
            assert effect.mean == pytest.approx(deletion, rel=0.1)


def test_the_features_found_are_those_of_the_dictionary(told: Told) -> None:
    dictionary = told.world.planting.dictionary
    for made in told.measured.run.heuristics:
        assert made.features == features_of(dictionary, made.heuristic)
        assert made.jaccard in (None, 1.0)
    for at, pair in enumerate(told.world.pairs):
        found = told.measured.rows[at].features
        assert tuple(sorted(found)) == features_of(dictionary, pair.heuristic)


def test_they_are_ranked_by_how_well_they_separate(told: Told) -> None:
    """AUROC and fire share against a comparison of every span token with every other."""
    ranked = 0
    for made in told.measured.run.heuristics:
        pairs = [told.world.pairs[at] for at in told.of(made.heuristic.name)]
        fold = folds(pairs)
        for judged, candidates in enumerate(made.folds):
            ours = [
                pair
                for pair, each in zip(pairs, fold, strict=True)
                if made.in_sample or each != judged
            ]
            for candidate in candidates:
                auroc, share = separation(told.world.planting, ours, candidate.feature)
                assert candidate.auroc == pytest.approx(auroc, abs=1e-9)
                assert candidate.fire_share == pytest.approx(share, abs=1e-9)
                ranked += 1
            aurocs = [candidate.auroc for candidate in candidates]
            assert aurocs == sorted(aurocs, reverse=True)
    assert ranked >= 18


def test_the_thresholds_follow_from_the_figures(told: Told) -> None:
    margin = margin_threshold([figures.margin for figures in told.figures])
    assert told.measured.run.figures.noise_floor < WITHIN
    assert told.measured.run.figures.margin_threshold == pytest.approx(margin, abs=WITHIN)
    for made in told.measured.run.heuristics:
        places = told.of(made.heuristic.name)
        expected = heuristic_thresholds(
            [told.world.pairs[at] for at in places],
            [told.figures[at] for at in places],
            margin,
            pinned=bool(made.heuristic.features),
        )
        assert made.vote_threshold == pytest.approx(expected.vote, abs=WITHIN)
        assert made.in_sample == expected.in_sample
        silent = [told.measured.rows[at].silent_activation for at in places]
        np.testing.assert_allclose(silent, expected.silent, rtol=0, atol=WITHIN)


def test_some_features_are_silent_though_they_fire(told: Told) -> None:
    """Their activation lies below a threshold above zero; others are silent for they say nothing,
    and those of a pattern that votes elsewhere because of a word in the human's turn."""
    silent = [row for row in told.measured.rows.values() if row.verdict is Verdict.SILENT]
    assert any(row.activation and row.activation < row.silent_activation for row in silent)
    hushed = [at for at, pair in enumerate(told.world.pairs) if pair.recipe.hushed]
    assert hushed
    assert all(told.measured.rows[at].activation == 0 for at in hushed)


def test_a_direction_that_nobody_stated_is_found(told: Told) -> None:
    directions = {made.heuristic.name: made.direction for made in told.measured.run.heuristics}
    for planted in words.PLANTED:
        assert directions[planted.heuristic.name] == ("raises" if planted.sign > 0 else "lowers")


def test_attributions_are_derivatives_and_single_effects_exact(told: Told) -> None:
    """The attribution against a difference quotient, and what the run's own check measured."""
    with duckdb.connect(str(told.measured.file), read_only=True) as connection:
        rows = connection.execute(
            "SELECT id, feature, activation_chosen, activation_rejected, attribution, effect"
            " FROM features WHERE id IN (SELECT id FROM features WHERE effect IS NOT NULL)"
        ).fetchall()
    checked = sorted({row[0] for row in rows})[:20]
    for identifier in checked:
        found = {row[1]: row[2:] for row in rows if row[0] == identifier}
        pair = told.world.pairs[identifier - pair_id(1, 0)]
        expected = told.world.planting.on_response(pair)
        assert found.keys() == expected.keys()
        for latent, (chosen, rejected, attribution, effect) in found.items():
            truth = expected[latent]
            assert chosen == pytest.approx(truth.activation_chosen, abs=WITHIN)
            assert rejected == pytest.approx(truth.activation_rejected, abs=WITHIN)
            assert attribution == pytest.approx(truth.attribution, abs=WITHIN)
            assert effect == pytest.approx(truth.effect, abs=WITHIN)


def test_the_run_says_how_faithful_its_sae_is(told: Told) -> None:
    margins = np.array([figures.margin for figures in told.figures])
    reconstructed = np.array([figures.margin_sae for figures in told.figures])
    figures = told.measured.run.figures
    lost = ((margins - reconstructed) ** 2).sum() / ((margins - margins.mean()) ** 2).sum()
    assert figures.reward_recovered == pytest.approx(1 - lost, abs=WITHIN)
    assert figures.fvu == pytest.approx(told.world.planting.fvu(told.world.pairs), abs=WITHIN)


def test_patterns_also_begin_before_the_sides_differ(told: Told) -> None:
    """A planted trap: there one token of the pattern is ablated on both sides."""
    planting = told.world.planting
    shared = 0
    for pair in told.world.pairs:
        chosen, rejected = (planting.tokens(pair.transcript(side)) for side in SIDES)
        first = next(at for at, (a, b) in enumerate(zip(chosen, rejected, strict=False)) if a != b)
        lead = planting.network.ids[" no"]
        shared += pair.heuristic == words.IDEA.heuristic and lead in chosen[:first]
    assert shared >= 10
