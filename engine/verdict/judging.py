"""From the figures of one (pair, heuristic) to its verdict (docs/verdicts.md)."""

from __future__ import annotations

import math

from engine.verdict.crossings import near_crossings
from engine.verdict.evidence import Evidence, Judgement, Thresholds
from engine.verdict.table import Quantities, measured, quantities, verdict_of
from engine.verdict.verdict import Outvoter, Verdict


def judge(evidence: Evidence, thresholds: Thresholds) -> Judgement:
    """The first verdict of the table that holds, and the one beyond the nearest threshold.

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
    q = quantities(evidence)
    verdict = verdict_of(q, thresholds)
    runner_up, distance = _nearest(verdict, q, evidence, thresholds)
    return Judgement(
        verdict=verdict,
        confident=(
            verdict is Verdict.PM_WRONG and _sigmoid(evidence.margin) < thresholds.confident_below
        ),
        by=_outvoter(evidence) if verdict is Verdict.OUTVOTED else None,
        vote=q.vote,
        runner_up=runner_up,
        distance=distance,
    )


def _nearest(
    verdict: Verdict, q: Quantities, evidence: Evidence, thresholds: Thresholds
) -> tuple[Verdict | None, float | None]:
    if verdict is Verdict.UNMEASURED:
        return None, None
    changes = [
        (other, crossing.distance)
        for crossing in near_crossings(q, evidence, thresholds)
        if (other := verdict_of(crossing.beyond, thresholds)) is not verdict
    ]
    return min(changes, key=lambda change: change[1], default=(None, None))


def _outvoter(evidence: Evidence) -> Outvoter | None:
    others = measured(evidence.drop_without_others)
    error = measured(evidence.drop_without_error)
    if others is None or error is None:
        return None
    return "features" if others > error else "error"


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
