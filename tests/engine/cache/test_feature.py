"""One feature over all pairs of a run: where it fires, what it does, who uses it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from engine.cache.feature_records import FeatureDetail, FeatureOnHeuristic, Firing
from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.reader import IndexReader
from engine.cache.sealed import run_path
from engine.cache.triage import TriageFile
from engine.errors import UserError
from engine.heuristics.heuristic import feature_heuristic
from tests.engine.cache.scored import URL, id_of, make_index, row_of, seal


@pytest.fixture
def paths(tmp_path: Path) -> IndexPaths:
    return make_index(tmp_path)


@pytest.fixture
def reader(paths: IndexPaths) -> Iterator[IndexReader]:
    seal(paths)
    opened = open_reader(paths, labels={3: "links"})
    yield opened
    opened.close()


def test_on_which_side_a_feature_fires_and_what_it_does_to_margins(reader: IndexReader) -> None:
    on = reader.feature(9)
    assert (on.measured, on.active) == (12, 12)
    assert (on.chosen, on.rejected) == (Firing(12, 1.0), Firing(12, 0.5))
    assert on.stronger_on_chosen == 12
    assert (on.pushes.toward_chosen, on.pushes.toward_rejected) == (12.0, 0.0)
    # One exact effect is stored, on row 0: 0.75 where the attribution says 1.
    assert (on.pushes.checked, on.pushes.effect, on.pushes.agreeing) == (1, 0.75, 1)
    assert on.pushes.attribution_checked == 1.0
    assert [hit.effect for hit in on.hits if hit.effect is not None] == [0.75]
    against = reader.feature(7)
    assert (against.pushes.toward_chosen, against.pushes.toward_rejected) == (0.0, -60.0)


def test_what_users_pin_stands_beside_what_the_run_was_judged_with(
    reader: IndexReader, paths: IndexPaths
) -> None:
    def on_url(feature: int) -> FeatureOnHeuristic:
        return next(on for on in reader.feature(feature).heuristics if on.heuristic == URL)

    assert (on_url(9).pins, on_url(9).to_judge, reader.pins()) == ((), False, {})
    assert reader.pin(URL, 9, pinned=True) == (9,)
    assert reader.pin(URL, 5, pinned=True) == (5, 9)
    assert reader.pins() == {URL.key: (5, 9)}
    assert (on_url(9).pins, on_url(7).pins, on_url(7).to_judge) == ((5, 9), (5, 9), True)
    assert reader.run is not None
    sae = reader.run.manifest.config.sae_hash
    TriageFile(paths.triage, "ana").pin(URL, sae, 7, pinned=True)
    TriageFile(paths.triage, "bob").pin(URL, "another SAE", 7, pinned=True)
    TriageFile(paths.triage, "cy.imported").pin(URL, sae, 7, pinned=True)
    assert (on_url(7).others, on_url(9).others) == (("ana", "cy.imported"), ())
    for feature in (5, 9):
        reader.pin(URL, feature, pinned=False)
    assert (on_url(9).pins, on_url(9).to_judge, reader.pins()) == ((), False, {})


def test_what_cannot_be_pinned_says_why(reader: IndexReader) -> None:
    with pytest.raises(UserError, match="the SAE has no feature"):
        reader.pin(URL, 1 << 20, pinned=True)
    with pytest.raises(UserError, match="itself"):
        reader.pin(feature_heuristic("nine", 9, 0.5, "lowers"), 7, pinned=True)
    assert reader.pins() == {}


def test_a_pair_shows_its_strongest_token_in_its_surroundings(reader: IndexReader) -> None:
    hits = reader.feature(3).hits
    assert [row_of(hit.id) for hit in hits] == list(range(12))  # all fire alike: in their order
    for row, hit in enumerate(hits):
        assert (hit.side, hit.match) == ("rejected" if row % 2 else "chosen", "https://")
        assert hit.before.endswith("It's at ")
        assert hit.after.startswith(f"x.org/{row}")
    assert hits[6].label == "train:0"
    # No token of feature 5 is stored: the side that it fires on is told all the same.
    assert {(hit.side, hit.match, hit.before) for hit in reader.feature(5).hits} == {
        ("chosen", "", "")
    }


def test_who_uses_a_feature_and_how_it_fires_on_their_bearers(reader: IndexReader) -> None:
    (on,) = reader.feature(3).heuristics
    assert [(fold, found.auroc) for fold, found in on.judges if found] == [(1, 0.97), (2, 0.97)]
    # It fires on chosen responses alone: on the bearer of a counterexample, not of the others.
    assert on.counterexamples == (1.0,) * 6
    assert on.conforming == (0.0,) * 6
    (second,) = reader.feature(5).heuristics
    assert [fold for fold, _ in second.judges] == [1]
    assert reader.feature(9).heuristics[0].judges == ()


def test_labels_are_told_with_the_feature_and_on_every_pair(reader: IndexReader) -> None:
    assert reader.feature(3).label == "links"
    assert reader.feature(5).label is None
    labels = {row.feature: row.label for row in reader.pair(id_of(0)).features}
    assert labels[3] == "links"
    assert labels[5] is None


def test_a_feature_that_never_fires_is_no_error(reader: IndexReader) -> None:
    on = reader.feature(60)
    assert (on.active, on.chosen, on.hits) == (0, Firing(0, None), ())
    assert on.heuristics[0].counterexamples == (0.0,) * 6


@pytest.mark.parametrize("feature", [-1, 64, 1 << 40])
def test_a_feature_that_the_sae_does_not_have_is_refused(reader: IndexReader, feature: int) -> None:
    with pytest.raises(UserError, match=f"no feature {feature}") as refused:
        reader.feature(feature)
    assert "0 to 63" in str(refused.value.todo)


def test_without_a_run_there_is_no_feature(paths: IndexPaths) -> None:
    reader = open_reader(paths)
    with pytest.raises(UserError, match="no finished run"):
        reader.feature(3)
    reader.close()


def test_a_run_that_was_sealed_before_features_were_sorted_still_opens(paths: IndexPaths) -> None:
    run = seal(paths)
    sorted_reader = open_reader(paths, labels={3: "links"})
    expected = sorted_reader.feature(3)
    sorted_reader.close()
    with duckdb.connect(str(run_path(paths, run))) as connection:
        connection.execute("DROP TABLE by_feature; DROP TABLE peaks")
    reader = open_reader(paths, labels={3: "links"})
    found = reader.feature(3)
    reader.close()
    assert _without_tokens(found) == _without_tokens(expected)
    assert {hit.match for hit in found.hits} == {""}


def _without_tokens(detail: FeatureDetail) -> tuple[object, ...]:
    hits = [(hit.id, hit.activation_chosen, hit.attribution) for hit in detail.hits]
    return detail.active, detail.chosen, detail.pushes, detail.heuristics, hits
