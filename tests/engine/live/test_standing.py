"""What a pair is held against that the run never judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.cache.bearers import LookedAt
from engine.cache.opening import open_reader
from engine.cache.pair_records import Likelihood
from engine.cache.reader import IndexReader
from engine.heuristics import Heuristic
from engine.heuristics.census import Counts
from engine.live.edit import Edit
from engine.live.own import nothing_known
from engine.live.standing import Standings, make_rescorer
from engine.verdict import Thresholds
from tests.engine.live.fakes import HEALTHY, worker
from tests.engine.tiny import DUNNO, THANKS, TinyIndex


def test_a_heuristic_of_the_run_is_held_against_the_runs_thresholds(reader: IndexReader) -> None:
    assert reader.run is not None
    dunno, thanks = Standings(reader)()
    measured = reader.run.heuristics
    assert dunno.features == DUNNO.features
    assert not dunno.in_sample
    assert thanks.in_sample
    for standing, made in zip((dunno, thanks), measured, strict=True):
        assert standing.thresholds is not None
        assert standing.thresholds.margin == reader.run.figures.margin_threshold
        assert standing.thresholds.vote == made.vote_threshold
        silent = [row.silent_activation for row in reader.bulk.judged_of(made.heuristic)]
        assert standing.thresholds.silent_activation == min(silent)
    # `auto` is judged as the deletion effect says.
    assert THANKS.direction == "auto"
    assert thanks.heuristic.direction == measured[1].direction != "auto"


def test_a_heuristic_that_the_run_does_not_know(reader: IndexReader) -> None:
    assert reader.run is not None
    pinned = Heuristic("pinned", "poet", features=(4,))
    bare = Heuristic("bare", "poet")
    changed = replace(DUNNO, direction="raises")
    others = [LookedAt(made, Counts(0, 0, 0, 0)) for made in (pinned, bare, changed)]
    looking = IndexReader(reader.paths, reader.store, reader.run, others)
    epsilon = reader.run.figures.margin_threshold
    first, second, third = Standings(looking)()
    assert (first.features, first.thresholds) == ((4,), Thresholds(epsilon, epsilon, 0.0))
    assert second.thresholds is None
    assert third.heuristic.direction == "raises"
    assert third.thresholds == first.thresholds


@pytest.mark.asyncio
async def test_a_pattern_that_is_typed_while_a_pm_runs_is_told_of_after_it_too(
    tiny_index: TinyIndex, tmp_path: Path
) -> None:
    reader = tiny_index.copy(tmp_path / "cache").read()
    asked = make_rescorer(reader, worker(HEALTHY, tiny_index.run), "cpu")
    reader.look_at(Heuristic("poet", "A poet did"))
    before = reader.pair(reader.store.find("0").id)
    after = (await asked.rescore(before, Edit())).after
    await asked.close()
    reader.close()
    told = [[made.heuristic.name for made in each.heuristics] for each in (before, after)]
    assert told == [["dunno", "thanks", "poet"]] * 2


@pytest.mark.asyncio
async def test_features_that_an_edit_wakes_are_called_what_the_index_calls_them(
    tiny_index: TinyIndex,
) -> None:
    """The stored pair does not have them; a pair of one's own has none at all."""
    reader = open_reader(tiny_index.paths, labels={29: "a poet"})
    assert reader.run is not None
    (pair,) = reader.store.pairs([reader.store.find("0").id])
    before = nothing_known(pair, reader.run.run)
    wakes = HEALTHY.replace("serve()", "measured(hear(), feature=29)")
    asked = make_rescorer(reader, worker(wakes, tiny_index.run), "cpu")
    after = (await asked.rescore(before, Edit())).after
    await asked.close()
    reader.close()
    assert [(made.feature, made.label) for made in after.features] == [(29, "a poet")]


@pytest.mark.asyncio
async def test_what_is_known_of_the_stored_text_is_not_told_of_an_edit(reader: IndexReader) -> None:
    """How usual it is, whether the PM was taught it, why it is suspect, what its tokens do."""
    assert reader.run is not None
    stored = reader.pair(reader.store.find("0").id)
    assert stored.tokens is not None
    before = replace(
        stored, likelihood=Likelihood("lm", -1.0, -2.0, 3, 4), flags=("suspect",), seen="seen"
    )
    asked = make_rescorer(reader, worker(HEALTHY, reader.run.run), "cpu")
    same = (await asked.rescore(before, Edit())).after
    edited = (await asked.rescore(before, Edit(response_chosen=" Nobody knows."))).after
    await asked.close()
    known = [
        (made.likelihood, made.flags, made.seen, made.tokens) for made in (before, same, edited)
    ]
    assert known[0] == known[1]
    assert known[2] == (None, (), "unknown", None)
