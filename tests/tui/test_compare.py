"""Two runs side by side, one pair over all runs, and the plots of the whole index."""

from __future__ import annotations

from engine.cache.comparison_records import Comparison
from engine.cache.sealed import Standing
from tests.tui.driving import browser, page_text, pair_screen, press, settle, text_of
from tests.tui.fake_comparison import OTHERS
from tests.tui.fakes import FakeReader
from tui.screens.compare import CompareScreen
from tui.screens.runs import RunsScreen


class _Alone(FakeReader):
    """An index with one run."""

    def other_runs(self) -> tuple[str, ...]:
        return ()

    def compare(self, other: str) -> Comparison:
        raise AssertionError("there is no other run")


async def test_from_verdicts_that_differ_to_the_pair_and_back() -> None:
    async with browser().run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "c")
        assert isinstance(pilot.app.screen, CompareScreen)
        assert "(1 of 2)" in text_of(pilot, "title")
        assert "SAE gated-l12 [bold] · hook transformer.h.12" in text_of(pilot, "title")
        shown = page_text(pilot)
        assert "url · 4 of 14 verdicts differ" in shown
        assert "correlation 0.987" in shown

        await press(pilot, "j", "enter")
        pair = pair_screen(pilot)
        assert pair.shown is not None
        second = pilot.app.screen_stack[-2]
        assert isinstance(second, CompareScreen)
        assert second.compared is not None
        assert pair.shown.detail.pair.id == second.compared.listed()[1].id
        await press(pilot, "[", "escape")
        assert pilot.app.screen is second
        assert second.document().cursor == 0

        await press(pilot, "]")
        assert OTHERS[1] in text_of(pilot, "title")
        await press(pilot, "]")
        assert OTHERS[0] in text_of(pilot, "title")


async def test_without_another_run_it_says_how_to_make_one_and_compares_texts() -> None:
    async with browser(_Alone()).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "c")
        assert "no other run" in text_of(pilot, "title")
        assert "outvoted score" in page_text(pilot)
        assert "url · natural against custom text" in page_text(pilot)
        await press(pilot, "]", "enter")
        assert "enter opens the pair" in text_of(pilot, "state")


async def test_a_pair_over_all_runs() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "enter", "enter", "c")
        assert isinstance(pilot.app.screen, RunsScreen)
        lines = page_text(pilot).splitlines()
        places = [next(i for i, line in enumerate(lines) if f"h.{h} " in line) for h in (4, 8, 12)]
        assert places == sorted(places)
        assert "not measured in this run" in " ".join(lines[places[1] : places[2]])
        await press(pilot, "escape")
        assert pair_screen(pilot).shown is not None


class _Unmeasured(FakeReader):
    def standing(self) -> Standing | None:
        return None


async def test_plots_of_an_index_and_of_one_that_is_not_measured() -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "p")
        shown = page_text(pilot)
        assert "not held: shares withheld" in shown
        assert "margins of all pairs" in shown
        assert shown.count("reliability · ") == 3
        top = text_of(pilot, "place")
        await press(pilot, "tab")
        assert text_of(pilot, "place") != top
    async with browser(_Unmeasured()).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "p")
        assert "Nothing is measured yet" in page_text(pilot)
