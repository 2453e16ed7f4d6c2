"""What would flip a verdict: for each threshold, the verdict beyond it and how far that is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from engine.verdict.evidence import Evidence, Thresholds
from engine.verdict.table import Quantities, gap_threshold, quantities, verdict_of
from engine.verdict.verdict import Verdict

Input = Literal["margin", "gap", "vote", "activation"]
"""`gap` is |delta_sae - delta|."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """One threshold, and the quantities as they are just beyond it."""

    moved: Input
    value: float
    """Of the quantity, as measured."""
    threshold: float
    """With its sign: -epsilon is another threshold than +epsilon."""
    reached: bool
    """Whether a value on the threshold itself is already beyond it."""
    rises: bool
    """Whether the way there is up. Of a value on its threshold their order would not tell."""
    distance: float
    """|value - threshold| in units of |threshold|."""
    beyond: Quantities


@dataclass(frozen=True, slots=True)
class Flip:
    """A threshold whose crossing changes the verdict, all else as it is."""

    moved: Input
    value: float
    threshold: float
    reached: bool
    rises: bool
    """Whether it would have to rise, not fall."""
    distance: float
    """As the judgement's: in units of the threshold."""
    verdict: Verdict
    """Just beyond the threshold."""

    @property
    def away(self) -> float:
        """How far the quantity would have to move, in its own unit."""
        return abs(self.value - self.threshold)


def flips(evidence: Evidence, thresholds: Thresholds) -> tuple[Flip, ...]:
    """Every threshold with another verdict beyond it, the nearest first.

    The first one's verdict and distance are the runner-up and distance of `judge`. Beside the
    thresholds that it tries stand those on the other side of zero (`pm-wrong` below -epsilon_m,
    `contrary` below -epsilon): farther, and what a reader asks next. Of an `unmeasured` verdict
    nothing is known.
    """
    q = quantities(evidence)
    verdict = verdict_of(q, thresholds)
    if verdict is Verdict.UNMEASURED:
        return ()
    crossings = [*near_crossings(q, evidence, thresholds), *_far(q, evidence, thresholds)]
    found = [
        Flip(
            moved=crossing.moved,
            value=crossing.value,
            threshold=crossing.threshold,
            reached=crossing.reached,
            rises=crossing.rises,
            distance=crossing.distance,
            verdict=other,
        )
        for crossing in crossings
        if (other := verdict_of(crossing.beyond, thresholds)) is not verdict
    ]
    return tuple(sorted(found, key=lambda flip: flip.distance))


def near_crossings(q: Quantities, evidence: Evidence, thresholds: Thresholds) -> Iterator[Crossing]:
    """Every threshold with a distance, on the side its quantity lies on, in the table's order.

    Thresholds after the row that decided are among them: crossing one changes no verdict.
    """
    if thresholds.margin > 0:
        yield _of_margin(q, evidence, *_near(q.margin, thresholds.margin))
    limit = gap_threshold(q, thresholds)
    if limit > 0:
        threshold, reached, gap = _near(q.gap, limit)
        distance = abs(q.gap - limit) / limit
        yield Crossing("gap", q.gap, threshold, reached, gap > q.gap, distance, replace(q, gap=gap))
    if q.vote is not None and thresholds.vote > 0:
        yield _of_vote(q, q.vote, *_near(q.vote, thresholds.vote))
    if q.activation is not None and thresholds.silent_activation > 0:
        threshold = thresholds.silent_activation
        # Unlike the others this threshold itself is on the upper side: an activation on it fires.
        rises = q.activation < threshold
        activation = threshold if rises else math.nextafter(threshold, 0)
        yield Crossing(
            "activation",
            q.activation,
            threshold,
            rises,
            rises,
            abs(q.activation - threshold) / threshold,
            replace(q, activation=activation),
        )


def _far(q: Quantities, evidence: Evidence, thresholds: Thresholds) -> Iterator[Crossing]:
    """The thresholds of margin and vote on the other side of zero."""
    if thresholds.margin > 0:
        yield _of_margin(q, evidence, *_opposite(q.margin, thresholds.margin))
    if q.vote is not None and thresholds.vote > 0:
        yield _of_vote(q, q.vote, *_opposite(q.vote, thresholds.vote))


def _of_margin(
    q: Quantities, evidence: Evidence, threshold: float, reached: bool, margin: float
) -> Crossing:
    return Crossing(
        "margin",
        q.margin,
        threshold,
        reached,
        margin > q.margin,
        _distance(q.margin, threshold),
        replace(q, margin=margin, gap=abs(evidence.margin_sae - margin)),
    )


def _of_vote(q: Quantities, value: float, threshold: float, reached: bool, vote: float) -> Crossing:
    return Crossing(
        "vote",
        value,
        threshold,
        reached,
        vote > value,
        _distance(value, threshold),
        replace(q, vote=vote),
    )


def _distance(value: float, threshold: float) -> float:
    return abs(value - threshold) / abs(threshold)


def _near(value: float, size: float) -> tuple[float, bool, float]:
    """The threshold +-size on the value's side (0 counts as positive), whether being on it is
    beyond it, and the nearest value beyond. On a threshold counts as within it."""
    within = abs(value) <= size
    sign = -1 if value < 0 else 1
    beyond = math.nextafter(size, math.inf) if within else size
    return sign * size, not within, sign * beyond


def _opposite(value: float, size: float) -> tuple[float, bool, float]:
    """The same for the threshold on the other side of zero."""
    sign = 1 if value < 0 else -1
    return sign * size, False, sign * math.nextafter(size, math.inf)
