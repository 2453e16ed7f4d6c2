"""The thresholds of docs/verdicts.md."""

from __future__ import annotations

import numpy as np
import pytest

from engine.verdict import margin_threshold, noise_floor, silent_threshold, vote_threshold
from engine.verdict.thresholds import ROUNDING
from tests.engine.verdict import references


def test_the_noise_floor_is_the_99th_percentile_of_the_sizes() -> None:
    differences = np.arange(-100, 1) / 100  # sizes 0.00 to 1.00
    assert noise_floor(differences) == pytest.approx(0.99)
    assert noise_floor([1e-6, -3e-6]) == pytest.approx(1e-6 + 0.99 * 2e-6)  # linear in between


def test_percentiles_are_scipys_linear_quantiles() -> None:
    figures = np.random.default_rng(0).normal(size=97)
    sizes = np.abs(figures)
    assert noise_floor(figures) == pytest.approx(references.quantile(sizes, 0.99))
    assert vote_threshold(0, figures) == pytest.approx(references.quantile(sizes, 0.95))
    lowered = references.quantile(sizes, 0.1) * (1 - ROUNDING)
    assert silent_threshold(sizes) == pytest.approx(lowered)
    assert margin_threshold(0, figures) == pytest.approx(0.05 * references.quantile(sizes, 0.5))


def test_no_pair_gives_no_noise_floor() -> None:
    with pytest.raises(ValueError, match="unknown"):
        noise_floor([])


def test_a_margin_must_exceed_the_noise_and_a_twentieth_of_the_usual() -> None:
    assert margin_threshold(0.001, [-3.0, 1.0, 2.0]) == pytest.approx(0.05 * 2)
    assert margin_threshold(0.2, [-3.0, 1.0, 2.0]) == 0.4
    assert margin_threshold(0.2, []) == 0.4


def test_a_vote_must_exceed_what_random_groups_do() -> None:
    effects = np.concatenate([np.full(50, -1.0), np.full(51, 0.2)])
    assert vote_threshold(0.1, effects) == 1.0
    assert vote_threshold(0.1, np.linspace(0, 1, 101)) == pytest.approx(0.95)
    assert vote_threshold(2.0, effects) == 2.0
    assert vote_threshold(0.1, []) == 0.1


def test_silence_needs_thirty_bearers_to_be_more_than_zero() -> None:
    activations = np.linspace(1, 2, 31)
    assert silent_threshold(activations) == pytest.approx(1.1, rel=2e-4)
    assert silent_threshold(activations[:30]) > 1
    assert silent_threshold(activations[:29]) == 0
    assert silent_threshold([]) == 0


def test_none_of_many_equally_active_bearers_is_silent() -> None:
    """Activations of one text differ in the last digits, with the batch it is measured in."""
    draw = np.random.default_rng(0)
    same = 2.55 * (1 + 1e-6 * draw.normal(size=40))
    assert silent_threshold(same) < same.min()
    assert silent_threshold(np.append(same, [2.5] * 6)) > 2.49
