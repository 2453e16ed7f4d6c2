"""Messages that are called back, themes and mouse by choice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import UserError
from tests.tui.driving import browser, page_text, pairs_screen, press, settle, text_of
from tests.tui.fakes import OVERVIEW, FakeReader, FakeRescorer
from tests.tui.golden import screen_text
from tui.app import OutvotedApp
from tui.cli.browse import THEME_NAMES
from tui.messages import KEPT, Messages
from tui.screens.base import MainScreen
from tui.screens.overview import OverviewScreen
from tui.screens.pair import PairScreen
from tui.themes import THEMES


async def test_a_message_that_was_overwritten_is_called_back() -> None:
    reader = FakeReader(failing=UserError("it was removed", where="index", todo="Index again."))
    async with browser(reader).run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "!")
        assert "Nothing was said yet" in page_text(pilot)
        await press(pilot, "escape", "enter")
        reader.failing = None
        await press(pilot, "S", "u", "!")
        lines = page_text(pilot).splitlines()
        assert "nothing to take back" in lines[0]
        assert "! index: it was removed. Index again." in lines[1]
        assert len(lines) == 2, "what was merely under way is not kept"


async def test_a_long_message_has_the_lines_it_needs_and_gives_them_back() -> None:
    error = UserError("the worker is gone " * 6, where="ssh gpu1", todo="What to do stands last.")
    async with browser().run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert isinstance(pilot.app.screen, MainScreen)
        pilot.app.screen.complain(error)
        await settle(pilot)
        assert "stands last." in screen_text(pilot.app).splitlines()[22]
        await pilot.resize_terminal(200, 50)
        await settle(pilot)
        assert "the worker is gone" in screen_text(pilot.app).splitlines()[48]
        pilot.app.screen.say("")
        await settle(pilot)
        assert pilot.app.screen.query_one("#state").size.height == 1


async def test_a_measurement_s_ticking_is_not_kept() -> None:
    async with browser(rescorer=FakeRescorer(wait=60)).run_test() as pilot:
        await press(pilot, "enter", "enter")
        await pilot.press("r")
        await pilot.pause()
        assert "esc stops it" in text_of(pilot, "state")
        await press(pilot, "escape", "!")
        assert page_text(pilot).splitlines()[0].endswith("stopped; the stored figures are shown")


def test_only_so_many_messages_are_kept_and_none_twice() -> None:
    messages = Messages()
    for number in range(KEPT + 5):
        messages.keep(f"{number}")
        messages.keep(f"{number}")
    kept = [message.text for message in messages.newest_first()]
    assert kept[:2] == [f"{KEPT + 4}", f"{KEPT + 3}"]
    assert len(kept) == KEPT


async def test_themes_go_round_and_the_last_one_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    async with browser(session=path).run_test() as pilot:
        await settle(pilot)
        assert pilot.app.theme == "terminal"
        assert pilot.app.native_ansi_color, "sixteen colours are the terminal's own"
        seen = []
        for _ in THEMES:
            await press(pilot, "T")
            seen.append(pilot.app.theme)
        assert seen == ["dark", "light", "terminal"]
        await press(pilot, "T", "q")
    async with browser(session=path).run_test() as pilot:
        assert pilot.app.theme == "dark"
        assert not pilot.app.native_ansi_color
        await press(pilot, "enter", "enter")
        assert isinstance(pilot.app.screen, PairScreen)


def test_what_is_typed_goes_before_what_was_chosen_last(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    path.write_text(json.dumps({".preferences": {"theme": "dark", "mouse": True}}))
    kept = OutvotedApp(OVERVIEW, FakeReader, None, path)
    assert (kept.theme, kept.mouse) == ("dark", True)
    typed = OutvotedApp(OVERVIEW, FakeReader, None, path, theme="light", mouse=False)
    assert (typed.theme, typed.mouse) == ("light", False)


@pytest.mark.parametrize("entry", [None, [], {"theme": 7, "mouse": "yes"}, {"theme": "no such"}])
def test_broken_preferences_are_the_defaults(tmp_path: Path, entry: object) -> None:
    path = tmp_path / "session.json"
    path.write_text(json.dumps({".preferences": entry}))
    app = OutvotedApp(OVERVIEW, FakeReader, None, path)
    assert (app.theme, app.mouse) == ("terminal", False)


def test_the_command_line_offers_the_themes_there_are() -> None:
    assert tuple(THEMES) == THEME_NAMES


async def test_the_mouse_selects_opens_and_turns() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.click("#body", offset=(4, 4))  # the second heuristic's second line
        await settle(pilot)
        assert isinstance(pilot.app.screen, OverviewScreen)
        assert pilot.app.screen.selected == "dont-know"
        await pilot.click("#body", offset=(4, 4))
        await settle(pilot)
        screen = pairs_screen(pilot)
        assert screen.asked.heuristic == "dont-know"
        await pilot.click("#body", offset=(4, 2))
        assert screen.pair_list.cursor == 2
        await pilot.click("#body", offset=(4, 20))  # below the last row
        assert screen.pair_list.cursor == 2
        await pilot.click("#body", offset=(4, 2))
        await settle(pilot)
        assert isinstance(pilot.app.screen, PairScreen)
