"""Tranche and length are taken off the margins, as a regression with a mean per tranche would."""

from __future__ import annotations

import numpy as np
import pytest

from engine.discovery.margins import adjusted
from engine.errors import UserError


def test_the_residual_is_that_of_least_squares() -> None:
    draw = np.random.default_rng(0)
    lengths = draw.integers(1, 50, (60, 2)).astype(np.float64)
    tranches = np.array(["a", "b", "c"] * 20)
    longer = np.log1p(lengths[:, 0]) - np.log1p(lengths[:, 1])
    margin = draw.normal(size=60) + 2 * (tranches == "b") - 0.7 * longer
    margin[::7] = np.nan
    known = np.isfinite(margin)
    made = adjusted(margin, tranches, lengths)
    columns = [longer, *(tranches == name for name in "abc")]
    design = np.column_stack(columns).astype(np.float64)[known]
    found, *_ = np.linalg.lstsq(design, margin[known])
    assert made.length_slope == pytest.approx(found[0])
    assert made.residual[known] == pytest.approx(margin[known] - design @ found)
    assert np.isnan(made.residual[~known]).all()
    assert made.known == known.sum()


def test_margins_below_zero_on_average_have_no_temperature() -> None:
    made = adjusted(np.array([-1.0, -2.0, 0.5]), np.array(["a"] * 3), np.ones((3, 2)))
    assert made.temperature is None
    assert made.agreed == pytest.approx(1 / (1 + np.exp([1.0, 2.0, -0.5])))
    assert made.length_slope == 0


def test_a_run_with_next_to_no_margins_is_refused() -> None:
    with pytest.raises(UserError, match="too few margins"):
        adjusted(np.full(9, np.nan), np.array(["a"] * 9), np.ones((9, 2)))
