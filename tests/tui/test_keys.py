"""One registry of keys: bindings, footer, help, palette and README say the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.dom import DOMNode

from tests.tui.driving import browser, page_text, press, settle, text_of
from tui.keys import ACTIONS, MARKS, Place, actions, bindings, help_lines, hints, keys_markdown
from tui.screens.compare import CompareScreen
from tui.screens.discovery import DiscoveryScreen
from tui.screens.editing import EditScreen
from tui.screens.facets import FacetScreen
from tui.screens.feature import FeatureScreen
from tui.screens.filter_line import FilterLine
from tui.screens.help import HelpScreen
from tui.screens.lab import LabScreen
from tui.screens.marks import MarksScreen
from tui.screens.messages import MessagesScreen
from tui.screens.new_pattern import NewPattern
from tui.screens.overview import OverviewScreen
from tui.screens.pair import PairScreen
from tui.screens.pairs import PairsScreen
from tui.screens.palette import Actions
from tui.screens.plots import PlotsScreen
from tui.screens.prompt import Prompt
from tui.screens.runs import RunsScreen
from tui.screens.sorting import SortScreen

SCREENS: dict[Place, type[DOMNode]] = {
    "overview": OverviewScreen,
    "pairs": PairsScreen,
    "pair": PairScreen,
    "lab": LabScreen,
    "marks": MarksScreen,
    "feature": FeatureScreen,
    "compare": CompareScreen,
    "runs": RunsScreen,
    "plots": PlotsScreen,
    "discovery": DiscoveryScreen,
    "facets": FacetScreen,
    "sorting": SortScreen,
    "filter": FilterLine,
    "pattern": NewPattern,
    "edit": EditScreen,
    "prompt": Prompt,
    "help": HelpScreen,
    "messages": MessagesScreen,
}
# ctrl+a, ctrl+b and ctrl+s belong to screen, tmux and flow control; alt and ctrl+enter do not
# arrive everywhere.
_AVOIDED = {"ctrl+a", "ctrl+b", "ctrl+s", "ctrl+enter"}


@pytest.mark.parametrize("place", SCREENS)
def test_a_screen_binds_what_the_registry_says_and_can_do_it(place: Place) -> None:
    screen = SCREENS[place]
    assert list(vars(screen)["BINDINGS"]) == bindings(place)
    for action in actions(place):
        assert callable(getattr(screen, action.method, None)), (place, action.name)


@pytest.mark.parametrize("place", SCREENS)
def test_no_key_does_two_things_on_one_screen(place: Place) -> None:
    keys = [key for action in actions(place) for key in action.keys]
    assert len(keys) == len(set(keys))


def test_every_action_has_a_screen_a_key_and_words() -> None:
    for action in ACTIONS:
        assert set(action.places) <= set(SCREENS)
        assert action.places
        assert action.keys
        assert action.label
        assert action.help.endswith(".")
        assert not _AVOIDED & set(action.keys)
        assert not any(key.startswith("alt+") for key in action.keys)


@pytest.mark.parametrize("place", SCREENS)
def test_the_footer_fits_80_columns_beside_the_place_in_the_list(place: Place) -> None:
    assert len(hints(place)) <= 80 - 16


def test_each_digit_is_a_mark() -> None:
    marked = {action.keys[0] for action in ACTIONS if action.method == "action_mark"}
    assert marked == {*MARKS, "0"}


async def test_footer_and_help_list_the_actions_of_their_screen() -> None:
    async with browser().run_test(size=(100, 50)) as pilot:
        await settle(pilot)
        places: tuple[Place, ...] = ("overview", "pairs", "pair")
        for place in places:
            assert text_of(pilot, "hints") == hints(place)
            await press(pilot, "?")
            shown = page_text(pilot)
            for keys, what in help_lines(place):
                assert keys in shown
                assert what in shown
            await press(pilot, "escape")
            await press(pilot, "enter")


async def test_the_palette_offers_the_registry_and_nothing_else() -> None:
    async with browser().run_test() as pilot:
        await press(pilot, "enter")
        offered = [hit.text async for hit in Actions(pilot.app.screen).discover() if hit.text]
        assert len(offered) == len(actions("pairs"))
        for action, text in zip(actions("pairs"), offered, strict=True):
            assert text.startswith(action.label)
        assert [key.__name__ for key in pilot.app.COMMANDS] == ["_actions"]


async def test_the_palette_runs_what_is_chosen() -> None:
    async with browser().run_test() as pilot:
        await press(pilot, "enter", ":", *"reverse")
        await pilot.pause(0.3)
        await press(pilot, "enter")
        await pilot.pause(0.3)
        screen = next(s for s in pilot.app.screen_stack if isinstance(s, PairsScreen))
        assert screen.asked.descending


def test_the_readme_has_the_key_table() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert keys_markdown() in readme
