"""Pictures of the screens, looked at once and kept. Update: pytest --snapshot-update."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from tests.tui.driving import browser, press, settle, until_measured

Compare = Callable[..., bool]

PICTURES = {
    "overview": ((80, 24), ()),
    "pairs": ((80, 24), ("G", "enter", "j", "j", "4")),
    "pair": ((80, 24), ("enter", "enter")),
    "lab": ((80, 24), ("enter", "L", "d", "t", "enter", "tab", "j")),
    "compare": ((120, 40), ("c",)),
    "plots": ((120, 40), ("p",)),
    "feature": ((80, 24), ("F", "j")),
    "pair_shaded": ((120, 40), ("enter", "enter", "w", "v")),
    "pair_wide": ((200, 50), ("G", "enter", "j", "j", "j", "enter", "r")),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_screen_looks_as_it_did(snap_compare: Compare, name: str) -> None:
    size, keys = PICTURES[name]

    async def walk(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await press(pilot, *keys)
        await until_measured(pilot)

    assert snap_compare(browser(), terminal_size=size, run_before=walk)
