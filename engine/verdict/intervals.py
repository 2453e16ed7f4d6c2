"""How sure a share, a mean or a ratio is (docs/verdicts.md).

Contexts repeat in HH, so pairs are not independent: bootstraps resample whole contexts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

LEVEL = 0.95
RESAMPLES = 2_000

MOST_GROUPS = 1 << 13
"""More groups than these are drawn in so many bundles, dealt out in the order of their names
(hashes, so at random): resampling whole bundles is as valid, since bundles too are independent,
an interval is as wide within the error of its 2,000 resamples, and draws can be shared."""

_DRAWS_AT_A_TIME = 1 << 19
"""What is drawn stays in the processor's cache; how it is parted changes no draw."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the interval around it, 95% unless said otherwise."""

    estimate: float
    low: float
    high: float


def wilson(successes: int, n: int, level: float = LEVEL) -> Interval | None:
    """The score interval of a share of independent pairs (Wilson 1927); None of no pairs."""
    if n == 0:
        return None
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = successes / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    return Interval(
        share,
        0.0 if successes == 0 else centre - half,
        1.0 if successes == n else centre + half,
    )


def bootstrap_ratio(
    numerator: npt.ArrayLike,
    denominator: npt.ArrayLike,
    groups: Sequence[str],
    *,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """Sum of numerators / sum of denominators, one of each per pair; groups resampled whole.

    Percentile bootstrap (Efron 1979). Resamples whose denominators sum to zero are left out. None
    without pairs, or where the denominators themselves sum to zero.
    """
    columns = np.column_stack(
        (np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64))
    )
    above, below = columns.sum(axis=0)
    if below == 0:
        return None
    sums = resampled_sums(columns, groups, resamples, seed)
    sums = sums[sums[:, 1] != 0]
    if len(sums) == 0:
        return None
    low, high = _percentiles(sums[:, 0] / sums[:, 1], level)
    return Interval(float(above / below), float(low), float(high))


def bootstrap_mean(
    values: npt.ArrayLike,
    groups: Sequence[str],
    *,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """The mean over the pairs (of flags: their share); groups resampled whole. None of no pairs."""
    ones = np.ones(len(groups))
    return bootstrap_ratio(values, ones, groups, level=level, resamples=resamples, seed=seed)


def share_interval(flags: Sequence[bool], context_hashes: Sequence[str]) -> Interval | None:
    """The share of pairs that are flagged: Wilson where no context repeats, else a bootstrap."""
    if not flags:
        return None
    return share_intervals(np.asarray(flags, dtype=np.bool_)[:, None], context_hashes)[0]


def share_intervals(
    flags: npt.NDArray[np.bool_], context_hashes: Sequence[str]
) -> tuple[Interval, ...]:
    """The same for each column of flags [pairs, columns], over the same resamples.

    Raises ValueError where there are no pairs.
    """
    pairs = len(flags)
    if pairs == 0:
        raise ValueError("no pairs have no shares")
    counts = flags.sum(axis=0)
    if len(set(context_hashes)) == pairs:
        each = (wilson(int(count), pairs) for count in counts)
        return tuple(interval for interval in each if interval is not None)
    shares = _resampled_shares(_with_ones(flags), context_hashes)
    low, high = _percentiles(shares, LEVEL)
    return _intervals(counts / pairs, low, high)


def difference_intervals(
    values: npt.NDArray[np.bool_] | Floats,
    context_hashes: Sequence[str],
    control: npt.NDArray[np.bool_] | Floats,
    control_hashes: Sequence[str],
) -> tuple[Interval, ...] | None:
    """Mean (of flags: share) less the control's, for each column; None where either has no pairs.

    Contexts of both are resampled together, since one may hold pairs of either; resamples in
    which either is left without pairs are left out.
    """
    if len(values) == 0 or len(control) == 0:
        return None
    ours, theirs = _with_ones(values), _with_ones(control)
    width = ours.shape[1]
    columns = np.zeros((len(ours) + len(theirs), 2 * width))
    columns[: len(ours), :width] = ours
    columns[len(ours) :, width:] = theirs
    sums = resampled_sums(columns, [*context_hashes, *control_hashes], RESAMPLES, 0)
    sums = sums[(sums[:, width - 1] > 0) & (sums[:, -1] > 0)]
    if len(sums) == 0:
        return None
    low, high = _percentiles(_shares(sums[:, :width]) - _shares(sums[:, width:]), LEVEL)
    return _intervals(values.mean(axis=0) - control.mean(axis=0), low, high)


def resampled_sums(columns: Floats, groups: Sequence[str], resamples: int, seed: int) -> Floats:
    """[resamples, columns]: the sums over as many groups as there are, drawn with replacement."""
    names, group = np.unique(np.asarray(groups), return_inverse=True)
    drawable = min(names.size, MOST_GROUPS)
    group %= drawable
    sums = np.column_stack(
        [np.bincount(group, weights=column, minlength=drawable) for column in columns.T]
    )
    draw = _shared_draws if drawable == MOST_GROUPS else _draws
    return np.concatenate(
        [times.astype(np.float64) @ sums for times in draw(drawable, resamples, seed)]
    )


def _draws(groups: int, resamples: int, seed: int) -> Iterator[npt.NDArray[np.uint8]]:
    """[some resamples, groups]: how often each group was drawn, as many as there are a resample.

    A byte holds it: 256 times the same one of 256 groups or more has a probability under 1e-500.
    """
    generator = np.random.default_rng(seed)
    at_a_time = max(1, _DRAWS_AT_A_TIME // groups)
    for start in range(0, resamples, at_a_time):
        rows = min(at_a_time, resamples - start)
        drawn = generator.integers(groups, size=(rows, groups))
        drawn += groups * np.arange(rows)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * groups)
        yield times.reshape(rows, groups).astype(np.uint8)


@cache
def _shared_draws(groups: int, resamples: int, seed: int) -> list[npt.NDArray[np.uint8]]:
    """The same, kept: every figure over very many contexts is resampled alike. 16 MB."""
    return list(_draws(groups, resamples, seed))


def forget_draws() -> None:
    """Let go of the draws that are kept, where no figure is to follow soon."""
    _shared_draws.cache_clear()


def _with_ones(values: npt.NDArray[np.bool_] | Floats) -> Floats:
    return np.column_stack((values.astype(np.float64), np.ones(len(values))))


def _resampled_shares(columns: Floats, groups: Sequence[str]) -> Floats:
    return _shares(resampled_sums(columns, groups, RESAMPLES, 0))


def _shares(sums: Floats) -> Floats:
    return sums[:, :-1] / sums[:, -1:]


def _percentiles(values: Floats, level: float) -> tuple[Floats, Floats]:
    tail = 50 * (1 - level)
    low, high = np.percentile(values, [tail, 100 - tail], axis=0)
    return low, high


def _intervals(estimates: Floats, low: Floats, high: Floats) -> tuple[Interval, ...]:
    return tuple(
        Interval(float(estimate), float(least), float(most))
        for estimate, least, most in zip(estimates, low, high, strict=True)
    )
