"""A second and a third run of the fake index, one pair over all of them, and custom pairs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.cache.comparison_records import (
    Apart,
    ComparedHeuristic,
    ComparedMargins,
    Comparison,
    DifferingPair,
    NaturalAgainstCustom,
    PairInRun,
    TextFigures,
    VerdictInRun,
)
from engine.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.cache.pair_records import PairDetail
    from engine.cache.records import RunCard
    from engine.heuristics import Heuristic

OTHERS = ("fedcba9876543210", "00112233445566ff")
_NEXT = {Verdict.OUTVOTED: Verdict.INERT, Verdict.SILENT: Verdict.OUTVOTED}


def other_card(run: RunCard, other: str) -> RunCard:
    layer = 12 if other == OTHERS[0] else 8
    return replace(run, run=other, sae=f"gated-l{layer} [bold]", hook=f"transformer.h.{layer}")


def make_comparison(
    run: RunCard, other: str, details: Sequence[PairDetail], heuristics: Sequence[Heuristic]
) -> Comparison:
    """Another layer: what was outvoted is inert there, what was silent is outvoted."""
    measured = [detail for detail in details if detail.margin is not None]
    points = tuple(
        (detail.margin, 0.8 * detail.margin - 0.05 * (detail.pair.name.row % 5))
        for detail in measured
        if detail.margin is not None
    )
    return Comparison(
        run=run,
        other=other_card(run, other),
        apart=tuple(
            Apart(name, here, there)
            for name, here, there in (
                ("SAE", run.sae, other_card(run, other).sae),
                ("hook", run.hook, other_card(run, other).hook),
            )
        ),
        margins=ComparedMargins(
            pairs=len(points),
            correlation=0.987,
            agreeing=len(points) - 2,
            mean=0.431,
            other_mean=0.302,
            points=points,
        ),
        heuristics=tuple(_compared(heuristic, measured) for heuristic in heuristics[:2]),
    )


def _compared(heuristic: Heuristic, measured: Sequence[PairDetail]) -> ComparedHeuristic:
    ours = [detail for detail in measured if detail.heuristics[0].heuristic == heuristic]
    both = [
        (detail, verdict, _NEXT.get(verdict, verdict))
        for detail in ours
        for verdict in (detail.heuristics[0].judgement.verdict,)
    ]
    return ComparedHeuristic(
        heuristic=heuristic,
        pairs=len(both),
        verdicts=Counter((verdict, other) for _, verdict, other in both),
        differing=tuple(
            _differing(detail, other) for detail, verdict, other in both if verdict != other
        ),
    )


def _differing(detail: PairDetail, other: Verdict) -> DifferingPair:
    on = detail.heuristics[0]
    margin = detail.margin or 0.0
    return DifferingPair(
        id=detail.pair.id,
        label=f"test:{detail.pair.name.row}",
        tranche=detail.pair.tranche,
        kind=on.kind,
        verdict=on.judgement.verdict,
        by=on.judgement.by,
        other_verdict=other,
        other_by="features" if other is Verdict.OUTVOTED else None,
        margin=margin,
        other_margin=0.8 * margin,
    )


def make_runs(run: RunCard, detail: PairDetail) -> tuple[PairInRun, ...]:
    """The pair in three runs; one of them did not measure it."""
    on = detail.heuristics[0]
    made = VerdictInRun(
        on.heuristic.name, on.kind, on.judgement.verdict, on.judgement.by, 0.42, on.effect
    )
    return (
        PairInRun(run, detail.margin, detail.margin_sae, (made,)),
        PairInRun(other_card(run, OTHERS[1]), None, None, ()),
        PairInRun(other_card(run, OTHERS[0]), -0.3, -0.25, (replace(made, vote=-0.1),)),
    )


def make_customs(heuristics: Sequence[Heuristic]) -> tuple[NaturalAgainstCustom, ...]:
    """Thirty natural bearers and twelve custom ones of the first heuristic; none of the others."""
    natural = tuple(_figures(place / 30, Verdict.OUTVOTED) for place in range(30))
    custom = tuple(_figures(1.0 + place / 12, Verdict.SILENT) for place in range(12))
    return tuple(
        NaturalAgainstCustom(heuristic, natural, () if place else custom)
        for place, heuristic in enumerate(heuristics[:2])
    )


def _figures(value: float, verdict: Verdict) -> TextFigures:
    return TextFigures(
        context=str(value),
        verdict=verdict,
        margin=value,
        margin_sae=0.9 * value,
        vote=value / 2,
        effect=-value / 2,
        activation=2 * value,
        deletion_effect=None,
    )
