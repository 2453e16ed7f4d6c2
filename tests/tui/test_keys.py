"""One registry of keys: bindings, footer, help, palette and README say the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.dom import DOMNode

from tests.tui.driving import browser, page_text, press, settle, text_of
from tui.keys import (
    ACTIONS,
    MAIN,
    MARKS,
    Place,
    actions,
    bindings,
    footer,
    help_lines,
    hints,
    keys_markdown,
)
from tui.screens.base import PLACE
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
    if place not in MAIN:
        assert len(hints(place)) <= 80 - PLACE
        return
    shown = footer(place, 80 - PLACE)
    assert len(shown) <= 80 - PLACE
    left_out = [action.name for action in actions(place) if action.in_footer]
    left_out = [name for name in left_out if name not in _named(place, shown)]
    assert set(left_out) <= {"next_section", "quit"}, "esc and ? are said everywhere"


@pytest.mark.parametrize("place", MAIN)
def test_a_wider_footer_says_more_and_a_narrow_one_cuts_no_word(place: Place) -> None:
    said = {width: footer(place, width).split("  ") for width in (44, 64, 104, 184)}
    told = {action.told for action in actions(place)}
    for width, hinted in said.items():
        assert set(hinted) <= told
        assert len("  ".join(hinted)) <= width
    assert len(said[44]) <= len(said[64]) <= len(said[104]) <= len(said[184])
    ends = [hint for hint in said[184] if hint in ("esc back", "? help", "q quit")]
    assert said[184][-len(ends) :] == ends


def _named(place: Place, shown: str) -> set[str]:
    """The actions that a footer says."""
    return {action.name for action in actions(place) if action.told in shown.split("  ")}


def test_each_digit_is_a_mark() -> None:
    marked = {action.keys[0] for action in ACTIONS if action.method == "action_mark"}
    assert marked == {*MARKS, "0"}


async def test_footer_and_help_list_the_actions_of_their_screen() -> None:
    async with browser().run_test(size=(100, 50)) as pilot:
        await settle(pilot)
        places: tuple[Place, ...] = ("overview", "pairs", "pair")
        for place in places:
            assert text_of(pilot, "hints") == footer(place, 100 - PLACE)
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
