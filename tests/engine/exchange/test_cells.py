"""CSV cells: no spreadsheet runs them, and every text comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.exchange.cells import from_cell, to_cell


@given(st.text(min_size=1))
def test_every_text_comes_back(text: str) -> None:
    assert from_cell(to_cell(text)) == text


@given(st.sampled_from("=+-@\t\r\n＝＋－＠"), st.text())
def test_no_text_begins_as_a_formula(start: str, rest: str) -> None:
    assert to_cell(start + rest).startswith("'")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (-0.5, "-0.5"),  # a figure is a figure
        (7, "7"),
        (True, "true"),
        ([3, 5], "[3, 5]"),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("plain", "plain"),
    ],
)
def test_what_a_cell_holds(value: object, cell: str) -> None:
    assert to_cell(value) == cell


def test_a_cell_written_by_hand_keeps_its_apostrophe() -> None:
    assert from_cell("'tis") == "'tis"
    assert from_cell("'") == "'"
    assert from_cell("") is None
