"""The pair that is likely next is read while nobody asks; what is drawn is the pair asked for."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

from engine.cache.pair_records import PairDetail
from tests.tui.driving import browser, pair_screen, pairs_screen, press, settle, text_of
from tests.tui.fakes import DETAILS, FakeReader

IDS = tuple(DETAILS)


async def ahead(reader: FakeReader, identifier: int) -> None:
    """Wait until a pair was read ahead."""
    async with asyncio.timeout(10):
        while reader.ahead[-1:] != [identifier]:
            await asyncio.sleep(0.005)


async def test_a_cursor_at_rest_has_its_pair_read_and_a_pair_the_one_that_comes_next() -> None:
    reader = FakeReader()
    async with browser(reader).run_test() as pilot:
        await press(pilot, "G", "enter", "j", "j")
        standing = pairs_screen(pilot).pair_list.identifier
        here, after, before = standing(), standing(3), standing(1)
        assert here is not None
        assert after is not None
        assert before is not None
        await ahead(reader, here)
        await press(pilot, "enter")
        await ahead(reader, after)
        await press(pilot, "]", "[")  # on the way back the one before is
        await ahead(reader, before)


@dataclass
class SlowReader(FakeReader):
    """Reads no pair until it may."""

    may: threading.Event = field(default_factory=threading.Event)

    def pair(self, identifier: int) -> PairDetail:
        self.may.wait(30)
        return super().pair(identifier)


async def test_a_pair_that_is_long_in_coming_is_never_drawn_in_place_of_a_later_one() -> None:
    reader = SlowReader()
    async with browser(reader).run_test() as pilot:
        await press(pilot, "G", "enter")
        await pilot.press("enter")
        async with asyncio.timeout(10):
            while text_of(pilot, "state") != "reading …":
                await pilot.pause(0.01)
        await pilot.press("]")
        await pilot.press("]")
        reader.may.set()
        await settle(pilot)
        screen = pair_screen(pilot)
        assert screen.shown is not None
        assert screen.shown.detail.pair.id == IDS[2]
        assert text_of(pilot, "place").split()[-1].startswith("3/")
