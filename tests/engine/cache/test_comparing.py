"""Two runs of one index, one pair over all of them, and custom pairs beside natural ones."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.cache.comparing import compared_heuristic, set_apart
from engine.cache.comparison_records import Apart
from engine.cache.custom import (
    CustomEdit,
    CustomFile,
)
from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.reader import IndexReader
from engine.cache.sealed import run_path
from engine.errors import UserError
from engine.heuristics.heuristic import feature_heuristic
from engine.verdict import Verdict
from tests.engine.cache.customs import custom_pair
from tests.engine.cache.scored import URL, id_of, make_index, manifest, row_of, seal


@pytest.fixture
def paths(tmp_path: Path) -> IndexPaths:
    return make_index(tmp_path)


@pytest.fixture
def layers(paths: IndexPaths) -> tuple[str, str]:
    """A run at layer 10 over all pairs, and an older one at layer 2 over half of them."""
    second = seal(paths, hook="h.2", measured=range(6))
    tenth = seal(paths, hook="h.10")
    os.utime(run_path(paths, second), (1, 1))
    return tenth, second


@pytest.fixture
def reader(paths: IndexPaths, layers: tuple[str, str]) -> Iterator[IndexReader]:
    opened = open_reader(paths)
    yield opened
    opened.close()


def test_the_same_figures_at_another_layer_differ_nowhere(
    reader: IndexReader, layers: tuple[str, str]
) -> None:
    assert reader.other_runs() == (layers[1],)
    compared = reader.compare(layers[1])
    assert (compared.run.hook, compared.other.hook) == ("h.10", "h.2")
    assert compared.apart == (Apart("hook", "h.10", "h.2"),)
    assert (compared.margins.pairs, compared.margins.agreeing) == (6, 6)
    assert compared.margins.correlation == pytest.approx(1.0)
    assert compared.margins.mean == compared.margins.other_mean
    (url,) = compared.heuristics
    assert (url.pairs, url.differing) == (6, ())
    assert all(here == there for here, there in url.verdicts)


def test_models_of_one_name_are_told_apart_by_their_hashes() -> None:
    mine = manifest("h.2")
    config = replace(mine.config, sae_hash="0123456789abcdef", positions="after-first")
    theirs = replace(mine, config=config)
    assert set_apart(mine, theirs) == (
        Apart("SAE", "tiny-sae (sae)", "tiny-sae (01234567)"),
        Apart("positions", "all", "after-first"),
    )
    assert set_apart(mine, replace(mine, pm="the same by another name")) == ()


def test_verdicts_that_differ_are_counted_and_their_pairs_listed(
    paths: IndexPaths, reader: IndexReader, layers: tuple[str, str]
) -> None:
    changed = {0: Verdict.SILENT, 3: Verdict.TIE}
    theirs = open_reader(paths, run=layers[1])
    rows = [
        replace(row, verdict=changed.get(row_of(row.id), row.verdict), margin=row.margin + 1)
        for row in theirs.bulk.judged()
    ]
    theirs.close()
    found = compared_heuristic(URL, reader.bulk.judged(), rows, reader.store.name_of)
    assert found.verdicts[Verdict.OUTVOTED, Verdict.SILENT] == 1
    assert found.verdicts[Verdict.FOLLOWED, Verdict.TIE] == 1
    assert [(row_of(pair.id), pair.label) for pair in found.differing] == [
        (0, "train:0"),
        (3, "train:3"),
    ]
    assert found.differing[0].other_margin - found.differing[0].margin == 1


def test_a_pair_over_all_runs_stands_in_the_order_of_layers(reader: IndexReader) -> None:
    runs = reader.over_runs(id_of(2))
    assert [made.run.hook for made in runs] == ["h.2", "h.10"]
    assert [made.margin for made in runs] == [0.5, 0.5]
    assert {made.verdicts[0].verdict for made in runs} == {Verdict.OUTVOTED}
    unmeasured, measured = reader.over_runs(id_of(7))
    assert (unmeasured.margin, unmeasured.verdicts) == (None, ())
    assert measured.verdicts[0].verdict is Verdict.INERT


def test_pins_are_of_one_sae_and_make_no_other_heuristic_of_it(paths: IndexPaths) -> None:
    """As a preset sets them: each of its SAEs has features of its own that stand for the url."""
    other = seal(paths, hook="h.2", heuristic=replace(URL, features=(7, 9)))
    os.utime(run_path(paths, other), (1, 1))
    seal(paths, hook="h.10", heuristic=replace(URL, features=(3, 5)))
    reader = open_reader(paths)
    (url,) = reader.compare(other).heuristics
    assert url.pairs == 12
    assert [len(made.verdicts) for made in reader.over_runs(id_of(2))] == [1, 1]
    reader.close()


def test_a_run_that_never_asked_of_a_feature_is_compared_on_margins(
    paths: IndexPaths, layers: tuple[str, str]
) -> None:
    """Who bears a feature as heuristic is known to the run that measured it, and to no other."""
    feature = feature_heuristic("https feature", 3, 0.5, "lowers")
    asked = seal(paths, hook="h.4", heuristic=feature)
    reader = open_reader(paths, run=asked)
    compared = reader.compare(layers[0])
    assert compared.margins.pairs == 12
    (on_feature,) = compared.heuristics
    assert (on_feature.heuristic, on_feature.pairs) == (feature, 0)
    reader.close()


def test_a_damaged_run_is_named(
    paths: IndexPaths, reader: IndexReader, layers: tuple[str, str]
) -> None:
    run_path(paths, layers[1]).write_bytes(b"no database")
    for ask in (lambda: reader.compare(layers[1]), lambda: reader.over_runs(id_of(0))):
        with pytest.raises(UserError) as refused:
            ask()
        assert layers[1] in str(refused.value)


def test_one_run_alone_has_nothing_to_be_compared_with(paths: IndexPaths) -> None:
    reader = open_reader(paths)
    assert (reader.other_runs(), reader.customs()) == ((), ())
    reader.close()


def test_custom_text_stands_beside_natural_bearers_of_the_same_run(
    paths: IndexPaths, reader: IndexReader, layers: tuple[str, str]
) -> None:
    text = CustomEdit(response_chosen=" https://")
    CustomFile(paths.custom, "ann").append(
        [
            custom_pair(layers[0], text),
            custom_pair(layers[1], text),  # another run
            custom_pair(layers[0], CustomEdit()),  # unedited: as natural as it was
            custom_pair(layers[0], replace(text, ablate=(3,))),  # the PM was changed as well
        ]
    )
    (url,) = reader.customs()
    assert len(url.natural) == 12
    (figures,) = url.custom
    assert (figures.verdict, figures.margin, figures.margin_sae) == (Verdict.SILENT, 1.5, 1.25)


def test_custom_text_of_what_nobody_bears_has_its_verdict(paths: IndexPaths) -> None:
    """Pins judge it, though no pair of the index does: nothing stands beside it, and it stands."""
    nobody = replace(URL, pattern="gopher://", features=(3, 5))
    run = seal(paths, heuristic=nobody)
    pair = custom_pair(run, CustomEdit(response_chosen=" gopher://"))
    (on,) = pair.after.heuristics
    ours = replace(on, heuristic=nobody, features=(3, 5))
    kept = replace(pair, after=replace(pair.after, heuristics=(ours,)))
    CustomFile(paths.custom, "ann").append([kept])
    reader = open_reader(paths)
    (url,) = reader.customs()
    assert (url.natural, [figures.verdict for figures in url.custom]) == ((), [on.verdict])
    reader.close()


def test_custom_text_that_was_judged_with_other_features_has_no_verdict_beside_natural(
    paths: IndexPaths, reader: IndexReader, layers: tuple[str, str]
) -> None:
    """It was kept while other features were pinned, or before the run was scored again."""
    pair = custom_pair(layers[0], CustomEdit(response_chosen=" https://"))
    (on,) = pair.after.heuristics
    other = replace(pair, after=replace(pair.after, heuristics=(replace(on, features=(9,)),)))
    CustomFile(paths.custom, "ann").append([other])
    (url,) = reader.customs()
    (figures,) = url.custom
    assert (figures.verdict, figures.vote, figures.effect) == (Verdict.UNMEASURED, None, None)
    assert figures.margin == 1.5
