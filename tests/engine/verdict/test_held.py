"""Does this PM hold the heuristic, and do these features carry it?"""

from __future__ import annotations

import pytest

from engine.heuristics import Direction
from engine.verdict import (
    Held,
    Interval,
    about_these_features_only,
    coverage,
    held,
    on_bearer,
    resolve,
)

UP, DOWN, ACROSS = Interval(1, 0.5, 1.5), Interval(-1, -1.5, -0.5), Interval(0.1, -0.2, 0.4)


@pytest.mark.parametrize(
    ("direction", "deletion", "answer"),
    [
        ("raises", UP, "held"),
        ("raises", DOWN, "not held"),
        ("lowers", DOWN, "held"),
        ("lowers", UP, "not held"),
        ("auto", UP, "held"),
        ("auto", DOWN, "held"),
        ("raises", ACROSS, "undetermined"),
        ("lowers", ACROSS, "undetermined"),
        ("auto", ACROSS, "undetermined"),
        ("raises", Interval(1, 0, 2), "undetermined"),
        ("lowers", None, "unmeasured"),
        ("auto", None, "unmeasured"),
    ],
)
def test_the_interval_decides(
    direction: Direction, deletion: Interval | None, answer: Held
) -> None:
    assert held(direction, deletion, 2) == answer


def test_one_context_determines_nothing() -> None:
    """A bootstrap of one value has no width, whatever the value."""
    assert held("lowers", DOWN, 1) == "undetermined"
    assert held("lowers", DOWN, 2) == "held"
    assert held("lowers", None, 0) == "unmeasured"


def test_auto_takes_the_side_of_the_mean() -> None:
    assert resolve("auto", 0.1) == "raises"
    assert resolve("auto", -0.1) == "lowers"
    assert resolve("auto", 0.0) is None
    assert resolve("auto", None) is None
    assert resolve("lowers", 0.1) == "lowers"
    assert resolve("raises", None) == "raises"


def test_an_effect_on_the_margin_counts_against_a_rejected_bearer() -> None:
    assert on_bearer(2.0, bearer_is_chosen=True) == 2
    assert on_bearer(2.0, bearer_is_chosen=False) == -2


def test_coverage_is_a_ratio_of_sums_over_bearers() -> None:
    # Effects on delta; the features add to both bearers' rewards what deletion takes from them.
    effects = [on_bearer(0.9, bearer_is_chosen=True), on_bearer(-1.8, bearer_is_chosen=False)]
    found = coverage(effects, [1.0, 2.0], ["a", "b"])
    assert found is not None
    assert found.estimate == pytest.approx(0.9)
    assert coverage([], [], []) is None


@pytest.mark.parametrize(
    ("share", "only"),
    [
        (0.03, True),
        (0.5, False),
        (0.9, False),
        (1.5, False),
        (1.6, True),
        (-1.0, True),
        (None, False),
    ],
)
def test_features_that_carry_too_little_or_too_much_speak_for_themselves(
    share: float | None, only: bool
) -> None:
    assert about_these_features_only(share) is only
