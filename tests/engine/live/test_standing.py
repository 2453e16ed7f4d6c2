"""What a pair is held against that the run never judged."""

from __future__ import annotations

from dataclasses import replace

from engine.cache.bearers import LookedAt
from engine.cache.reader import IndexReader
from engine.heuristics import Heuristic
from engine.heuristics.census import Counts
from engine.live.standing import standings
from engine.verdict import Thresholds
from tests.engine.tiny import DUNNO, THANKS


def test_a_heuristic_of_the_run_is_held_against_the_runs_thresholds(reader: IndexReader) -> None:
    assert reader.run is not None
    dunno, thanks = standings(reader)
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
    first, second, third = standings(looking)
    assert (first.features, first.thresholds) == ((4,), Thresholds(epsilon, epsilon, 0.0))
    assert second.thresholds is None
    assert third.heuristic.direction == "raises"
    assert third.thresholds == first.thresholds
