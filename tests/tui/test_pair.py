"""One pair: read, searched, triaged, measured afresh; whatever its texts hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UserError
from engine.plain import plain
from tests.tui.driving import browser, page_text, pair_screen, press, settle, text_of
from tests.tui.fakes import DETAILS, HOSTILE, FakeReader, FakeRescorer, make_detail
from tui.screens.editing import apply_change
from tui.screens.pair_page import Shown, pair_page
from tui.screens.pair_texts import marked
from tui.screens.pairs import PairsScreen

ALL = ("G", "enter")
"""From the overview to the list of every pair; its lines are the fake's rows."""


async def test_the_head_says_the_verdict_why_and_what_would_have_been_next() -> None:
    async with browser().run_test(size=(200, 50)) as pilot:
        await press(pilot, "enter", "enter")
        head = text_of(pilot, "title")
        assert "≠ counterexample of url, chosen bears it" in head
        assert "O outvoted/e · vote +0.420 > ε 0.12" in head
        assert "the SAE error wins" in head
        assert "margin +0.400  reconstructed +0.360" in head
        assert "deletion -0.610 (random span +0.020)" in head
        assert "next: inert, 1.4 thresholds away" in head


async def test_brackets_step_through_the_list_and_stop_at_its_ends() -> None:
    async with browser().run_test() as pilot:
        await press(pilot, "enter", "enter", "[")
        assert "first" in text_of(pilot, "state")
        await press(pilot, "]", "]")
        assert text_of(pilot, "place").split()[-1] == "3/12"
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, PairsScreen)
        assert pilot.app.screen.pair_list.cursor == 2


async def test_the_context_is_folded_until_it_is_asked_for() -> None:
    async with browser().run_test() as pilot:
        await press(pilot, "enter", "enter")
        assert "Where do I read" in page_text(pilot)
        assert "Hello there." not in page_text(pilot)
        await press(pilot, "o")
        assert "Hello there." in page_text(pilot)


async def test_find_turns_matches_round_and_n_goes_through_them() -> None:
    async with browser().run_test(size=(80, 16)) as pilot:
        await press(pilot, "enter", "enter", "/", *"library", "enter")
        document = pair_screen(pilot).document()
        assert len(document.page.matches) == 2  # the pattern in chosen, the word in rejected
        await press(pilot, "n", "n", "N", "tab", "shift+tab", "h", "l", "ctrl+d", "ctrl+u", "G")
        assert document.scroll_offset.y == len(document.page.lines) - document.size.height
        assert text_of(pilot, "state").startswith("“library” 1 times")
        await press(pilot, "/", "s", "enter")
        assert text_of(pilot, "state") == "“librarys” is not in this pair."


async def test_one_key_marks_the_pair_and_moves_on() -> None:
    reader = FakeReader()
    async with browser(reader).run_test(size=(100, 30)) as pilot:
        await press(pilot, "enter", "enter")
        first = pair_screen(pilot).triaged()
        await press(pilot, "3")
        assert reader.marks() == {first: "label wrong"}
        assert text_of(pilot, "place").split()[-1] == "2/12"
        await press(pilot, "[")
        assert "mark: label wrong" in text_of(pilot, "title")
        await press(pilot, "]", "u")  # back to the pair whose mark was taken back
        assert pair_screen(pilot).triaged() == first
        assert "mark:" not in text_of(pilot, "title")
        assert reader.marks() == {}


async def test_a_note_stays_with_the_pair_and_keeps_what_a_line_cannot_show() -> None:
    reader = FakeReader()
    async with browser(reader).run_test(size=(100, 30)) as pilot:
        await press(pilot, "enter", "enter", "m", *"odd [one]", "enter")
        pair = pair_screen(pilot).triaged()
        assert pair is not None
        assert reader.written[-1] == (pair, None, "odd [one]")
        assert "note: odd [one]" in text_of(pilot, "title")
        reader.note(pair, "two\nlines")  # as an editor writes them
        await press(pilot, "m", "!", "enter")
        assert reader.written[-1] == (pair, None, "two\nlines!")
        await press(pilot, "m", "escape")
        assert "note: two⏎lines!" in text_of(pilot, "title")


async def test_an_unedited_pair_is_rescored_with_its_drift() -> None:
    async with browser().run_test() as pilot:
        await press(pilot, "enter", "enter", "r")
        assert text_of(pilot, "state").startswith("measured afresh · ")
        shown = page_text(pilot)
        assert "before and after" in shown
        assert "-1e-06 (noise floor 2.4e-06)" in shown


async def test_an_edited_response_shows_before_and_after_and_esc_the_stored_pair() -> None:
    rescorer = FakeRescorer()
    async with browser(rescorer=rescorer).run_test() as pilot:
        await press(pilot, "enter", "enter", "e", "tab", "Z", "ctrl+r")
        edit = rescorer.edits[0]
        assert edit.response_chosen is None
        assert edit.response_rejected is not None
        assert edit.response_rejected.startswith("Z ")
        assert "+0.400   +0.150   -0.250" in page_text(pilot)
        assert [made.is_none for made in rescorer.edits] == [False, True]  # that, for the drift
        assert "drift unedited        -1e-06 (noise floor 2.4e-06)" in page_text(pilot)
        await press(pilot, "escape")
        assert "before and after" not in page_text(pilot)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, PairsScreen)


async def test_the_drift_that_an_edit_is_held_against_is_measured_once_and_may_be_left() -> None:
    rescorer = FakeRescorer()
    async with browser(rescorer=rescorer).run_test() as pilot:
        await press(pilot, "enter", "enter", "e", "Z", "f5", "escape", "e", "Y", "f5")
        assert [made.is_none for made in rescorer.edits] == [False, True, False]
        assert "drift unedited        -1e-06" in page_text(pilot)
        rescorer.wait = 0.2
        await press(pilot, "escape", "]", "e", "X")
        await pilot.press("f5")
        while len(rescorer.edits) < 5:
            await pilot.pause(0.01)
        await press(pilot, "escape")
        assert text_of(pilot, "state") == "stopped; the fresh figures are shown"
        assert "drift unedited        not measured" in page_text(pilot)


async def test_an_edit_that_changes_nothing_is_not_measured() -> None:
    rescorer = FakeRescorer()
    async with browser(rescorer=rescorer).run_test() as pilot:
        await press(pilot, *ALL, "j", "j", "j", "enter", "e", "tab", "tab", "f5")
        assert rescorer.edits == []
        assert "Nothing was changed" in text_of(pilot, "state")


async def test_esc_stops_a_measurement_and_says_so() -> None:
    rescorer = FakeRescorer(wait=60)
    async with browser(rescorer=rescorer).run_test() as pilot:
        await press(pilot, "enter", "enter")
        await pilot.press("r")
        await pilot.pause()
        assert "esc stops it" in text_of(pilot, "state")
        await press(pilot, "escape")
        assert rescorer.settled == 1
        assert "stopped" in text_of(pilot, "state")
        assert "before and after" not in page_text(pilot)


async def test_a_pm_that_fails_is_said_in_place() -> None:
    rescorer = FakeRescorer(failing=UserError("out of memory", where="worker", todo="Use --device"))
    async with browser(rescorer=rescorer).run_test() as pilot:
        await press(pilot, "enter", "enter", "r")
        assert text_of(pilot, "state").startswith("! worker: out of memory")
        pair_screen(pilot)


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (60, 15)])
async def test_hostile_texts_are_shown_and_never_obeyed(size: tuple[int, int]) -> None:
    async with browser().run_test(size=size) as pilot:
        await press(pilot, *ALL, "enter")
        for row in range(max(HOSTILE) + 1):
            shown = pair_screen(pilot).shown
            assert shown is not None
            assert shown.detail.pair.name.row == row
            drawn = pilot.app.export_screenshot()
            assert "\x1b" not in drawn
            await press(pilot, "o", "G", "]") if row in HOSTILE else await press(pilot, "]")
        assert pilot.app.is_running


async def test_a_terminal_too_small_gets_one_line_and_the_screen_back() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter", "enter")
        for width, height in ((59, 24), (80, 14), (20, 5)):
            await pilot.resize_terminal(width, height)
            await settle(pilot)
            shown = [widget.id for widget in pilot.app.screen.children if widget.display]
            assert shown == ["too-small"]
        await pilot.resize_terminal(60, 15)
        await settle(pilot)
        assert "body" in [widget.id for widget in pilot.app.screen.children if widget.display]


def test_two_panes_from_100_columns_on() -> None:
    shown = Shown(make_detail(0), "url")
    wide, narrow = pair_page(shown, 100), pair_page(shown, 99)
    assert wide.sides["chosen"] == wide.sides["rejected"]
    assert narrow.sides["chosen"] < narrow.sides["rejected"]


@pytest.mark.parametrize("row", range(60))
@pytest.mark.parametrize("width", [60, 100, 200])
def test_no_line_of_a_page_is_wider_than_the_screen(row: int, width: int) -> None:
    page = pair_page(Shown(DETAILS[1 << 40 | row], None, unfolded=True, search="o"), width)
    assert max(line.cell_len for line in page.lines) <= width


def test_the_features_are_sorted_by_size_and_the_heuristic_s_own_are_starred() -> None:
    lines = [line.plain for line in pair_page(Shown(make_detail(0), "url"), 80).lines]
    table = lines[next(i for i, line in enumerate(lines) if "attrib." in line) + 1 :]
    assert [line.split()[0] for line in table[:3]] == ["#24651", "*", "*"]


def test_signs_mark_the_pattern_and_where_the_sides_differ() -> None:
    text = "We see https:// here"
    assert marked(text, ((7, 15),), ((3, 20),), "").plain == "We ▸see «https://» here"
    assert marked(text, ((7, 15),), ((3, 15),), "").plain == "We ▸see «https://»◂ here"
    assert marked(text, ((0, 20),), ((0, 20),), "").plain == "▸«We see https:// here»"
    assert marked(text, (), ((7, 7),), "").plain == "We see ▸◂https:// here"  # the other has more


async def test_what_the_sides_share_is_not_marked_between_what_differs() -> None:
    async with browser().run_test() as pilot:
        await press(pilot, "enter", "enter")
        shown = " ".join(page_text(pilot).split())
        assert "what you want ▸of it. See «https://» for more, or ask question 0 again. ──" in shown
        assert "what you want ▸to find out. A library might help with question 0. ──" in shown


async def test_the_page_says_which_threshold_would_flip_the_verdict() -> None:
    async with browser().run_test(size=(100, 40)) as pilot:
        await press(pilot, "enter", "enter")
        shown = page_text(pilot)
        assert "── why outvoted" in shown
        assert "activation                       2.5  silent below 0.3, and at 0" in shown
        flips = [" ".join(line.split()) for line in shown.splitlines() if " away" in line]
        assert flips == [
            "sae-miss |reconstructed - margin| rises above +0.200 0.160 away ◂ next",
            "inert the vote V falls to +0.120 0.300 away",
            "tie the margin falls to +0.100 0.300 away",
            "contrary the vote V falls below -0.120 0.540 away",
            "pm-wrong the margin falls below -0.100 0.500 away",
        ]


async def test_features_are_sorted_by_any_figure_and_stay_so_in_the_next_pair() -> None:
    async with browser().run_test() as pilot:
        await press(pilot, "enter", "enter")

        def first() -> str:
            lines = page_text(pilot).splitlines()
            place = next(at for at, line in enumerate(lines) if "▾" in line)
            return lines[place].split("▾")[1].split()[0] + lines[place + 1][1:9].rstrip()

        assert first() == "attrib. #24651"
        seen = []
        for _ in range(4):
            await press(pilot, "s")
            seen.append(first())
        assert seen == ["effect #24651", "chosen #4353", "rejected #4353", "feature #2420"]
        await press(pilot, "]")
        assert first() == "feature #2420"
        assert text_of(pilot, "state") == ""


async def test_j_reads_on_and_then_goes_through_the_features() -> None:
    async with browser().run_test(size=(80, 20)) as pilot:
        await press(pilot, "enter", "enter")
        document = pair_screen(pilot).document()

        def place() -> tuple[float, int | None]:
            return document.scroll_offset.y, document.standing

        await press(pilot, "enter")
        assert "tab goes to the features" in text_of(pilot, "state")
        await press(pilot, "j", "j")
        assert place() == (2, None)
        await press(pilot, "G", "k", "enter")
        assert place()[1] == len(document.page.anchors) - 2
        assert text_of(pilot, "title").startswith("Feature #2420")
        await press(pilot, "escape")
        await press(pilot, *["k"] * 60)
        assert place() == (0, None)


@given(original=st.text(max_size=40), start=st.integers(0, 40), new=st.text("ab\n", max_size=5))
def test_an_edit_keeps_the_characters_it_did_not_touch(original: str, start: int, new: str) -> None:
    shown = plain(original)
    edited = shown[:start] + new + shown[start:]
    changed = apply_change(original, shown, edited)
    assert plain(changed) == edited
    assert len(changed) == len(original) + len(new)
    assert apply_change(original, shown, shown) == original
