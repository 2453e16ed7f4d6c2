"""The waterfall on the pair screen: stored effects first, then bars that lead to the margin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cache.breakdown import Bar, Waterfall
from engine.errors import UserError
from tests.tui.driving import browser, page_text, pair_screen, press, text_of
from tests.tui.fakes import FakeRescorer, make_breakdown, make_detail
from tui.screens.pair_waterfall import waterfall_lines

LABELS = {24651: "a URL's slash", 2420: None}


def made_of(*sizes: float, baseline: float) -> Waterfall:
    bars = [Bar("own", (1,), sizes[0]), *(Bar("rest", (), size) for size in sizes[1:])]
    return Waterfall("url", sum(sizes) + baseline, tuple(bars), baseline)


def test_every_bar_begins_where_the_one_above_it_ends() -> None:
    lines = waterfall_lines(made_of(1.0, -3.0, baseline=4.0), {}, 60)
    assert [line.plain.rstrip() for line in lines[1:]] == [
        "margin                          +2.000  ━━━━━━━━━━━",
        "* url: #1              +1.000   +1.000  ┃    ━━━━━━",
        "all other features     -3.000   +4.000  ┃    ───────────────",
        "ablated baseline                +4.000  ━━━━━━━━━━━━━━━━━━━━",
    ]


@given(
    st.lists(st.floats(-9, 9), min_size=1, max_size=8),
    st.floats(-9, 9),
    st.sampled_from([60, 80, 200]),
)
def test_no_line_is_too_wide_and_every_part_is_there(
    sizes: list[float], baseline: float, width: int
) -> None:
    lines = waterfall_lines(made_of(*sizes, baseline=baseline), {}, width)
    assert len(lines) == len(sizes) + 3
    assert all(line.cell_len <= width for line in lines)
    assert all("━" in line.plain or "─" in line.plain for line in lines[1:])


@pytest.mark.parametrize("width", [80, 200])
def test_the_numbers_and_the_order_are_told(width: int) -> None:
    waterfall = make_breakdown(make_detail(0)).waterfalls[0]
    lines = [line.plain for line in waterfall_lines(waterfall, LABELS, width)]
    told = [line.split() for line in lines[1:]]
    names = ["margin", "*", "#24651", "#2420", "all", "the", "ablated"]
    assert [words[0] for words in told] == names
    assert "+0.400" in lines[1]
    assert "-0.420   +0.820" in lines[2]
    assert "a URL's slash" in lines[3]
    assert "+0.020" in lines[-1]


async def test_until_it_is_measured_the_stored_effects_stand_there_and_w_measures_it() -> None:
    rescorer = FakeRescorer()
    async with browser(rescorer=rescorer).run_test() as pilot:
        await press(pilot, "enter", "enter")
        assert "they do not add up · w measures the waterfall" in page_text(pilot)
        await press(pilot, "w")
        assert "ablated baseline" in page_text(pilot)
        assert "the waterfall stands below" in text_of(pilot, "state")
        assert "before and after" not in page_text(pilot)
        await press(pilot, "]", "[")
        assert "ablated baseline" in page_text(pilot)  # kept for the session
        await press(pilot, "escape", "enter", "w")
        assert "ablated baseline" in page_text(pilot)
        assert len(rescorer.broken_down) == 1


async def test_r_brings_it_too_and_tokens_by_the_running_reward_with_it() -> None:
    async with browser().run_test() as pilot:
        await press(pilot, "enter", "enter", "v", "v", "v")
        assert "tokens: not stored: r measures it" in " ".join(page_text(pilot).split())
        await press(pilot, "r")
        assert "before and after" in page_text(pilot)
        assert "ablated baseline" in page_text(pilot)
        assert "its text's running reward, ⁺ more" in " ".join(page_text(pilot).split())
        await press(pilot, "escape")
        assert "before and after" not in page_text(pilot)
        assert "ablated baseline" in page_text(pilot)


async def test_an_edited_pair_has_a_waterfall_of_its_own() -> None:
    rescorer = FakeRescorer()
    async with browser(rescorer=rescorer).run_test() as pilot:
        await press(pilot, "enter", "enter", "e", "tab", "Z", "ctrl+r")
        assert rescorer.broken_down[0].pair.rejected.startswith("Z ")
        assert "ablated baseline" in page_text(pilot)
        await press(pilot, "escape")
        assert "ablated baseline" not in page_text(pilot)


async def test_esc_stops_it_and_a_pm_that_fails_is_said_in_place() -> None:
    rescorer = FakeRescorer(wait=60)
    async with browser(rescorer=rescorer).run_test() as pilot:
        await press(pilot, "enter", "enter")
        await pilot.press("w")
        await pilot.pause()
        assert "esc stops it" in text_of(pilot, "state")
        await press(pilot, "escape")
        pair_screen(pilot)
        assert "stopped" in text_of(pilot, "state")
        rescorer.wait, rescorer.failing = 0, UserError("out of memory", where="worker")
        await press(pilot, "w")
        assert text_of(pilot, "state").startswith("! worker: out of memory")
