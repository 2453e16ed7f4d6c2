"""The list: virtual, filtered, searched, sorted, marked."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.strip import Strip

from engine.cache.records import SORT_KEYS, Query
from engine.errors import UserError
from engine.verdict import Verdict
from tests.tui.driving import browser, page_text, pairs_screen, press, settle, text_of
from tests.tui.fakes import DETAILS, FakeReader, make_row
from tui.widgets.pair_line import pair_line
from tui.widgets.pair_list import PAGE, PairList

ROW = make_row(next(iter(DETAILS.values())), None)


class ListApp(App[None]):
    """A list of its own, that writes down what it asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.needs: list[PairList.Needs] = []

    def compose(self) -> ComposeResult:
        yield PairList()

    def on_pair_list_needs(self, message: PairList.Needs) -> None:
        self.needs.append(message)


async def test_a_list_of_160_000_pairs_asks_for_the_rows_in_view() -> None:
    app = ListApp()
    async with app.run_test(size=(80, 24)) as pilot:
        found = app.query_one(PairList)
        found.show(np.arange(160_000))
        await pilot.pause()
        assert [len(need.wanted.ids) for need in app.needs] == [24]
        found.select(159_999)
        await pilot.pause()
        pages = app.needs[-1].wanted.pages
        assert pages[-1] == 159_999 // PAGE
        assert len(pages) * PAGE <= 24 + PAGE
        assert found.scroll_offset.y == 160_000 - 24


async def test_rows_for_an_earlier_list_are_dropped() -> None:
    app = ListApp()
    async with app.run_test(size=(80, 24)) as pilot:
        found = app.query_one(PairList)
        found.show(np.arange(100))
        await pilot.pause()
        stale = app.needs[-1].wanted
        found.show(np.arange(500, 600))
        await pilot.pause()
        fresh = app.needs[-1].wanted
        rows = tuple(replace(ROW, id=int(i)) for i in stale.ids)
        found.put(stale.request, stale.pages, rows)
        assert found.row() is None
        found.put(fresh.request, fresh.pages, tuple(replace(ROW, id=int(i)) for i in fresh.ids))
        row = found.row()
        assert row is not None
        assert row.id == 500


async def test_the_cursor_turns_the_page_at_the_edge_and_moves_one_line_within_it() -> None:
    app = ListApp()
    async with app.run_test(size=(80, 24)) as pilot:
        found = app.query_one(PairList)
        found.show(np.arange(100))
        await pilot.pause()
        found.select(23)
        assert found.scroll_offset.y == 0
        found.select(24)
        assert found.scroll_offset.y == 24
        found.select(23)
        assert found.scroll_offset.y == 0


@given(before=st.text(max_size=90), match=st.text(max_size=30), width=st.integers(60, 220))
def test_a_line_fills_its_width_exactly_whatever_it_holds(
    before: str, match: str, width: int
) -> None:
    row = replace(ROW, before=before, match=match, after=before, label=match)
    line = pair_line(row, width)
    assert cell_len(line) == width
    assert "\n" not in line
    assert "\x1b" not in line


async def test_sort_goes_through_every_figure_and_round() -> None:
    async with browser().run_test() as pilot:
        await press(pilot, "enter")
        seen = []
        for _ in SORT_KEYS:
            seen.append(pairs_screen(pilot).asked.sort)
            await press(pilot, "s")
        assert tuple(seen) == SORT_KEYS
        assert pairs_screen(pilot).asked.sort == "row"


async def test_the_cursor_stays_on_its_pair_when_the_order_changes() -> None:
    async with browser().run_test() as pilot:
        await press(pilot, "enter", "j", "j")
        pair = pairs_screen(pilot).pair_list.identifier()
        await press(pilot, "S")
        assert pairs_screen(pilot).pair_list.identifier() == pair
        assert pairs_screen(pilot).pair_list.cursor == 12 - 3


async def test_every_pair_of_the_index_is_one_line_below_the_heuristics() -> None:
    async with browser().run_test() as pilot:
        await press(pilot, "G", "enter")
        assert pairs_screen(pilot).asked == Query(kind=None)
        assert "60 pairs" in text_of(pilot, "title")
        await press(pilot, "F")
        headings = page_text(pilot).splitlines()
        assert "tranche" in headings
        assert not {"kind", "verdicts (none set: all)"} & set(headings), "no heuristic, no verdict"


def test_a_list_of_every_pair_calls_nothing_unmeasured() -> None:
    every = replace(ROW, kind=None, verdict=Verdict.UNMEASURED, margin=1.5)
    assert pair_line(every, 80).split()[:2] == ["·", "+1.500"]
    assert "unmeasured" in pair_line(replace(every, kind="conforming"), 80)


async def test_an_empty_list_says_what_to_do() -> None:
    async with browser().run_test() as pilot:
        await press(pilot, "enter", "/", *"no such text", "enter")
        assert "f changes the filter" in text_of(pilot, "state")
        for key, said in {
            "1": "no pair here to mark",
            "m": "no pair here to note",
            "y": "no pair here to copy",
            "Y": "no pair here to copy",
            "w": "no pair to write",
            "L": "No pair stands here",
        }.items():
            await press(pilot, "enter", "j", key)
            assert said in text_of(pilot, "state"), key
        assert "0 pairs" in text_of(pilot, "title")


async def test_marks_are_written_shown_taken_back_and_filtered_by() -> None:
    reader = FakeReader()
    async with browser(reader).run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter", "1", "3", "k", "0")
        first, second = (pairs_screen(pilot).pair_list.identifier(i) for i in (0, 1))
        assert [(i, mark) for i, mark, _ in reader.written] == [
            (first, "clear"),
            (second, "label wrong"),
            (second, None),
        ]
        row = pairs_screen(pilot).pair_list.row(0)
        assert row is not None
        assert row.mark == "clear"
        # Behind the marks: no mark, eight lines of the label, four of the PM's training.
        await press(pilot, "F", "G", *"k" * 17, "space", "enter")
        assert pairs_screen(pilot).asked.marks == {"clear"}
        assert "· 1 pair · 1 marked" in text_of(pilot, "title")


async def test_a_note_is_written_from_the_list_and_a_mark_keeps_it() -> None:
    reader = FakeReader()
    async with browser(reader).run_test() as pilot:
        await press(pilot, "enter", "m", *"look again", "enter")
        pair = pairs_screen(pilot).pair_list.identifier()
        assert reader.written == [(pair, None, "look again")]
        await press(pilot, "2")
        assert reader.written[-1] == (pair, "unclear", "look again")


async def test_u_takes_back_the_last_mark_and_goes_to_its_pair() -> None:
    reader = FakeReader()
    async with browser(reader).run_test() as pilot:
        await press(pilot, "enter", "u")
        assert "nothing to take back" in text_of(pilot, "state")
        await press(pilot, "1", "3", "G", "u")
        screen = pairs_screen(pilot)
        assert screen.pair_list.cursor == 1
        assert reader.marks() == {screen.pair_list.identifier(0): "clear"}
        assert "is unmarked again" in text_of(pilot, "state")
        await press(pilot, "u", "u")
        assert reader.marks() == {}
        assert "nothing to take back" in text_of(pilot, "state")


async def test_esc_leaves_the_filter_and_the_search_as_they_were() -> None:
    async with browser().run_test() as pilot:
        await press(pilot, "enter")
        before = pairs_screen(pilot).asked
        await press(pilot, "F", "j", "space", "escape", "f", "x", "escape", "/", "x", "escape")
        assert pairs_screen(pilot).asked == before


async def test_a_question_the_index_cannot_answer_is_said_in_place() -> None:
    reader = FakeReader(failing=UserError("it was removed", where="index", todo="Index again."))
    async with browser(reader).run_test() as pilot:
        await press(pilot, "enter")
        assert text_of(pilot, "state") == "! index: it was removed. Index again."


async def test_yank_goes_to_a_file_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    app = browser(session=tmp_path / "session.json")
    async with app.run_test(size=(200, 50)) as pilot:
        await press(pilot, "G", "enter", "j", "j", "j", "y")
        file = tmp_path / "yank.txt"
        assert str(file) in text_of(pilot, "state")
        assert file.read_text().startswith("test:3\tharmless-base\tO outvoted/f\t+0.460")
        assert app.clipboard == file.read_text()
        await press(pilot, "Y")
        assert "--- rejected" in file.read_text()
        assert "\x1b" not in file.read_text()  # it may be pasted into a shell


async def test_settled_rows_are_all_there() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await press(pilot, "G", "enter", "G")
        await settle(pilot)
        row = pairs_screen(pilot).pair_list.row()
        assert row is not None
        assert row.label == "test:59"


async def test_what_a_pair_drew_is_let_go_of_when_it_is_left() -> None:
    """Hours of reading hold no more than the first minute."""

    def strips() -> int:
        gc.collect()
        return sum(type(held) is Strip for held in gc.get_objects())

    async with browser().run_test(size=(80, 24)) as pilot:
        await press(pilot, "G", "enter", "enter", "escape")
        before = strips()
        await press(pilot, *(["enter", "escape"] * 4))
        assert strips() - before < 24  # less than one screen of lines
