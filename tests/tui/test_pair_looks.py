"""The pair screen as text, at 80x24, 120x40 and 200x50: each of its sections in view once."""

from __future__ import annotations

import pytest

from tests.tui.driving import browser, press, settle
from tests.tui.golden import SIZES, check_golden

SCREENS: dict[str, tuple[str, ...]] = {
    "pair": (),
    "pair-waterfall": ("w", "tab", "tab", "tab"),
    "pair-shaded": ("w", "v"),
    "pair-why": ("tab", "tab", "tab", "tab"),
    "pair-features": ("s", "s", "G"),
    "pair-rescored": ("r",),
}


@pytest.mark.parametrize("size", [*SIZES, (200, 50)])
@pytest.mark.parametrize("name", SCREENS)
async def test_the_pair_says_what_it_said(
    request: pytest.FixtureRequest, name: str, size: tuple[int, int]
) -> None:
    update = bool(request.config.getoption("--snapshot-update"))
    app = browser()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "enter", "enter", *SCREENS[name])
        check_golden(app, name, update=update)
