"""A reading sample: so many pairs of the list in an order that only the seed decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cache.records import Sample
from engine.errors import UserError
from tests.tui.driving import browser, pairs_screen, press, settle, text_of
from tui.screens.sampling import parse_sample, sample_text
from tui.widgets.lines import Lines


async def test_a_sample_is_drawn_shown_with_its_seed_and_ended() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter", "z", *"5 42", "enter")
        assert "5 pairs" in text_of(pilot, "title")
        assert "sample of 5, seed 42" in text_of(pilot, "title")
        await press(pilot, "s", "S")
        assert "own order" in text_of(pilot, "state")
        assert pairs_screen(pilot).asked.sort == "row"
        await press(pilot, "z", *["backspace"] * 4, *"x", "enter")
        complaint = pilot.app.screen.query_one("#complaint", Lines)
        assert complaint.text.startswith('! "x" draws no sample'), "the line stays"
        await press(pilot, "backspace")
        assert not complaint.display
        assert text_of(pilot, "asked").startswith("reading sample")
        await press(pilot, "enter")
        assert "12 pairs" in text_of(pilot, "title")


async def test_without_a_seed_one_is_drawn_and_the_session_restores_it(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    async with browser(session=path).run_test() as pilot:
        await press(pilot, "enter", "z", "6", "enter", "j", "j")
        drawn = pairs_screen(pilot).asked.sample
        before = [pairs_screen(pilot).pair_list.identifier(place) for place in range(6)]
        await press(pilot, "q")
    assert drawn is not None
    assert drawn.size == 6
    async with browser(session=path).run_test() as pilot:
        await settle(pilot)
        screen = pairs_screen(pilot)
        assert screen.asked.sample == drawn
        assert [screen.pair_list.identifier(place) for place in range(6)] == before
        assert screen.pair_list.cursor == 2


async def test_an_empty_sample_says_how_to_end_it() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter", "z", *"5 1", "enter", "/", *"no such", "enter")
        drawn = "\n".join(pairs_screen(pilot).pair_list.nothing)
        assert "No pair matches." in drawn
        assert "end the search" in drawn
        assert "end the reading sample" in drawn


@pytest.mark.parametrize("sample", [None, Sample(1, 0), Sample(200, 9999)])
def test_what_is_shown_can_be_typed_again(sample: Sample | None) -> None:
    assert parse_sample(sample_text(sample)) == sample


@pytest.mark.parametrize("text", ["x", "0", "5 x", "-5", "1 2 3", "1.5", "٣", "9" * 13])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="draws no sample"):
        parse_sample(text)
