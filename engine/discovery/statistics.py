"""The small statistics of a discovery: log-odds with a prior, p of a z, false discoveries."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def label_log_odds(
    chosen_only: Floats, rejected_only: Floats, both: Floats
) -> tuple[Floats, Floats]:
    """Log-odds of standing on the chosen side alone against the rejected one alone, and their z.

    Monroe, Colaresi and Quinn 2008, equations 16, 20 and 22, with an informative Dirichlet prior:
    in proportion to the pairs that carry a thing at all, and one pair a thing on average.

    Args:
        chosen_only: pairs whose chosen response alone carries each thing, [things]; the things are
            all of one vocabulary.
        rejected_only: the same of the rejected one.
        both: pairs whose two responses carry it.
    """
    carried = chosen_only + rejected_only + both
    if len(carried) < 2 or not carried.all():
        return np.zeros(len(carried)), np.zeros(len(carried))
    prior = carried * len(carried) / carried.sum()
    ours, theirs = chosen_only + prior, rejected_only + prior
    odds = _log_odds(ours) - _log_odds(theirs)
    return odds, odds / np.sqrt(1 / ours + 1 / theirs)


def _log_odds(counts: Floats) -> Floats:
    odds: Floats = np.log(counts) - np.log(counts.sum() - counts)
    return odds


def two_sided(z: Floats) -> Floats:
    """The probability of a standard normal value at least so far from 0; 1 where z is NaN."""
    root = math.sqrt(0.5)
    return np.array([1.0 if math.isnan(at) else math.erfc(abs(at) * root) for at in z.tolist()])


def false_discovery_control(p: Floats) -> Floats:
    """Benjamini and Hochberg 1995: for each p the lowest rate of false discoveries to keep it."""
    count = len(p)
    order = np.argsort(p)
    scaled = p[order] * count / np.arange(1, count + 1)
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted
