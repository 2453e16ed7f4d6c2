"""Driving the browser in a test: keys, and waiting until all that they started is done."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual.pilot import Pilot
from textual.worker import WorkerState

from engine.cache.records import Overview
from tests.tui.fakes import OVERVIEW, FakeReader, FakeRescorer
from tui.app import OutvotedApp
from tui.screens.pair import PairScreen
from tui.screens.pairs import PairsScreen
from tui.widgets.document import Document
from tui.widgets.lines import Lines

_BUSY = (WorkerState.PENDING, WorkerState.RUNNING)
_STILL = 3
"""Looks in a row that find no worker: one draws, one calls what waited for that, one sees it."""


def browser(
    reader: FakeReader | None = None,
    rescorer: FakeRescorer | None = None,
    session: Path | None = None,
    snapshot: Overview | None = OVERVIEW,
) -> OutvotedApp:
    """The app over the fake index and the fake PM."""
    opened, started = reader or FakeReader(), rescorer or FakeRescorer()
    return OutvotedApp(snapshot, lambda: opened, lambda: started, session)


async def settle(pilot: Pilot[None]) -> None:
    """Wait until no worker runs and every message is handled."""
    still = 0
    for _ in range(2000):
        await pilot.pause()
        busy = any(worker.state in _BUSY for worker in pilot.app.workers)
        still = 0 if busy else still + 1
        if still == _STILL:
            return
    raise AssertionError("the browser is still busy")


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, each after the one before has had its effect."""
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


async def until_measured(pilot: Pilot[None]) -> None:
    """Wait until the lab's queue has nothing to do, or is held."""
    assert isinstance(pilot.app, OutvotedApp)
    queue = pilot.app.desk.lab
    async with asyncio.timeout(10):
        while queue.busy or (queue.left and queue.held is None):
            await asyncio.sleep(0.005)
    await settle(pilot)


def text_of(pilot: Pilot[None], name: str) -> str:
    """What fixed lines of the screen say: `title`, `state`, `place`, `hints`."""
    return pilot.app.screen.query_one(f"#{name}", Lines).text


def page_text(pilot: Pilot[None]) -> str:
    """All lines of the screen's document, also those out of view."""
    page = pilot.app.screen.query_one(Document).page
    return "\n".join(line.plain for line in page.lines)


def pairs_screen(pilot: Pilot[None]) -> PairsScreen:
    assert isinstance(pilot.app.screen, PairsScreen)
    return pilot.app.screen


def pair_screen(pilot: Pilot[None]) -> PairScreen:
    assert isinstance(pilot.app.screen, PairScreen)
    return pilot.app.screen
