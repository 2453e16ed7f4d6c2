"""The whole path once: what a researcher does in the first five minutes."""

from __future__ import annotations

from engine.verdict import Verdict
from tests.tui.driving import (
    browser,
    page_text,
    pair_screen,
    pairs_screen,
    press,
    settle,
    text_of,
)
from tests.tui.fakes import FakeReader, FakeRescorer
from tui.screens.overview import OverviewScreen


async def test_from_the_overview_to_an_edited_pair_and_back() -> None:
    reader, rescorer = FakeReader(), FakeRescorer()
    app = browser(reader, rescorer)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "60 pairs" in text_of(pilot, "title")
        assert "not held by this PM" in page_text(pilot)

        # The counterexamples of the selected heuristic.
        await press(pilot, "enter")
        pairs = pairs_screen(pilot)
        assert pairs.asked.heuristic == "url"
        assert text_of(pilot, "title").startswith("url · counterexamples · 12 pairs")
        assert text_of(pilot, "place").strip() == "1/12"

        # Only the outvoted ones: the first verdict of the facets.
        await press(pilot, "F", "j", "j", "j", "space", "enter")
        assert pairs_screen(pilot).asked.verdicts == {Verdict.OUTVOTED}
        assert "2 pairs" in text_of(pilot, "title")

        # A search keeps those with the text; an empty one keeps all.
        await press(pilot, "/", *"question 40", "enter")
        assert "· 1 pair\n" in text_of(pilot, "title")
        await press(pilot, "/", *["backspace"] * 11, "enter")
        assert "2 pairs" in text_of(pilot, "title")

        # Sorted by margin, then the other way round.
        await press(pilot, "s", "S")
        assert (pairs.asked.sort, pairs.asked.descending) == ("margin", True)

        # A mark moves on to the next pair.
        first = pairs.pair_list.identifier(0)
        await press(pilot, "g", "4")
        assert reader.marks() == {first: "interesting"}
        assert pairs.pair_list.cursor == 1

        # Into the pair: rescored as it is, then with a change, then back.
        await press(pilot, "enter")
        assert "outvoted" in text_of(pilot, "title")
        await press(pilot, "r")
        assert rescorer.edits[-1].is_none
        assert "drift" in page_text(pilot)
        await press(pilot, "e", "X", "f5")
        assert rescorer.edits[-1].response_chosen is not None
        assert rescorer.edits[-1].response_chosen.startswith("X")
        assert "EDITED" in text_of(pilot, "title")
        await press(pilot, "escape")
        assert pair_screen(pilot).shown is not None
        assert "EDITED" not in text_of(pilot, "title")
        await press(pilot, "escape", "escape")
        assert isinstance(app.screen, OverviewScreen)
        await press(pilot, "q")
    assert reader.closed
    assert rescorer.closed
