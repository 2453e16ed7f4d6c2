"""Discovery: from the overview to the list, and from the list to a heuristic of the session."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from engine.discovery import Discovered, Discovery
from engine.errors import UserError
from tests.engine.discovery.planted import make_planted
from tests.tui.driving import page_text, press, settle, text_of
from tests.tui.fakes import OVERVIEW, FakeReader
from tests.tui.golden import check_golden
from tui.app import OutvotedApp
from tui.cli.browse import Opening
from tui.screens.discovery_page import discovery_page
from tui.screens.feature import FeatureScreen
from tui.screens.overview import OverviewScreen


def one(text: str, push: float, *also: str, feature: bool = False) -> Discovered:
    return Discovered(
        what="feature" if feature else "n-gram",
        text=text,
        pattern=None if feature else "pattern",
        label="\x1b[31mred" if feature else None,
        direction="raises" if push > 0 else "lowers",
        chosen_only=40,
        rejected_only=1_200,
        both=3,
        label_log_odds=-1.0,
        label_z=-4.0,
        measured=90,
        push=push,
        push_z=10 * push,
        q=0.001,
        margin_chosen_only=-0.5,
        margin_rejected_only=1.5,
        margin_without=0.5,
        label_share=0.3,
        pm_share=0.2 if push < 0 else 0.4,
        excess_z=-3.0,
        also=also,
        examples=(),
    )


FOUND = Discovery(
    run="0" * 16,
    index="demo",
    pairs=2_000,
    measured=1_900,
    temperature=1.0,
    length_slope=0.1,
    min_pairs=20,
    rate=0.05,
    ngrams_tested=900,
    ngrams_found=3,
    features_tested=50,
    features_found=1,
    found=(
        one("3", -0.4, feature=True),
        one("i don't know", -0.8, "don't know"),
        one("my pleasure", 0.6),
    ),
)


def test_at_80_columns_no_figure_is_cut_whatever_the_names_and_what_says_the_same() -> None:
    names = ("you could try something else", "知らない、知らない、知らない、知らない", "no")
    made = replace(FOUND, found=tuple(one(name, -0.4, "and this", "and that") for name in names))
    page = discovery_page(made, 80)
    rows = [page.lines[at] for at in page.anchors]
    assert [row.plain.rstrip().endswith("30%  20%") for row in rows] == [True] * 3
    assert {row.cell_len for row in rows} == {80}
    wide = discovery_page(made, 140)
    assert all("also and this, and that" in wide.lines[at].plain for at in wide.anchors)


async def found() -> Discovery:
    return FOUND


async def test_the_list_has_a_block_for_each_direction_and_enter_takes_an_ngram(
    request: pytest.FixtureRequest,
) -> None:
    app = OutvotedApp(OVERVIEW, FakeReader, None, None, look=found)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "D")
        check_golden(app, "discovery", update=bool(request.config.getoption("--snapshot-update")))
        assert "3 of 900 n-grams" in text_of(pilot, "title")
        page = page_text(pilot)
        places = [page.index(text) for text in ("− n-grams", "i don't know", "+ n-grams", "* my")]
        assert places == sorted(places)
        assert "\x1b" not in page
        assert max(map(len, page.splitlines())) <= 80
        await press(pilot, "j", "enter")
        assert isinstance(app.screen, OverviewScreen)
        assert app.screen.selected == "my-pleasure"
        assert "“my-pleasure”" in text_of(pilot, "state") or "chosen only" in text_of(
            pilot, "state"
        )
        assert app.screen.overview is not None
        made = app.screen.overview.heuristics[-1].heuristic
        assert (made.direction, made.regex, made.fold) == ("raises", True, True)


async def test_a_feature_opens_its_own_screen(request: pytest.FixtureRequest) -> None:
    app = OutvotedApp(OVERVIEW, FakeReader, None, None, look=found)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "D")
        check_golden(app, "discovery", update=bool(request.config.getoption("--snapshot-update")))
        assert "also don't know" in page_text(pilot)
        await press(pilot, "G", "enter")
        assert isinstance(app.screen, FeatureScreen)
        await press(pilot, "escape")
        assert text_of(pilot, "title").startswith("Discovery")


async def test_esc_stops_the_looking_and_it_is_looked_for_once() -> None:
    begun: list[bool] = []
    stopped = asyncio.Event()

    async def slow() -> Discovery:
        begun.append(True)
        if len(begun) > 1:
            return FOUND
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()
        raise UserError("it was to be stopped")

    app = OutvotedApp(OVERVIEW, FakeReader, None, None, look=slow)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("D")
        await pilot.pause()
        await pilot.press("escape")
        await asyncio.wait_for(stopped.wait(), 5)
        await press(pilot, "D", "escape", "D")
        assert len(begun) == 2
        assert "my pleasure" in page_text(pilot)


async def test_the_browser_has_a_child_process_look(tmp_path: Path) -> None:
    opening = Opening(make_planted(tmp_path), None, None, ["unused"], "cpu", {7: "no idea"})
    opening.reader()
    made = await opening.look()
    assert made.found[0].text == "i have no idea"
    assert [each.label for each in made.found if each.text == "7"] == ["no idea"]
