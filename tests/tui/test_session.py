"""The session comes back where it was left, and a broken file is no obstacle."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cache.records import Query
from engine.verdict import Verdict
from tests.tui.driving import browser, pair_screen, pairs_screen, press, settle
from tui.screens.overview import OverviewScreen
from tui.session import Session, load_session, save_session

QUERY = Query(
    heuristic="url",
    kind=None,
    verdicts=frozenset({Verdict.OUTVOTED, Verdict.SILENT}),
    tranche="helpful-base",
    text="https",
    marks=frozenset({"clear"}),
    sort="margin",
    descending=True,
)


def test_a_session_is_read_as_it_was_written_for_its_index_alone(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    session = Session(screen="pair", heuristic="url", query=QUERY, pair=7, side="rejected")
    save_session(path, "one", session)
    save_session(path, "two", Session(heuristic="right"))
    assert load_session(path, "one") == session
    assert load_session(path, "two") == Session(heuristic="right")
    assert load_session(path, "three") == Session()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "\udcff",
        "[" * 100_000,
        '{"fake": 3}',
        '{"fake": {"screen": 1, "query": {"sort": "; drop", "verdicts": [1, "no"], "kind": []}}}',
    ],
)
async def test_a_broken_session_file_starts_at_the_overview(tmp_path: Path, text: str) -> None:
    path = tmp_path / "session.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    async with browser(session=path).run_test() as pilot:
        await settle(pilot)
        assert isinstance(pilot.app.screen, OverviewScreen)


async def test_the_list_comes_back_with_its_order_and_pair(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    async with browser(session=path).run_test() as pilot:
        await press(pilot, "j", "enter", "s", "S", "g", "j", "j", "q")
    async with browser(session=path).run_test() as pilot:
        await settle(pilot)
        screen = pairs_screen(pilot)
        assert screen.asked.heuristic == "dont-know"
        assert (screen.asked.sort, screen.asked.descending) == ("margin", True)
        assert screen.pair_list.cursor == 2


@pytest.mark.parametrize("with_snapshot", [True, False])
async def test_the_pair_comes_back_with_its_pane(tmp_path: Path, with_snapshot: bool) -> None:
    path = tmp_path / "session.json"
    async with browser(session=path).run_test() as pilot:
        await press(pilot, "enter", "j", "enter", "l", "]", "q")
    app = browser(session=path) if with_snapshot else browser(session=path, snapshot=None)
    async with app.run_test() as pilot:
        await settle(pilot)
        shown = pair_screen(pilot).shown
        assert shown is not None
        assert shown.detail.pair.name.row == 12
        assert shown.side == "rejected"
        await press(pilot, "escape", "escape")
        assert isinstance(pilot.app.screen, OverviewScreen)
