"""What a damaged SAE does to verdicts: which stay, which break, and into what.

One heuristic with two features, and an SAE that is made worse in known ways.
"""

from __future__ import annotations

import numpy as np
import pytest

from engine.verdict import Verdict
from tests.engine.planted import words
from tests.engine.planted.curve import damaged, undamaged
from tests.engine.planted.damage import Damage, dropped, merged, split
from tests.engine.planted.dictionary import Dictionary
from tests.engine.planted.figures import Planting
from tests.engine.planted.pairs import PlantedPair
from tests.engine.planted.world import WAYS, Measured, PlantedWorld, make_world

THANKS = words.THANKS
ASK_NO_SAE = (Verdict.TIE, Verdict.PM_WRONG)
VOTES = (Verdict.OUTVOTED, Verdict.FOLLOWED, Verdict.CONTRARY)
RARE, HALF = 0, 2
"""Axes on whose minus side lie a tenth and a half of the words."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> PlantedWorld:
    return make_world(tmp_path_factory.mktemp("damage"), WAYS[0], "thanks")


@pytest.fixture(scope="module")
def true(world: PlantedWorld) -> Measured:
    return world.measure(world.planting.dictionary)


def reconstructed(world: PlantedWorld, dictionary: Dictionary, pair: PlantedPair) -> float:
    planting = Planting(world.planting.network, dictionary, world.way.reading)
    return planting.figures(pair, ()).margin_sae


def minority(pair: PlantedPair) -> bool:
    """Whether the pattern's word lies on the rare side of the first axis."""
    text = pair.transcript(pair.bearer)
    place = text.index("~") + 1
    digit = next(letter for letter in text[place:] if letter.isdigit())
    return words.VARIANTS[int(digit)][RARE] < 0


def test_without_its_features_a_vote_is_no_feature_or_an_sae_miss(
    world: PlantedWorld, true: Measured
) -> None:
    """Outvoted becomes `no-feature`, but where the features made up half of the margin: what they
    said is error now, and the SAE misses the prediction."""
    less = dropped(world.planting.dictionary, THANKS.features)
    measured = world.measure(less)
    margin = true.run.figures.margin_threshold
    became = set()
    for at, pair in enumerate(world.pairs):
        row = measured.rows[at]
        expected = pair.recipe.verdict
        if expected not in ASK_NO_SAE:
            gap = abs(reconstructed(world, less, pair) - row.margin)
            missed = gap > max(margin, row.margin / 2)
            expected = Verdict.SAE_MISS if missed else Verdict.NO_FEATURE
        assert row.verdict == expected, pair
        became.add((pair.recipe.verdict, row.verdict))
    assert (Verdict.OUTVOTED, Verdict.NO_FEATURE) in became
    assert (Verdict.OUTVOTED, Verdict.SAE_MISS) in became


def test_a_split_costs_no_reward_and_silences_the_smaller_part(
    world: PlantedWorld, true: Measured
) -> None:
    """The SAE reconstructs as before. Only the larger part is found, and the words of the smaller
    one, on which it does not fire, read as silent."""
    measured = world.measure(split(world.planting.dictionary, THANKS.features, RARE))
    same_margins(true, measured)
    silenced = 0
    for at, pair in enumerate(world.pairs):
        row = measured.rows[at]
        if pair.recipe.verdict in (*VOTES, Verdict.INERT) and minority(pair):
            assert (row.activation, row.verdict) == (0, Verdict.SILENT), pair
            silenced += 1
        elif pair.recipe.verdict not in VOTES:
            assert row.verdict == pair.recipe.verdict, pair
        else:
            assert row.vote == pytest.approx(true.rows[at].vote, abs=1e-5)
    assert silenced >= 2


def test_a_split_also_raises_what_a_vote_must_exceed(world: PlantedWorld, true: Measured) -> None:
    """On the smaller part's words that part is one of the other active features, so it is drawn
    into the random groups; in more than a twentieth of the bearers it sets their percentile. Votes
    are as they were, but few exceed it: they read as inert."""
    measured = world.measure(split(world.planting.dictionary, THANKS.features, RARE))
    (before,), (after,) = true.run.heuristics, measured.run.heuristics
    assert after.vote_threshold > 3 * before.vote_threshold
    voting = [at for at, pair in enumerate(world.pairs) if pair.recipe.verdict in VOTES]
    became = {measured.rows[at].verdict for at in voting if not minority(world.pairs[at])}
    assert Verdict.INERT in became <= {*VOTES, Verdict.INERT}


def test_features_split_in_halves_are_not_found(world: PlantedWorld, true: Measured) -> None:
    """Each half fires on half of the pattern's tokens: it separates them too badly."""
    measured = world.measure(split(world.planting.dictionary, THANKS.features, HALF))
    same_margins(true, measured)
    for at, pair in enumerate(world.pairs):
        unchanged = pair.recipe.verdict in (*ASK_NO_SAE, Verdict.SAE_MISS)
        expected = pair.recipe.verdict if unchanged else Verdict.NO_FEATURE
        assert measured.rows[at].verdict == expected, pair


def same_margins(true: Measured, measured: Measured) -> None:
    for name in ("margin", "margin_sae"):
        before, after = (
            [getattr(each.rows[at], name) for at in range(len(true.rows))]
            for each in (true, measured)
        )
        np.testing.assert_allclose(after, before, rtol=0, atol=1e-5)


def test_features_that_oppose_each_other_and_are_merged_vote_no_more(world: PlantedWorld) -> None:
    measured = world.measure(merged(world.planting.dictionary, [THANKS.features]))
    found = [
        measured.rows[at] for at, pair in enumerate(world.pairs) if pair.recipe.verdict in VOTES
    ]
    assert len(found) >= 15
    assert all(len(row.features) == 1 for row in found)
    assert not {row.verdict for row in found} & {*VOTES}


def test_the_more_is_dropped_the_less_is_right_but_ties_and_wrong_pms_stay(
    world: PlantedWorld,
) -> None:
    """Those two ask no SAE."""
    some = Damage("dropped", 0.1, lambda d, _: dropped(d, THANKS.features))
    every = Damage("dropped", 1.0, lambda d, _: dropped(d, words.FEATURES))
    points = [undamaged([world]), damaged([world], some), damaged([world], every)]
    shares = [point.share() for point in points]
    assert 1 == shares[0] > shares[1] >= shares[2]
    for point in points:
        assert point.share(*ASK_NO_SAE, Verdict.SAE_MISS) == 1
    for point in points[1:]:
        assert point.share(*VOTES, Verdict.INERT, Verdict.SILENT) == 0
