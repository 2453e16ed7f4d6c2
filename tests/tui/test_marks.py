"""Everybody's marks side by side: counts, agreement, and the pairs on which users differ."""

from __future__ import annotations

from tests.tui.driving import browser, page_text, pair_screen, press, settle, text_of
from tests.tui.fakes import FakeReader
from tui.screens.marks import MarksScreen

FIRST = 1 << 40


def _reader() -> FakeReader:
    """Row 0 is outvoted (the PM prefers chosen), row 8 pm-wrong: one mark agrees, one does not."""
    reader = FakeReader()
    reader.mark(FIRST, "clear", hidden=True)
    reader.mark(FIRST + 8, "clear", hidden=True)
    reader.mark(FIRST + 1, "[b]odd[/b]")
    reader.note(FIRST + 1, "why?")
    reader.others["ana"] = {FIRST: ("clear", None), FIRST + 8: ("label wrong", None)}
    return reader


async def test_counts_agreement_and_differences() -> None:
    async with browser(_reader()).run_test(size=(100, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "t")
        assert isinstance(pilot.app.screen, MarksScreen)
        page = page_text(pilot)
        rows = {line.split()[0]: line.split() for line in page.splitlines() if line.strip()}
        # clear, unclear, label wrong, interesting, exclude, other, notes, blind
        assert rows["ana"][1:9] == ["1", "0", "1", "0", "0", "0", "0", "0"]
        assert "me: 1 of 2 alike  50%" in page
        assert "by verdict on url" in page
        assert "O:1 W:1" in page
        assert "me · ana" in page
        assert "fake.jsonl:test:8  me: clear · ana: label wrong" in page


async def test_a_pair_marked_differently_opens_and_the_page_follows_its_new_mark() -> None:
    async with browser(_reader()).run_test(size=(100, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "t", "enter")
        assert pair_screen(pilot).triaged() == FIRST + 8
        await press(pilot, "3", "escape")
        assert "marked differently · 0" in page_text(pilot)
        await press(pilot, "enter")
        assert "No pair was marked differently" in text_of(pilot, "state")


async def test_what_others_said_stands_in_the_pair_s_head() -> None:
    reader = _reader()
    reader.others["ana"][FIRST] = ("label wrong", "[sic]")
    async with browser(reader).run_test(size=(100, 40)) as pilot:
        await press(pilot, "enter", "enter")
        assert "ana: label wrong “[sic]”" in text_of(pilot, "title")
        await press(pilot, "b", "0", "[")
        assert "ana" not in text_of(pilot, "title"), "hidden with the rest until it is marked"
        assert "hidden until you mark" in text_of(pilot, "title")


async def test_blind_mode_tells_nothing_of_pairs_still_to_be_marked() -> None:
    reader = _reader()
    reader.others["bob"] = {FIRST + 3: ("clear", None)}
    reader.others["ana"][FIRST + 3] = ("exclude", None)
    async with browser(reader).run_test(size=(100, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "t")
        assert "marked differently · 2" in page_text(pilot)
        await press(pilot, "escape", "enter", "b", "t")
        assert "marked differently · 1" in page_text(pilot)
        await press(pilot, "w")
        assert isinstance(pilot.app.screen, MarksScreen)
        assert "a file would tell what is hidden" in text_of(pilot, "state")


async def test_without_marks_it_says_how_to_make_some() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "t")
        await press(pilot, "w", "enter")
        assert "nothing to write from" in text_of(pilot, "state")
        for hint in ("1 to 5 mark it", "z draws", "b hides", "outvoted import triage FILE"):
            assert hint in page_text(pilot)


async def test_marks_are_counted_on_the_overview_and_above_the_list() -> None:
    async with browser(_reader()).run_test(size=(100, 40)) as pilot:
        await settle(pilot)
        assert "you marked clear 2, other 1" in page_text(pilot)
        await press(pilot, "enter")
        assert "2 marked: 1:2" in text_of(pilot, "title")
        await press(pilot, "3")
        assert "2 marked: 1:1 3:1" in text_of(pilot, "title")
        await press(pilot, "escape")
        assert "label wrong 1" in page_text(pilot)
