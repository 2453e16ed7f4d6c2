"""A running PM judges with what the user pinned, whatever the run was judged with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.cache.pair_records import HeuristicOnPair, PairDetail
from engine.cache.reader import IndexReader
from engine.live.client import LiveRescorer
from engine.live.edit import Edit
from engine.verdict import Thresholds
from tests.engine.live.talking import RUNNING
from tests.engine.tiny import DUNNO, THANKS, TinyIndex

PINS = (1, 8, 40)

pytestmark = [pytest.mark.asyncio(loop_scope="module"), RUNNING]


def of_dunno(detail: PairDetail) -> HeuristicOnPair:
    (found,) = (on for on in detail.heuristics if on.heuristic.name == DUNNO.name)
    return found


def bearers(reader: IndexReader) -> list[PairDetail]:
    """Some pairs of which one side says that it doesn't know."""
    return [reader.pair(reader.store.find(str(row)).id) for row in (0, 1, 4, 5, 8, 9)]


async def test_a_pair_is_judged_as_score_judges_it_with_the_same_pins(
    live: LiveRescorer, reader: IndexReader, tiny_index: TinyIndex, tmp_path: Path
) -> None:
    """But for thresholds: what a group of that size does at random is known to `score` alone."""
    pinning = tiny_index.copy(tmp_path / "cache")
    opened = pinning.read()
    for feature in PINS:
        opened.pin(DUNNO, feature, pinned=True)
    opened.close()
    assert pinning.score().pins == {DUNNO.name: PINS}
    scored = pinning.read()
    assert scored.run is not None
    epsilon = scored.run.figures.margin_threshold
    for before, expected in zip(bearers(reader), bearers(scored), strict=True):
        pinned = replace(before, pins={DUNNO.key: PINS})
        fresh, known = of_dunno((await live.rescore(pinned, Edit())).after), of_dunno(expected)
        assert of_dunno(before).features == DUNNO.features
        assert (fresh.features, known.features, fresh.pinned) == (PINS, PINS, True)
        assert fresh.thresholds == Thresholds(epsilon, epsilon, 0.0)
        for name in ("effect", "activation", "drop_without_others", "effect_over_response"):
            assert getattr(fresh, name) == pytest.approx(getattr(known, name), abs=2e-5), name
    scored.close()


async def test_what_is_pinned_as_it_was_judged_changes_nothing(
    live: LiveRescorer, reader: IndexReader
) -> None:
    before = bearers(reader)[0]
    same = replace(before, pins={DUNNO.key: DUNNO.features, THANKS.key: ()})
    fresh = of_dunno((await live.rescore(same, Edit())).after)
    assert (fresh.pinned, fresh.thresholds) == (False, of_dunno(before).thresholds)
