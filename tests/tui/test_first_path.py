"""The whole path once: overview, pairs, pair, and back out."""

from __future__ import annotations

from tests.tui.fakes import OVERVIEW, FakeReader, FakeRescorer
from tui.app import OutvotedApp
from tui.screens.pair import PairScreen
from tui.screens.pairs import PairsScreen


async def test_walk() -> None:
    app = OutvotedApp(OVERVIEW, FakeReader, FakeRescorer, None)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert isinstance(app.screen, PairsScreen)
        await pilot.press("j", "enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert isinstance(app.screen, PairScreen)
        await pilot.press("escape", "escape")
