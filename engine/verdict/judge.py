"""From the figures of one (pair, heuristic) to its verdict (design, section 3)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from engine.verdict.verdict import Evidence, Judgement, Outvoter, Thresholds, Verdict


@dataclass(frozen=True, slots=True)
class _Quantities:
    """What is held against thresholds; each can be moved past its own alone."""

    counterexample: bool
    margin: float
    gap: float
    """|delta_sae - delta|."""
    has_features: bool
    vote: float | None
    activation: float | None


@dataclass(frozen=True, slots=True)
class _Crossing:
    """One threshold, and the quantities as they are just beyond it."""

    distance: float
    beyond: _Quantities


def judge(evidence: Evidence, thresholds: Thresholds) -> Judgement:
    """The first verdict of the design's table that holds, and the one beyond the nearest threshold.

    The vote is V = -E_F(S) on counterexamples and +E_F(S) on conforming pairs. `unmeasured` is the
    verdict where a figure is needed that is None or not finite; a figure that no earlier row of
    the table needs is not asked for.

    The runner-up. Every threshold that the verdict passed or failed on the way is tried alone:
    one quantity is put just beyond it, all else stays, and the pair is judged again.

    - delta against epsilon_m, on the side its sign lies on (0 counts as positive): a tie becomes
      `pm-wrong` below zero, above zero what follows there with delta = epsilon_m and delta_sae
      as measured; any other verdict becomes `tie`;
    - |delta_sae - delta| against max(epsilon_m, delta / 2), delta as measured;
    - V against +epsilon or -epsilon, whichever is on the side its sign lies on;
    - the activation against the silent threshold.

    A threshold's distance is |quantity - threshold| / threshold, so a threshold of 0 has none.
    The runner-up is the verdict beyond the threshold with the smallest distance whose crossing
    changes the verdict (of equals the one tried first in the table); it and its distance are None
    where there is no such threshold, and for `unmeasured`, whose nearest threshold is unknown.
    """
    quantities = _quantities(evidence)
    verdict = _verdict(quantities, thresholds)
    runner_up, distance = _nearest(verdict, quantities, evidence, thresholds)
    return Judgement(
        verdict=verdict,
        confident=(
            verdict is Verdict.PM_WRONG and _sigmoid(evidence.margin) < thresholds.confident_below
        ),
        by=_outvoter(evidence) if verdict is Verdict.OUTVOTED else None,
        vote=quantities.vote,
        runner_up=runner_up,
        distance=distance,
    )


def vote(effect: float, *, counterexample: bool) -> float:
    """V: above zero the features vote as the heuristic predicts (design, section 2)."""
    return -effect if counterexample else effect


def _quantities(evidence: Evidence) -> _Quantities:
    effect = _measured(evidence.effect)
    return _Quantities(
        counterexample=evidence.counterexample,
        margin=evidence.margin,
        gap=abs(evidence.margin_sae - evidence.margin),
        has_features=evidence.has_features,
        vote=None if effect is None else vote(effect, counterexample=evidence.counterexample),
        activation=_measured(evidence.activation),
    )


def _measured(figure: float | None) -> float | None:
    return figure if figure is not None and math.isfinite(figure) else None


def _verdict(q: _Quantities, thresholds: Thresholds) -> Verdict:
    before_features = _verdict_on_margins(q, thresholds)
    if before_features is not None:
        return before_features
    if not q.has_features:
        return Verdict.NO_FEATURE
    if q.vote is None or q.activation is None:
        return Verdict.UNMEASURED
    if q.vote > thresholds.vote:
        return Verdict.OUTVOTED if q.counterexample else Verdict.FOLLOWED
    if q.vote < -thresholds.vote:
        return Verdict.CONTRARY
    if q.activation == 0 or q.activation < thresholds.silent_activation:
        return Verdict.SILENT
    return Verdict.INERT


def _verdict_on_margins(q: _Quantities, thresholds: Thresholds) -> Verdict | None:
    """The part of the table that asks no feature; None where the PM and the SAE are right."""
    if not math.isfinite(q.margin):
        return Verdict.UNMEASURED
    if abs(q.margin) <= thresholds.margin:
        return Verdict.TIE
    if q.margin < 0:
        return Verdict.PM_WRONG
    if not math.isfinite(q.gap):
        return Verdict.UNMEASURED
    return Verdict.SAE_MISS if q.gap > _gap_threshold(q, thresholds) else None


def _gap_threshold(q: _Quantities, thresholds: Thresholds) -> float:
    return max(thresholds.margin, q.margin / 2)


def _nearest(
    verdict: Verdict, q: _Quantities, evidence: Evidence, thresholds: Thresholds
) -> tuple[Verdict | None, float | None]:
    if verdict is Verdict.UNMEASURED:
        return None, None
    changes = [
        (other, crossing.distance)
        for crossing in _crossings(q, evidence, thresholds)
        if (other := _verdict(crossing.beyond, thresholds)) is not verdict
    ]
    return min(changes, key=lambda change: change[1], default=(None, None))


def _crossings(q: _Quantities, evidence: Evidence, thresholds: Thresholds) -> Iterator[_Crossing]:
    """Every threshold with a distance, in the table's order.

    Thresholds after the row that decided are among them: crossing one changes no verdict.
    """
    if thresholds.margin > 0:
        margin = _across(q.margin, thresholds.margin)
        yield _Crossing(
            abs(abs(q.margin) - thresholds.margin) / thresholds.margin,
            replace(q, margin=margin, gap=abs(evidence.margin_sae - margin)),
        )
    gap_threshold = _gap_threshold(q, thresholds)
    if gap_threshold > 0:
        yield _Crossing(
            abs(q.gap - gap_threshold) / gap_threshold,
            replace(q, gap=_across(q.gap, gap_threshold)),
        )
    if q.vote is not None and thresholds.vote > 0:
        yield _Crossing(
            abs(abs(q.vote) - thresholds.vote) / thresholds.vote,
            replace(q, vote=_across(q.vote, thresholds.vote)),
        )
    if q.activation is not None and thresholds.silent_activation > 0:
        threshold = thresholds.silent_activation
        # Unlike the others this threshold itself is on the far side: an activation on it fires.
        activation = threshold if q.activation < threshold else math.nextafter(threshold, 0)
        yield _Crossing(
            abs(q.activation - threshold) / threshold, replace(q, activation=activation)
        )


def _across(quantity: float, threshold: float) -> float:
    """The nearest value whose size is on the threshold's other side; on it counts as within."""
    size = math.nextafter(threshold, math.inf) if abs(quantity) <= threshold else threshold
    return -size if quantity < 0 else size


def _outvoter(evidence: Evidence) -> Outvoter | None:
    others = _measured(evidence.drop_without_others)
    error = _measured(evidence.drop_without_error)
    if others is None or error is None:
        return None
    return "features" if others > error else "error"


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
