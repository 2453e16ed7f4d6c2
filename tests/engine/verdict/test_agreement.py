"""Agreement between two readings, against scikit-learn and by hand."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.verdict.agreement import (
    PREFERRED,
    READINGS,
    Preferred,
    agreement,
    cohen_kappa,
    preferred,
)
from tests.engine.verdict import references
from tui.keys import MARKS

SIDES = st.sampled_from(PREFERRED)


@pytest.mark.parametrize(
    ("margin", "side"),
    [(0.2, "chosen"), (0.1, "neither"), (0.0, "neither"), (-0.1, "neither"), (-0.11, "rejected")],
)
def test_a_margin_within_the_threshold_prefers_neither(margin: float, side: Preferred) -> None:
    assert preferred(margin, 0.1) == side


def test_the_marks_that_read_a_label_have_keys() -> None:
    assert set(READINGS) < set(MARKS.values())


@given(st.lists(st.tuples(SIDES, SIDES), min_size=1, max_size=30))
def test_kappa_is_scikit_learns(readings: list[tuple[Preferred, Preferred]]) -> None:
    ours = cohen_kappa(readings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it divides by zero where we say None
        first, second = ([str(reading[place]) for reading in readings] for place in (0, 1))
        theirs = references.cohen_kappa(first, second)
    if ours is None:
        assert theirs != theirs
        assert len({side for reading in readings for side in reading}) == 1
    else:
        assert ours == pytest.approx(theirs)


def test_two_readers_who_agree_by_chance_alone_have_no_kappa_to_speak_of() -> None:
    readings: list[tuple[Preferred, Preferred]] = [
        ("chosen", "chosen"),
        ("chosen", "rejected"),
        ("rejected", "chosen"),
        ("rejected", "rejected"),
    ]
    made = agreement(readings, list("abcd"))
    assert made is not None
    assert made.share.estimate == 0.5
    assert made.kappa == 0
    assert made.counts[("chosen", "rejected")] == 1
    assert made.pairs == 4
    assert agreement([], []) is None
    assert cohen_kappa([]) is None
