"""How far an SAE, and the attributions read off it, can be trusted (docs/verdicts.md)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

TOP = 8
"""Of each pair so many features with the largest |attribution| are measured exactly."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AttributionAgreement:
    """Attributions against exact effects, pooled over the sampled features of the sampled pairs."""

    pairs: int
    features: int
    spearman: float | None
    sign_agreement: float
    recall: float


def fvu(
    error_sum_squares: float, total_sum: npt.ArrayLike, total_sum_squares: float, count: int
) -> float | None:
    """Fraction of variance unexplained: sum ||x - x_hat||^2 / sum ||x - mean(x)||^2.

    From sums over the run's tokens: of ||x - x_hat||^2, of x [d], of ||x||^2, and their number
    (accumulate in float64). None where x does not vary.
    """
    if count == 0:
        return None
    mean = np.asarray(total_sum, dtype=np.float64) / count
    variation = total_sum_squares - count * float(mean @ mean)
    return error_sum_squares / variation if variation > 0 else None


def reward_recovered(delta: npt.ArrayLike, delta_sae: npt.ArrayLike) -> float | None:
    """1 - sum (delta - delta_sae)^2 / sum (delta - mean delta)^2; None where delta is constant."""
    margin, reconstructed = _floats(delta), _floats(delta_sae)
    if margin.size == 0 or np.ptp(margin) == 0:
        return None
    variation = float(((margin - margin.mean()) ** 2).sum())
    return 1 - float(((margin - reconstructed) ** 2).sum()) / variation


def sign_agreement(some: npt.ArrayLike, others: npt.ArrayLike) -> float | None:
    """The share of places where both have the same sign (zero is a sign of its own)."""
    one, other = _floats(some), _floats(others)
    return _same_sign(one, other) if one.size else None


def spearman(some: npt.ArrayLike, others: npt.ArrayLike) -> float | None:
    """Spearman's rank correlation, ties at their mean rank; None where either is constant."""
    ranks, other_ranks = _ranks(_floats(some)), _ranks(_floats(others))
    if ranks.size < 2 or np.ptp(ranks) == 0 or np.ptp(other_ranks) == 0:
        return None
    return float(np.corrcoef(ranks, other_ranks)[0, 1])


def attribution_agreement(
    attribution: npt.ArrayLike,
    effect: npt.ArrayLike,
    weights: npt.ArrayLike,
    pair: npt.ArrayLike,
) -> AttributionAgreement | None:
    """The run's check of its attributions; all four [sampled features]. None without any.

    `weights` are inverse sampling probabilities: 1 for a pair's top 8 by |attribution|, the
    number of its other active features / 20 for those drawn from them. Spearman and sign
    agreement are of the sample as it is.

    Recall is of the strongest effects of all, as many as 8 for each pair: the share of them that
    lies among its own pair's 8 largest |attribution|. Features are taken by falling |effect|,
    each standing for `weight` features, until that number is reached (the last one counts for
    what is still missing). The cut is one over all pairs because a cut in each pair flatters: a
    drawn feature stands for more than the 8 it would be counted against. The price is that
    where few pairs hold most strong effects not even exact attributions reach 1.
    """
    screened, exact, weight = _floats(attribution), _floats(effect), _floats(weights)
    if screened.size == 0:
        return None
    numbers = np.asarray(pair)
    pairs = np.unique(numbers)
    in_top = np.zeros(screened.size, dtype=np.bool_)
    for number in pairs:
        at = np.flatnonzero(numbers == number)
        in_top[at[np.argsort(-np.abs(screened[at]), kind="stable")[:TOP]]] = True
    return AttributionAgreement(
        pairs=pairs.size,
        features=screened.size,
        spearman=spearman(screened, exact),
        sign_agreement=_same_sign(screened, exact),
        recall=_recall(in_top, np.abs(exact), weight, TOP * pairs.size),
    )


def _recall(in_top: npt.NDArray[np.bool_], strength: Floats, weight: Floats, wanted: int) -> float:
    """The share of the `wanted` strongest that are in the top, each standing for its weight."""
    order = np.argsort(-strength, kind="stable")
    before = np.cumsum(weight[order]) - weight[order]
    mass = np.clip(wanted - before, 0, weight[order])
    return float(mass[in_top[order]].sum() / mass.sum())


def _same_sign(some: Floats, others: Floats) -> float:
    return float((np.sign(some) == np.sign(others)).mean())


def _ranks(values: Floats) -> Floats:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def _floats(values: npt.ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)
