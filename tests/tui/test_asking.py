"""Asking a list: the filter line, facets, search, order, and patterns typed on the overview."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from engine.cache.pair_records import Cell, Found
from engine.cache.records import Query
from engine.filters import Among, Compare, parse
from engine.heuristics import Heuristic
from engine.verdict import Verdict
from tests.tui.driving import browser, page_text, pairs_screen, press, settle, text_of
from tests.tui.fakes import DETAILS, OVERVIEW, PAIRS, FakeReader
from tui.screens.facets import count, facets
from tui.screens.overview import OverviewScreen
from tui.screens.pairs import PairsScreen
from tui.widgets.pair_list import PairList


def typed(pilot: Pilot[None]) -> str:
    return pilot.app.screen.query_one(Input).value


async def write(pilot: Pilot[None], text: str) -> None:
    """Paste into the line: a key at a time takes a test seconds."""
    pilot.app.screen.query_one(Input).insert_text_at_cursor(text)
    await settle(pilot)


# The filter line.


async def test_a_filter_is_completed_as_it_is_typed_and_keeps_its_pairs() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await press(pilot, "G", "enter", "f")
        await write(pilot, "verd")
        assert "verdict" in text_of(pilot, "candidates")
        await press(pilot, "tab", "=")
        await write(pilot, "ou")
        assert "outvoted             the features vote as predicted" in text_of(pilot, "candidates")
        await press(pilot, "tab")
        assert typed(pilot) == "verdict=outvoted"
        await press(pilot, "space")
        await write(pilot, "margin>0.9")
        await press(pilot, "enter")
        screen = pairs_screen(pilot)
        assert screen.asked.filter == parse("verdict=outvoted margin>0.9")
        places = range(len(screen.pair_list))
        kept = [DETAILS[screen.pair_list.identifier(place) or 0] for place in places]
        assert kept
        assert all(detail.margin is not None and detail.margin > 0.9 for detail in kept)
        assert "verdict=outvoted margin>0.9" in text_of(pilot, "title")


async def test_candidates_are_walked_through_and_round() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await press(pilot, "G", "enter", "f")
        await write(pilot, "kind=")
        await press(pilot, "down", "tab")
        assert typed(pilot) == "kind=conforming"
        await press(pilot, *["backspace"] * 10, "up", "tab")
        assert typed(pilot) == "kind=conforming"


async def test_a_mistake_is_pointed_at_and_the_line_stays() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await press(pilot, "G", "enter", "f")
        await write(pilot, "margin>2 verdict=outvotd ")
        complaint = text_of(pilot, "complaint")
        assert complaint.index("^") == len("margin>2 verdict=")
        assert 'column 18: "outvotd" is no verdict' in complaint
        await press(pilot, "enter")
        assert pilot.app.screen.query_one(Input).cursor_position == len("margin>2 verdict=")
        await press(pilot, *["delete"] * 8)
        await write(pilot, "tie")
        await press(pilot, "enter")
        assert pairs_screen(pilot).asked.filter == parse("margin>2 verdict=tie")


async def test_what_only_ends_too_early_is_no_mistake_until_it_is_entered() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await press(pilot, "G", "enter", "f")
        await write(pilot, "verdict=ou")
        assert text_of(pilot, "complaint") == ""
        await press(pilot, "ctrl+u")
        await write(pilot, "margin>")
        assert text_of(pilot, "complaint") == ""
        assert "a number" in text_of(pilot, "candidates")
        await press(pilot, "enter")
        assert "column 8" in text_of(pilot, "complaint")


async def test_an_empty_line_takes_the_filter_away_and_esc_leaves_it() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await press(pilot, "G", "enter", "f")
        await write(pilot, "row<3")
        await press(pilot, "enter")
        assert len(pairs_screen(pilot).pair_list) == 3
        await press(pilot, "f", "x", "escape")
        assert pairs_screen(pilot).asked.filter == Compare("row", "<", 3.0)
        await press(pilot, "f", *["backspace"] * 5, "enter")
        assert pairs_screen(pilot).asked.filter is None
        assert len(pairs_screen(pilot).pair_list) == PAIRS


async def test_markup_and_escapes_typed_into_the_line_are_shown_as_text() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await press(pilot, "G", "enter", "f")
        await write(pilot, 'text~"[bold]x[/]"')
        await press(pilot, "enter")
        assert 'text~"[bold]x[/]"' in text_of(pilot, "title")


# Facets.


async def test_facets_count_what_each_choice_would_keep() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter", "F")
        page = page_text(pilot)
        assert "≠ counterexamples                  12" in page
        assert "= conforming                        3" in page
        assert "O outvoted                          2" in page
        # Another kind: the verdicts are counted among its pairs.
        await press(pilot, "j", "space")
        assert "F followed                          3" in page_text(pilot)
        await press(pilot, "enter")
        assert pairs_screen(pilot).asked.kind == "conforming"


async def test_label_suspects_are_a_facet() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await press(pilot, "G", "enter", "F", "G", *"k" * 11, "space", "enter")
        assert pairs_screen(pilot).asked.suspect == "yes"
        assert len(pairs_screen(pilot).pair_list) == 6
        assert "label suspect" in text_of(pilot, "title")


def test_a_facet_s_own_choice_is_left_out_of_its_counts() -> None:
    cells = (
        Cell("counterexample", Verdict.OUTVOTED, "a", None, (), "seen", 5),
        Cell("counterexample", Verdict.TIE, "b", "clear", ("tied",), "unseen", 3),
        Cell("conforming", Verdict.FOLLOWED, "a", None, (), "unknown", 2),
    )
    found = facets(("a", "b"), ("clear",))
    query = Query(heuristic="url", verdicts=frozenset({Verdict.TIE}))
    counts = {
        choice.text: count(choice, facet, found, query, cells)
        for facet in found
        for choice in facet.choices
    }
    assert counts["T tie"] == 3
    assert counts["O outvoted"] == 5  # one more could be set: its pairs are there
    assert counts["F followed"] == 0  # conforming pairs are not listed
    assert (counts["a"], counts["b"], counts["seen"], counts["unseen"]) == (0, 3, 0, 3)
    assert (counts["clear"], counts["none"], counts["label suspect"]) == (3, 0, 3)


# Order and search.


async def test_the_figure_to_sort_by_is_picked_from_a_list_that_says_what_it_is() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter", "o")
        assert "reward of chosen less reward of rejected" in page_text(pilot)
        await press(pilot, "j", "j", "j", "enter")
        assert pairs_screen(pilot).asked.sort == "gap"
        await press(pilot, "o", "escape")
        assert pairs_screen(pilot).asked.sort == "gap"


@dataclass
class Searching(FakeReader):
    """A search that waits between its two halves until it is let on."""

    on: threading.Event = field(default_factory=threading.Event)

    def found(self, query: Query) -> Iterator[Found]:
        ids = self.ids(query)
        if query.text:
            yield Found(ids[:2], 10, complete=False)
            self.on.wait(5)
        yield Found(ids, PAIRS, complete=True)


async def test_a_search_s_first_rows_are_there_before_its_last() -> None:
    reader = Searching()
    async with browser(reader).run_test(size=(80, 24)) as pilot:
        await press(pilot, "G", "enter")
        await pilot.press("/", *"question", "enter")
        found = pairs_screen(pilot).pair_list
        while len(found) != 2:
            await pilot.pause(0.01)
        assert "10 pairs looked at" in text_of(pilot, "state")
        await pilot.press("j")  # the keys are alive
        assert found.cursor == 1
        second = found.identifier()
        reader.on.set()
        await settle(pilot)
        assert len(found) > 2
        assert found.identifier() == second  # the cursor stays on its pair
        assert text_of(pilot, "state") == ""


async def test_a_search_that_was_overtaken_shows_nothing() -> None:
    reader = Searching()
    async with browser(reader).run_test(size=(80, 24)) as pilot:
        await press(pilot, "G", "enter")
        await pilot.press("/", *"question", "enter")
        screen = next(s for s in pilot.app.screen_stack if isinstance(s, PairsScreen))
        while len(screen.pair_list) != 2:
            await pilot.pause(0.01)
        await pilot.press("/", *["backspace"] * 8, *"no such text", "enter")
        reader.on.set()
        await settle(pilot)
        assert screen.asked.text == "no such text"
        assert len(screen.query_one(PairList)) == 0


# A pattern typed on the overview.


async def test_a_new_pattern_is_counted_listed_and_kept() -> None:
    reader = FakeReader()
    async with browser(reader).run_test(size=(100, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "n")
        await write(pilot, "I'm sorry")
        await press(pilot, "f4", "f5", "enter")
        assert "chosen only 3, rejected only 2, both 1" in text_of(pilot, "state")
        made = Heuristic("im-sorry", "I'm sorry", scope="assistant", fold=True, direction="raises")
        assert reader.shown.heuristics[-1].heuristic == made
        assert "im-sorry  “I'm sorry”  raises" in page_text(pilot)
        await press(pilot, "w")
        assert reader.kept_heuristics == [made]
        assert "kept in heuristics.toml" in text_of(pilot, "state")
        await press(pilot, "enter")
        assert pairs_screen(pilot).asked.heuristic == "im-sorry"


async def test_counting_a_pattern_is_stopped_by_esc_and_leaves_the_overview_as_it_was() -> None:
    reader = FakeReader(endless=True)
    async with browser(reader).run_test(size=(100, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "n")  # esc is for nothing while nothing is counted
        await write(pilot, "sorry")
        await pilot.press("enter")
        while "esc stops it" not in text_of(pilot, "state"):
            await pilot.pause(0.01)
        await press(pilot, "escape")
        assert "“sorry” is not counted." in text_of(pilot, "state")
        assert reader.shown == OVERVIEW
        reader.endless = False
        await press(pilot, "n")
        await write(pilot, "sorry")
        await press(pilot, "enter")
        assert "chosen only 3" in text_of(pilot, "state")


async def test_a_faulty_pattern_is_told_while_the_line_stays() -> None:
    async with browser().run_test(size=(100, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "n", "f2")
        await write(pilot, "(sorry")
        await press(pilot, "enter")
        assert "no valid regular expression at character 0" in text_of(pilot, "complaint")
        await press(pilot, "end", ")", "enter")
        assert isinstance(pilot.app.screen, OverviewScreen)
        assert pilot.app.screen.selected == "sorry"


async def test_only_what_was_typed_is_kept() -> None:
    reader = FakeReader()
    async with browser(reader).run_test(size=(100, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "w")
        assert "typed with n" in text_of(pilot, "state")
        assert reader.kept_heuristics == []


async def test_filter_facets_order_and_patterns_come_back_with_the_session(tmp_path: Path) -> None:
    session = tmp_path / "session.json"
    async with browser(session=session).run_test(size=(100, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "n")
        await write(pilot, "library")
        await press(pilot, "enter", "g", "enter")
        screen = pairs_screen(pilot)
        screen.ask_again(
            replace(screen.asked, filter=Among("verdict", ("tie", "inert")), suspect="no")
        )
        await settle(pilot)
        await press(pilot, "o", "j", "enter", "q")
        left = screen.asked
    reader = FakeReader()
    async with browser(reader, session=session).run_test(size=(100, 24)) as pilot:
        await settle(pilot)
        assert pairs_screen(pilot).asked == left
        assert reader.shown.heuristics[-1].heuristic.pattern == "library"
