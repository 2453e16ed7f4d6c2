"""The first frame: from the snapshot alone, with nothing heavy imported and nothing opened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.cache.records import Overview
from engine.errors import UserError
from tests.tui.driving import browser, page_text, press, settle, text_of
from tests.tui.fakes import OVERVIEW, FakeReader
from tui.app import OutvotedApp

_HEAVY = ("torch", "transformers", "datasets", "duckdb", "numpy", "pyarrow")
_FIRST_FRAME = """
import asyncio, sys
from tests.tui.fakes import OVERVIEW, FakeReader
from tui.app import OutvotedApp

seen = {}

def open_reader():
    seen["heavy"] = [name for name in HEAVY if name in sys.modules]
    seen["frame"] = "url" in app.screen._compositor.render_strips().__repr__()
    return FakeReader()

app = OutvotedApp(OVERVIEW, open_reader, None, None)

async def main():
    async with app.run_test() as pilot:
        while not seen:
            await pilot.pause(0.01)
        await pilot.press("q")

asyncio.run(main())
assert seen == {"heavy": [], "frame": True}, seen
ahead = ("numpy", "duckdb")  # of the next screens, once the overview stands
late = [name for name in HEAVY if name in sys.modules and name not in ahead]
assert not late, late
"""


def test_the_first_frame_stands_before_anything_heavy_is_imported_or_opened() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FIRST_FRAME.replace("HEAVY", repr(_HEAVY))],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


_LATER = (
    "engine.cache.pair_records",
    "engine.cache.reader",
    "engine.filters",
    "engine.live.edit",
    "engine.presets",
)


def test_what_the_first_frame_does_not_show_is_imported_after_it() -> None:
    loaded = f"sorted(set({_LATER!r}) & sys.modules.keys())"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, tui.cli.browse, tui.app; print({loaded})"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "[]\n"


async def test_the_snapshot_is_replaced_by_what_the_index_says() -> None:
    stale = Overview("fake", 3, None, (), ())
    async with browser(snapshot=stale).run_test() as pilot:
        assert "3 pairs" in text_of(pilot, "title")
        await settle(pilot)
        assert "60 pairs" in text_of(pilot, "title")


async def test_without_an_index_the_screen_says_how_to_make_one() -> None:
    def open_reader() -> FakeReader:
        raise UserError("there is no index", todo="Make one: outvoted index FILE")

    app = OutvotedApp(None, open_reader, None, None)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "outvoted index FILE" in page_text(pilot)
        assert text_of(pilot, "state").startswith("! there is no index.")
        await press(pilot, "j", "G", "enter")
        assert "no pair to open" in text_of(pilot, "state")


class _WithoutRun(FakeReader):
    def overview(self) -> Overview:
        return Overview("fake", 60, None, (), OVERVIEW.tranches)


async def test_without_a_run_the_screen_says_how_to_make_one() -> None:
    reader = _WithoutRun()
    app = OutvotedApp(reader.overview(), lambda: reader, None, None)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "outvoted score" in page_text(pilot)
        await press(pilot, "enter", "enter", "r")
        assert "no PM to ask" in text_of(pilot, "state")


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_the_overview_says_where_shares_are_withheld_and_verdicts_limited(
    size: tuple[int, int],
) -> None:
    async with browser().run_test(size=size) as pilot:
        await settle(pilot)
        lines = page_text(pilot).splitlines()
        url, unheld, doubtful = (
            next(i for i, line in enumerate(lines) if line.startswith(name))
            for name in ("url", "dont-know", "pleasure")
        )
        assert "17% outvoted" in lines[url + 1]
        assert "100% followed" in lines[url + 2]
        assert "not held by this PM" in lines[unheld]
        counted = "\n".join(lines[unheld:doubtful])
        assert "O:4" in counted
        assert "%" not in counted
        assert "undetermined" in lines[doubtful]
        assert "about these features, not the heuristic" in lines[doubtful + 1]


def test_textual_is_loaded_only_once_its_settings_are_made() -> None:
    code = "import sys, tui.cli.browse; print('textual' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n", "a key would wait for one of 60 frames a second"
