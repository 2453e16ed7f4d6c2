"""The first screen's figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from engine.cache.bearers import BearerTable
from engine.cache.judged import JudgedRow
from engine.cache.population import covered, deletion_effect
from engine.cache.records import HeuristicCard, RunCard, TrancheCard
from engine.cache.sealed import SealedRun
from engine.heuristics import Kind, kind_of
from engine.verdict import Verdict, held


def run_card(sealed: SealedRun) -> RunCard:
    """A run in one line."""
    config, figures = sealed.manifest.config, sealed.figures
    return RunCard(
        run=sealed.run,
        pm=sealed.manifest.pm,
        sae=sealed.manifest.sae,
        hook=config.hook,
        readout=config.readout,
        dtype=config.dtype,
        pairs=figures.pairs,
        noise_floor=figures.noise_floor,
        margin_threshold=figures.margin_threshold,
        fvu=figures.fvu,
        reward_recovered=figures.reward_recovered,
    )


def heuristic_card(
    table: BearerTable, sealed: SealedRun | None, judged: Sequence[JudgedRow]
) -> HeuristicCard:
    """One heuristic's line.

    Args:
        table: its bearers.
        sealed: the run; None, or one that does not know the heuristic: it reads `unmeasured`.
        judged: the run's verdicts on it that stand; bearers without one read `unmeasured`.
    """
    measured = sealed.measured(table.heuristic) if sealed else None
    effect = deletion_effect(judged)
    coverage = covered(judged)
    verdicts = {row.id: row for row in judged}
    direction = table.heuristic.direction
    kinds: list[tuple[Kind, Verdict]] = []
    for borne in table.bearers:
        row = verdicts.get(borne.id)
        if row is None:
            kinds.append((kind_of(borne.bearer, direction), Verdict.UNMEASURED))
        else:
            kinds.append((row.kind, row.verdict))
    return HeuristicCard(
        heuristic=table.heuristic,
        held=held(direction, effect),
        chosen_only=table.counts.chosen_only,
        rejected_only=table.counts.rejected_only,
        both=table.counts.both,
        counterexamples=_counts(kinds, "counterexample"),
        conforming=_counts(kinds, "conforming"),
        features=measured.features if measured else (),
        coverage=coverage.estimate if coverage else None,
        deletion_effect=effect.estimate if effect else None,
    )


def tranche_cards(
    pairs: Mapping[str, int], margins: Mapping[str, Sequence[float]]
) -> tuple[TrancheCard, ...]:
    """Margins of each tranche: how many pairs it has, and the margins that stand for it."""
    cards = []
    for tranche, count in pairs.items():
        found = margins.get(tranche, ())
        right = sum((margin > 0) + 0.5 * (margin == 0) for margin in found)
        cards.append(
            TrancheCard(
                tranche=tranche,
                pairs=count,
                measured=len(found),
                mean_margin=sum(found) / len(found) if found else None,
                accuracy=right / len(found) if found else None,
            )
        )
    return tuple(cards)


def _counts(kinds: Iterable[tuple[Kind, Verdict]], kind: Kind) -> dict[Verdict, int]:
    counted = Counter(verdict for each, verdict in kinds if each == kind)
    return {verdict: counted[verdict] for verdict in Verdict if counted[verdict]}
