"""Why a pair has its verdict, in words and figures. Pure; the order of docs/verdicts.md."""

from __future__ import annotations

from engine.cache.pair_records import HeuristicOnPair, PairDetail
from engine.verdict import Verdict
from tui.widgets.figures import NOTHING, signed


def _figure(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3g}"


def why(on: HeuristicOnPair, detail: PairDetail) -> str:
    """One sentence: the inputs that decided, and the threshold they were held against."""
    verdict, judged = on.judgement.verdict, on.judgement
    margin = _figure(on.thresholds.margin if on.thresholds else None)
    vote = _figure(on.thresholds.vote if on.thresholds else None)
    votes = f"vote {signed(judged.vote)}"
    match verdict:
        case Verdict.TIE:
            return (
                f"|margin {signed(detail.margin)}| ≤ ε_m {margin}: the PM does not tell them apart"
            )
        case Verdict.PM_WRONG:
            sure = ", and is confident of it" if judged.confident else ""
            return (
                f"margin {signed(detail.margin)} < -ε_m {margin}: "
                f"the PM prefers the rejected response{sure}"
            )
        case Verdict.SAE_MISS:
            return (
                f"reconstructed margin {signed(detail.margin_sae)} is too far from margin "
                f"{signed(detail.margin)}: the SAE cannot reconstruct the prediction"
            )
        case Verdict.NO_FEATURE:
            return "no feature of this dictionary stands for the pattern"
        case Verdict.OUTVOTED:
            return f"{votes} > ε {vote}: the features vote as the heuristic predicts, and {_by(on)}"
        case Verdict.FOLLOWED:
            return f"{votes} > ε {vote}: the features vote as the heuristic predicts, rightly here"
        case Verdict.CONTRARY:
            return f"{votes} < -ε {vote}: the features vote against what the heuristic predicts"
        case Verdict.SILENT:
            return (
                f"activation {_figure(on.activation)}, below {_silent(on)}: "
                "the features have further conditions"
            )
        case Verdict.INERT:
            return (
                f"activation {_figure(on.activation)} but |{votes}| ≤ ε {vote}: "
                "active, and the reward ignores it"
            )
        case Verdict.UNMEASURED if detail.run is None:
            return "no run has measured the pair: outvoted score makes one"
        case Verdict.UNMEASURED:
            return "this run has not measured the pair for this heuristic"


def _by(on: HeuristicOnPair) -> str:
    """Who outvotes: how much the margin drops without the others, and without the SAE error."""
    others, error = signed(on.drop_without_others), signed(on.drop_without_error)
    if on.judgement.by == "error":
        return (
            f"the SAE error wins (margin drops {error} without it, {others} without other features)"
        )
    return f"other features win (margin drops {others} without them, {error} without the SAE error)"


def _silent(on: HeuristicOnPair) -> str:
    return _figure(on.thresholds.silent_activation if on.thresholds else None)


def runner_up(on: HeuristicOnPair) -> str:
    """`next: inert, 1.4 thresholds away`; empty where there is none."""
    judged = on.judgement
    if judged.runner_up is None or judged.distance is None:
        return ""
    return f"next: {judged.runner_up.value}, {judged.distance:.2g} thresholds away"
