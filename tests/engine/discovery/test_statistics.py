"""The small statistics against scipy, and against the formula written out."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.discovery.statistics import false_discovery_control, label_log_odds, two_sided

stats = import_module("scipy.stats")  # it ships no types
PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@given(PROBABILITIES)
def test_false_discoveries_are_controlled_as_scipy_does(p: list[float]) -> None:
    ours = false_discovery_control(np.array(p))
    assert ours == pytest.approx(stats.false_discovery_control(p, method="bh"))


def test_p_is_that_of_a_normal_value_and_1_of_none() -> None:
    z = np.array([0.0, 1.96, -5.0, np.nan])
    assert two_sided(z)[:3] == pytest.approx(2 * stats.norm.sf(np.abs(z[:3])))
    assert two_sided(z)[3] == 1.0
    assert len(false_discovery_control(np.zeros(0))) == 0


def test_log_odds_are_those_of_monroe_colaresi_and_quinn() -> None:
    chosen, rejected, both = (np.array(row) for row in ([9.0, 1, 5], [1.0, 9, 5], [2.0, 2, 0]))
    odds, z = label_log_odds(chosen, rejected, both)
    carried = [12, 12, 10]
    prior = [3 * each / sum(carried) for each in carried]

    def logit(counts: list[float], at: int) -> float:
        ours, total = counts[at] + prior[at], sum(counts) + sum(prior)
        return float(np.log(ours / (total - ours)))

    for at in range(3):
        delta = logit(chosen.tolist(), at) - logit(rejected.tolist(), at)
        variance = 1 / (chosen[at] + prior[at]) + 1 / (rejected[at] + prior[at])
        assert odds[at] == pytest.approx(delta)
        assert z[at] == pytest.approx(delta / variance**0.5)


def test_one_word_alone_has_no_odds() -> None:
    odds, z = label_log_odds(np.array([3.0]), np.array([1.0]), np.array([0.0]))
    assert odds.tolist() == z.tolist() == [0.0]
