"""The table of verdicts (docs/verdicts.md) over what it holds against thresholds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.verdict.evidence import Evidence, Thresholds
from engine.verdict.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Quantities:
    """What is held against thresholds; each can be moved past its own alone."""

    counterexample: bool
    margin: float
    gap: float
    """|delta_sae - delta|."""
    has_features: bool
    vote: float | None
    activation: float | None


def quantities(evidence: Evidence) -> Quantities:
    """The quantities of one (pair, heuristic); a figure that is not finite was not measured."""
    effect = measured(evidence.effect)
    return Quantities(
        counterexample=evidence.counterexample,
        margin=evidence.margin,
        gap=abs(evidence.margin_sae - evidence.margin),
        has_features=evidence.has_features,
        vote=None if effect is None else vote(effect, counterexample=evidence.counterexample),
        activation=measured(evidence.activation),
    )


def vote(effect: float, *, counterexample: bool) -> float:
    """V: above zero the features vote as the heuristic predicts (docs/verdicts.md)."""
    return -effect if counterexample else effect


def measured(figure: float | None) -> float | None:
    """The figure, or None where it is none or not finite."""
    return figure if figure is not None and math.isfinite(figure) else None


def verdict_of(q: Quantities, thresholds: Thresholds) -> Verdict:
    """The first row of the table that holds."""
    before_features = _on_margins(q, thresholds)
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


def _on_margins(q: Quantities, thresholds: Thresholds) -> Verdict | None:
    """The part of the table that asks no feature; None where the PM and the SAE are right."""
    if not math.isfinite(q.margin):
        return Verdict.UNMEASURED
    if abs(q.margin) <= thresholds.margin:
        return Verdict.TIE
    if q.margin < 0:
        return Verdict.PM_WRONG
    if not math.isfinite(q.gap):
        return Verdict.UNMEASURED
    return Verdict.SAE_MISS if q.gap > gap_threshold(q, thresholds) else None


def gap_threshold(q: Quantities, thresholds: Thresholds) -> float:
    """How far the reconstructed margin may be off: max(epsilon_m, delta / 2)."""
    return _gap_threshold(q.margin, thresholds.margin)


def missed(margin: float, spliced: float, margin_threshold: float) -> bool:
    """What `sae-miss` asks, of the margin with anything in the place of the residual stream.

    False where the PM does not get the pair right: then nothing is there to be missed.
    """
    right = margin > margin_threshold
    return right and abs(spliced - margin) > _gap_threshold(margin, margin_threshold)


def _gap_threshold(margin: float, margin_threshold: float) -> float:
    return max(margin_threshold, margin / 2)
