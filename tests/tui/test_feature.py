"""The feature screen: reached from the palette and the overview, and back to pairs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot

from engine.errors import UserError
from tests.tui.driving import browser, page_text, press, settle, text_of, until_measured
from tests.tui.fakes import HEURISTICS, OVERVIEW, FakeReader, FakeRescorer
from tui.screens.feature import FeatureScreen
from tui.screens.overview import OverviewScreen
from tui.screens.pair import PairScreen


def state_of(pilot: Pilot[None]) -> str:
    return " ".join(text_of(pilot, "state").split())


def flat(pilot: Pilot[None]) -> str:
    """The page, whichever lines its sentences are wrapped to."""
    return " ".join(page_text(pilot).split())


async def test_from_a_heuristic_through_its_features_to_a_pair_and_back() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await press(pilot, "F")
        assert isinstance(pilot.app.screen, FeatureScreen)
        assert text_of(pilot, "title").startswith("Feature #11612")
        assert "no label · active on 57 of 60 measured pairs" in text_of(pilot, "title")
        assert "sum -9.250" in " ".join(text_of(pilot, "title").split())
        judges = "* judges url: AUROC 0.94, fires on 71% (fold 1); 0.94, 71% (fold 2)"
        assert judges in page_text(pilot)
        legend = "o ≠ counterexamples: 80% of 20, med. 2.50  x = conforming: 42% of 12, med. 0.50"
        assert legend in page_text(pilot), "no figure is cut at 80 columns"

        assert text_of(pilot, "place").strip() == "1/57"

        await press(pilot, "]")
        assert text_of(pilot, "title").startswith("Feature #15487")
        await press(pilot, "]")
        assert "the last of the features" in text_of(pilot, "state")
        await press(pilot, "l")
        assert "on bearers of dont-know" in page_text(pilot)

        await press(pilot, "j", "j", "enter")
        pair = pilot.app.screen
        assert isinstance(pair, PairScreen)
        assert text_of(pilot, "place").strip().endswith("3/57")
        await press(pilot, "]")
        assert text_of(pilot, "place").strip().endswith("4/57")
        await press(pilot, "escape")
        # The list stands where the pair screen went.
        assert text_of(pilot, "place").strip() == "4/57"
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, OverviewScreen)


@pytest.mark.parametrize("typed", ["feature 24651", "24651", "#24651"])
async def test_the_palette_opens_a_feature_by_its_number(typed: str) -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, ":", *typed)
        await pilot.pause(0.3)
        await press(pilot, "enter")
        await pilot.pause(0.3)
        await settle(pilot)
        assert text_of(pilot, "title").startswith("Feature #24651 · a URL's slash")


async def test_a_feature_is_pinned_for_the_plotted_heuristic_and_taken_back() -> None:
    reader = FakeReader()
    url, dunno = HEURISTICS[:2]
    async with browser(reader).run_test(size=(80, 24)) as pilot:
        await press(pilot, "F", "p")
        await settle(pilot)
        assert reader.pinned == {url.key: (11612,)}
        told = "your pins for url: #11612 · outvoted score --name hh --run 01234567 judges"
        assert state_of(pilot).startswith(told)
        assert "+ your pins for url: #11612 · the run is not judged with them yet" in flat(pilot)

        await press(pilot, "l", "p", "]", "p")
        await settle(pilot)
        assert reader.pinned == {url.key: (11612, 15487), dunno.key: (11612,)}, "url comes first"

        await press(pilot, "p", "[", "p")
        await settle(pilot)
        assert reader.pinned == {url.key: (), dunno.key: (11612,)}
        assert "#11612 is not pinned any more · no pin of yours is left for url" in state_of(pilot)
        assert "your pins for url" not in flat(pilot)
        assert "+ your pins for dont-know: #11612" in flat(pilot)


async def test_a_heuristic_s_features_are_those_that_judge_it_and_those_that_are_pinned() -> None:
    first, *others = OVERVIEW.heuristics
    unjudged = tuple(replace(card, features=()) for card in others)
    overview = replace(OVERVIEW, heuristics=(first, *unjudged))
    pinned = {HEURISTICS[0].key: (7, 11612), HEURISTICS[2].key: (9,)}
    reader = FakeReader(shown=overview, pinned=pinned)
    async with browser(reader, snapshot=overview).run_test(size=(80, 24)) as pilot:
        await press(pilot, "F", "]", "]")
        assert text_of(pilot, "title").startswith("Feature #7 ")
        await press(pilot, "escape", "j", "j", "F")
        assert text_of(pilot, "title").startswith("Feature #9 ")
        await press(pilot, "escape", "j", "F")
        assert "No feature stands for right" in text_of(pilot, "state")


async def test_who_else_pins_a_feature_is_told() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, OverviewScreen)
        screen.open_feature(24651)
        await settle(pilot)
        assert "+ pinned for dont-know by ana" in page_text(pilot)


async def test_a_pin_that_cannot_be_written_says_why_and_is_not_shown() -> None:
    reader = FakeReader(unwritable=UserError("the pin was not kept: No space left on device"))
    async with browser(reader).run_test(size=(80, 24)) as pilot:
        await press(pilot, "F", "p")
        await settle(pilot)
        assert "! the pin was not kept: No space left on device" in state_of(pilot)
        assert "your pins" not in flat(pilot)


async def test_what_is_measured_after_a_pin_is_measured_with_it() -> None:
    """The pair had been read before; its waterfall too is of the features that stood for it."""
    asked = FakeRescorer()
    async with browser(rescorer=asked).run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter", "enter", "w")
        await until_measured(pilot)
        pair = pilot.app.screen
        assert isinstance(pair, PairScreen)
        pair.open_feature(24651)
        await settle(pilot)
        await press(pilot, "p", "escape", "w", "r")
        await until_measured(pilot)
        pins = {HEURISTICS[0].key: (24651,)}
        assert [detail.pins for detail in asked.broken_down][:2] == [{}, pins]
        assert asked.before[-1].pins == pins


async def test_a_feature_that_is_not_there_or_never_fires_says_so() -> None:
    async with browser(FakeReader()).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, OverviewScreen)
        screen.open_feature(99_999)
        await settle(pilot)
        assert "the SAE has no feature 99999" in text_of(pilot, "state")
        await press(pilot, "j", "enter", "]")
        assert "the last of the features" in text_of(pilot, "state")
        await press(pilot, "l")
        assert "no other heuristic" in text_of(pilot, "state")
        await press(pilot, "escape")
        screen.open_feature(404, (11612, 404))
        await settle(pilot)
        assert "It fires on no measured pair" in page_text(pilot)
        await press(pilot, "enter")
        assert "no pair to open" in text_of(pilot, "state")


async def test_labels_and_texts_of_strangers_are_shown_as_they_are() -> None:
    async with browser().run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, OverviewScreen)
        screen.open_feature(32744)
        await settle(pilot)
        assert "thanks [no] problem␛[2J" in text_of(pilot, "title")
        assert "‹https›://x.org/[b] for more" in page_text(pilot)
