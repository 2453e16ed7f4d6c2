"""Every screen as text, at 80x24 and 120x40: what is said, and where, without any colour."""

from __future__ import annotations

import pytest

from tests.tui.driving import browser, press, settle
from tests.tui.golden import SIZES, check_golden

SCREENS: dict[str, tuple[str, ...]] = {
    "overview": (),
    "pairs": ("G", "enter", "j", "j", "4"),
    "filter": ("enter", "f", *"verdict="),
    "filter-mistaken": ("enter", "f", *"kind=conf "),
    "facets": ("enter", "F", "j", "j", "j", "space"),
    "sorting": ("enter", "o", "j"),
    "feature": ("F", "j"),
    "compare": ("c",),
    "compare-margins": ("c", "tab", "tab", "tab"),
    "compare-texts": ("c", "tab", "tab", "tab", "tab"),
    "runs": ("enter", "enter", "c"),
    "plots": ("p",),
    "plots-reliability": ("p", "tab", "tab"),
    "feature-unused": ("F", "]", "l", "l"),
    "feature-pinned": ("F", "p", "l"),
    "marks": ("enter", "b", "1", "2", "3", "4", "t"),
    "marks-none": ("t",),
    "new-pattern": ("n", *"sorry"),
    "help": ("enter", "enter", "?"),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCREENS)
async def test_the_screen_says_what_it_said(
    request: pytest.FixtureRequest, name: str, size: tuple[int, int]
) -> None:
    update = bool(request.config.getoption("--snapshot-update"))
    app = browser()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, *SCREENS[name])
        check_golden(app, name, update=update)
