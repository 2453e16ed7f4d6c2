"""Plots as text: whole at any width, readable without colour, plain characters for strangers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.cache.records import IMPORTED
from tests.tui.fakes import OVERVIEW, RUN
from tui.screens.plots_page import Plotted, plots_page
from tui.widgets.plots import BLUE, ORANGE, Curve, at_least, boxes, curves, five


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_plot_is_as_wide_and_high_as_asked(width: int) -> None:
    falling = Curve("o", [(0.0, 100.0), (1.0, 0.0)], ORANGE)
    rising = Curve("x", [(0.0, 0.0), (1.0, 100.0)], BLUE)
    lines = curves([falling, rising], width, 10, (0.0, 1.0), (0.0, 100.0))
    assert len(lines) == 10
    assert max(line.cell_len for line in lines) == width
    drawn = "\n".join(line.plain for line in lines)
    assert "o" in drawn
    assert "x" in drawn
    styles = {line.plain[s.start]: s.style for line in lines for s in line.spans}
    assert styles == {"o": ORANGE, "x": BLUE}


def test_boxes_stand_in_the_order_given_with_names_that_do_no_harm() -> None:
    lines = boxes([("first\x1b[2J", [1.0, 2.0, 3.0]), ("second", [2.0] * 5), ("none", [])], 60)
    text = "\n".join(line.plain for line in lines)
    assert "\x1b" not in text
    assert "none" not in text
    assert text.index("first") < text.index("second")
    assert len(lines) == 9
    assert boxes([("none", [])], 60) == []


def test_percentiles_and_how_many_are_at_least_as_high() -> None:
    assert five([float(value) for value in range(101)]) == [1.0, 25.0, 50.0, 75.0, 99.0]
    assert five([3.0]) == [3.0] * 5
    assert at_least([2.0, 0.0, 1.0, 1.0]) == [(0.0, 100.0), (1.0, 75.0), (1.0, 50.0), (2.0, 25.0)]
    assert len(at_least([float(value) for value in range(10_000)])) <= 200


def test_whose_margins_they_are_is_said() -> None:
    imported = replace(OVERVIEW, run=replace(RUN, readout=IMPORTED))
    for overview, complete, whose in (
        (OVERVIEW, False, "margins of the hashed sample"),
        (OVERVIEW, True, "margins of all pairs"),
        (imported, False, "margins of the pairs whose rewards were taken in"),
    ):
        page = plots_page(Plotted(overview, complete, {"a": [0.0, 1.0]}, {}), 80)
        assert any(whose in line.plain for line in page.lines)
