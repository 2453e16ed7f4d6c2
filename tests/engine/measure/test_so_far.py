"""What a running run has finished is seen while it goes on: margins and features, no verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cache.opening import open_reader
from engine.cache.pair_records import PairDetail
from engine.cache.records import Overview, Query
from engine.measure.progress import Progress
from engine.measure.request import ScoreRequest
from engine.measure.score import score
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.tiny import hook_of
from tests.engine.measure.world import ARCHITECTURE, DUNNO, make_index
from tui.screens.overview_page import overview_page, title_lines


@pytest.fixture
def request_(tiny_of: MakeTiny, tmp_path: Path) -> ScoreRequest:
    folder = tiny_of(ARCHITECTURE).folder
    return ScoreRequest(
        paths=make_index(tmp_path / "cache"),
        heuristics=(DUNNO,),
        pm=str(folder / "pm"),
        saes=(str(folder / "sae"),),
        hook=hook_of(ARCHITECTURE),
        readout="last-text-token",
        positions="all",
        pairs="bearers",
        dtype="float32",
        device="cpu",
    )


def test_a_browser_sees_the_finished_parts_of_a_running_run(request_: ScoreRequest) -> None:
    """Another reader opens the index while it is scored, and again when it is sealed."""
    seen: list[tuple[Overview, dict[int, PairDetail]]] = []

    def look(run: str | None) -> None:
        reader = open_reader(request_.paths, run=run)
        ids = reader.ids(Query(kind=None, sort="margin"))
        assert run is None or not reader.bulk.judged()
        measured = reader.bulk.rewards(ids.tolist())
        seen.append((reader.overview(), {at: reader.pair(at) for at in measured}))
        reader.close()

    def report(progress: Progress) -> None:
        if progress.stage in ("texts", "noise") and progress.done < progress.total:
            look(progress.run[:8] if seen else None)

    (result,) = score(request_, report)
    look(None)
    (before, nothing), (during, some), (after, every) = seen
    assert before.so_far is not None
    assert (before.so_far.pairs, nothing) == (0, {})
    assert during.so_far is not None
    assert during.so_far.run == result.run
    assert during.so_far.pairs == len(some) >= 30
    assert "so far" in title_lines(during)[0].plain
    assert "not finished" in overview_page(during, 80).lines[1].plain
    assert (after.so_far, len(every)) == (None, 60)
    for at, pair in some.items():
        assert pair.margin == every[at].margin
        if pair.margin_sae is not None:  # one of the sample alone has none
            told = [(one.feature, one.attribution) for one in pair.features]
            sealed = [(one.feature, one.attribution) for one in every[at].features]
            assert told == sealed[: len(told)]  # beside those it tells what was checked exactly
