"""Blind mode: read, mark, and only then see what the PM and the features did."""

from __future__ import annotations

from pathlib import Path

from engine.cache.records import Query
from engine.filters import parse
from engine.verdict import Verdict
from tests.tui.driving import browser, page_text, pair_screen, pairs_screen, press, settle, text_of
from tests.tui.fakes import DETAILS, FakeReader, FakeRescorer, make_row
from tui.widgets.covered import covered_detail, covered_query, covered_row

LEADS_TO_FIGURES = ("e", "a", "L", "c", "v", "w")


async def test_the_list_hides_verdict_and_figures_until_a_pair_is_marked() -> None:
    reader = FakeReader()
    async with browser(reader).run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter", "b")
        screen = pairs_screen(pilot)
        assert "blind" in text_of(pilot, "title")
        hidden = screen.pair_list.row(0)
        assert hidden is not None
        assert hidden.hidden
        assert (hidden.margin, hidden.effect, hidden.opposer) == (None, None, None)
        await press(pilot, "1")
        shown = screen.pair_list.row(0)
        assert shown is not None
        assert not shown.hidden
        assert shown.margin is not None
        assert reader.blind == {shown.id}
        assert "it was: url O outvoted/e · margin +0.400" in text_of(pilot, "state")
        await press(pilot, "b", "1")
        assert reader.blind == {shown.id}, "a mark made with the figures in view is not blind"


async def test_the_pair_shows_its_texts_alone_and_measures_nothing() -> None:
    reader = FakeReader()
    async with browser(reader).run_test(size=(100, 40)) as pilot:
        await press(pilot, "enter", "b", "enter")
        assert "outvoted" not in text_of(pilot, "title")
        assert "+0.4" not in text_of(pilot, "title")
        assert "#24651" not in page_text(pilot)
        assert "for more, or ask question 0" in page_text(pilot)
        assert "hidden until you mark the pair" in page_text(pilot)
        assert "unmeasured" not in page_text(pilot), "that would be untrue"
        await press(pilot, "r")
        assert "Hidden until you mark the pair" in text_of(pilot, "state")
        for key in LEADS_TO_FIGURES:
            await press(pilot, key)
            pair_screen(pilot)
        await press(pilot, "y")
        assert "outvoted" not in pilot.app.clipboard
        await press(pilot, "3", "[")
        assert "outvoted" in text_of(pilot, "title")
        assert "mark: label wrong" in text_of(pilot, "title")
        await press(pilot, "]", "b")
        assert "W pm-wrong" in text_of(pilot, "title"), "b shows what it hid"


async def test_a_mark_that_is_taken_back_hides_the_pair_again() -> None:
    async with browser().run_test(size=(100, 40)) as pilot:
        await press(pilot, "enter", "b", "1", "u")
        row = pairs_screen(pilot).pair_list.row(0)
        assert row is not None
        assert row.hidden


async def test_blind_mode_comes_back_with_the_session(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    async with browser(session=path).run_test() as pilot:
        await press(pilot, "enter", "b", "enter", "q")
    async with browser(session=path).run_test() as pilot:
        await settle(pilot)
        shown = pair_screen(pilot).shown
        assert shown is not None
        assert shown.detail.hidden
        await press(pilot, "escape", "escape", "q")
    async with browser(session=path).run_test() as pilot:
        await press(pilot, "enter")
        assert pairs_screen(pilot).pair_list.blind, "also when the overview was left last"


def test_nothing_measured_is_left_of_a_covered_pair() -> None:
    """Whatever a record comes to hold: beside names, texts and triage it must be empty here."""
    said = {"id", "label", "tranche", "kind", "before", "match", "after", "mark", "hidden", "seen"}
    kept = {"pair", "run", "mark", "note", "hidden", "seen"}
    for detail in DETAILS.values():
        row, covered = covered_row(make_row(detail, None)), covered_detail(detail)
        for name in set(row.__slots__) - said - {"verdict"}:
            assert not getattr(row, name), name
        for name in set(covered.__slots__) - kept:
            assert not getattr(covered, name), name


async def test_no_order_facet_or_filter_tells_what_is_hidden() -> None:
    """A list of the outvoted alone, or by margin, says what each of its lines hides."""
    reader = FakeReader()
    async with browser(reader).run_test(size=(80, 40)) as pilot:
        await press(pilot, "enter", "s", "b")
        assert "sort row" in text_of(pilot, "title"), "the order by margin ends"
        await press(pilot, "s")
        assert "sort row" in text_of(pilot, "title")
        assert "tells what was measured" in text_of(pilot, "state")
        await press(pilot, "F")
        assert "verdicts" not in page_text(pilot)
        assert "kind" in page_text(pilot)
        await press(pilot, "escape", "b", "s")
        assert "sort margin" in text_of(pilot, "title")


def test_what_a_covered_list_may_ask() -> None:
    def kept(text: str) -> bool:
        return covered_query(Query(filter=parse(text))).filter is not None

    assert kept('text~"sorry" tranche=a kind=conforming mark=none row<10')
    for text in (
        "margin>2",
        "verdict=outvoted",
        "feature:3>0",
        "not label-suspect=yes",
        "by=error",
    ):
        assert not kept(text)
        assert not kept(f'text~"sorry" or {text}')
    bare = covered_query(Query(verdicts=frozenset({Verdict.TIE}), suspect="yes", sort="vote"))
    assert bare == Query()


async def test_compare_and_a_feature_tell_of_marked_pairs_alone() -> None:
    """Their lines have figures of single pairs: those still to be marked are not among them."""
    reader = FakeReader()
    async with browser(reader).run_test(size=(120, 60)) as pilot:
        await press(pilot, "enter", "b", "1", "escape", "c")
        (marked,) = reader.marks()
        name = f"test:{DETAILS[marked].pair.name.row} "
        assert [line for line in page_text(pilot).splitlines() if "test:" in line and "→" in line]
        shown = [line for line in page_text(pilot).splitlines() if "→" in line and "test:" in line]
        assert len(shown) == 1
        assert name in shown[0]
        assert "still to be marked" in page_text(pilot)
        await press(pilot, "escape", "F")
        hits = [line for line in page_text(pilot).splitlines() if "test:" in line]
        assert all(name in line for line in hits)
        assert "still to be marked" in page_text(pilot)


async def test_the_lab_measures_no_pair_that_is_still_to_be_marked() -> None:
    async with browser().run_test(size=(100, 40)) as pilot:
        await press(pilot, "enter", "b", "1", "k", "L", "t", "r")
        assert "Blind: its results would tell what is hidden" in text_of(pilot, "state")
        await press(pilot, "t", "r")
        assert "queued" in text_of(pilot, "state"), "all pairs of a mark are marked"


async def test_what_is_taken_back_on_the_last_pair_is_hidden_again() -> None:
    """The mark does not move on from it, and so it is taken back where it stands."""
    async with browser().run_test(size=(100, 40)) as pilot:
        await press(pilot, "enter", "b", "G", "enter", "1")
        assert "mark: clear" in text_of(pilot, "title")
        await press(pilot, "u")
        shown = pair_screen(pilot).shown
        assert shown is not None
        assert shown.detail.hidden


async def test_a_measurement_does_not_show_what_is_hidden_by_then() -> None:
    rescorer = FakeRescorer(wait=0.1)
    async with browser(rescorer=rescorer).run_test(size=(100, 40)) as pilot:
        await press(pilot, "enter", "b", "G", "enter", "1")
        await pilot.press("r")
        await press(pilot, "0")
        shown = pair_screen(pilot).shown
        assert rescorer.edits
        assert shown is not None
        assert shown.detail.hidden
