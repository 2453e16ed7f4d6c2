"""What a run says of one heuristic: deletion control, features, coverage, and the verdicts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from engine.cache.bearers import BearerTable
from engine.cache.judged import JudgedRow
from engine.cache.keys import Keys
from engine.cache.population import control, covered
from engine.cache.records import SEEN, Seen, Suspicion
from engine.cache.run_records import MeasuredHeuristic
from engine.cache.training import Training
from engine.heuristics import Kind, kind_of
from engine.report.report import HeuristicReport, KindReport
from engine.verdict import (
    JudgedPair,
    Outvoter,
    Shares,
    Verdict,
    differences,
    kind_shares,
    missed,
    shares,
    verdicts_of,
)


@dataclass(frozen=True, slots=True)
class Bearer:
    """One bearer as the population counts it; `row` is None where the run has no verdict on it."""

    kind: Kind
    tranche: str
    context_hash: str
    row: JudgedRow | None
    margin: float
    """NaN where it was not measured. A pair has one whether or not it is judged."""
    seen: Seen | None
    """None: nobody told what the PM was trained on."""
    suspicions: tuple[Suspicion, ...]
    """Why the label may be wrong; none: it is not suspect."""

    @property
    def judged(self) -> JudgedPair:
        row = self.row
        return JudgedPair(
            verdict=row.verdict if row else Verdict.UNMEASURED,
            margin=row.margin if row else self.margin,
            tranche=self.tranche,
            context_hash=self.context_hash,
        )


def on_heuristic(
    table: BearerTable,
    measured: MeasuredHeuristic | None,
    judged: Sequence[JudgedRow],
    keys: dict[int, Keys],
    margin_threshold: float,
    training: Training | None = None,
    suspects: Mapping[Suspicion, Collection[int]] | None = None,
    random_errors: Mapping[int, float] | None = None,
    margins: Mapping[int, float] | None = None,
) -> HeuristicReport:
    """Report on one heuristic.

    Args:
        table: the heuristic and all its bearers in the index.
        measured: how the run judged it; None where it did not.
        judged: the run's verdicts on it that stand.
        keys: tranche and context of every bearer, by id.
        margin_threshold: epsilon_m; a pair above it is one the PM got right.
        training: what was told of the PM's training.
        suspects: ids of pairs whose label may be wrong, by why.
        random_errors: margins with a random error of the SAE error's norm, by id.
        margins: of bearers, judged or not, by id.
    """
    direction = measured.judged_as if measured else table.heuristic.direction
    rows = {row.id: row for row in judged}
    at_random, known = random_errors or {}, margins or {}
    bearers = [
        Bearer(
            kind=row.kind if row else kind_of(borne.bearer, direction),
            tranche=keys[borne.id].tranche,
            context_hash=keys[borne.id].context_hash,
            row=row,
            margin=known.get(borne.id, math.nan),
            seen=training.of(borne.id) if training else None,
            suspicions=tuple(why for why, ids in (suspects or {}).items() if borne.id in ids),
        )
        for borne in table.bearers
        for row in [rows.get(borne.id)]
    ]
    counterexamples = [bearer for bearer in bearers if bearer.kind == "counterexample"]
    conforming = [bearer for bearer in bearers if bearer.kind == "conforming"]
    return HeuristicReport(
        heuristic=table.heuristic,
        chosen_only=table.counts.chosen_only,
        rejected_only=table.counts.rejected_only,
        both=table.counts.both,
        direction_judged=direction,
        deletion=control(table.heuristic, judged),
        features=measured.features if measured else (),
        folds=measured.folds if measured else (),
        jaccard=measured.jaccard if measured else None,
        in_sample=measured.in_sample if measured else False,
        pinned=measured.pinned if measured else False,
        pinned_by=measured.pinned_by if measured else None,
        vote_threshold=measured.vote_threshold if measured else None,
        insertion=measured.insertion if measured else None,
        by_margins=measured is None and bool(judged),
        coverage=covered(judged),
        coverage_all=covered(judged, by_all=True),
        counterexamples=_of_kind("counterexample", counterexamples, margin_threshold, at_random),
        conforming=_of_kind("conforming", conforming, margin_threshold, at_random),
        differences=differences(
            [bearer.judged for bearer in counterexamples], [bearer.judged for bearer in conforming]
        ),
    )


def _of_kind(
    kind: Kind,
    bearers: Sequence[Bearer],
    margin_threshold: float,
    random_errors: Mapping[int, float],
) -> KindReport:
    found = kind_shares([bearer.judged for bearer in bearers], kind, margin_threshold)
    rows = [bearer.row for bearer in bearers if bearer.row is not None]
    by = Counter(row.outvoted_by for row in rows if row.outvoted_by is not None)
    outvoters: tuple[Outvoter, ...] = ("features", "error")
    return KindReport(
        kind=kind,
        pooled=found.pooled,
        by_tranche=found.by_tranche,
        by_seen=_by_seen(kind, bearers, margin_threshold),
        outvoted_by={outvoter: by[outvoter] for outvoter in outvoters},
        confident=sum(row.confident for row in rows),
        decisive=sum(row.decisive is True for row in rows),
        random_misses=_random_misses(rows, margin_threshold, random_errors),
        absent=_absent(kind, found.pooled),
        suspects=Counter(made.judged.verdict for made in bearers if made.suspicions),
        suspicions=_suspicions(bearers),
    )


def _random_misses(
    rows: Sequence[JudgedRow], margin_threshold: float, random_errors: Mapping[int, float]
) -> int | None:
    known = [row for row in rows if row.id in random_errors]
    misses = (missed(row.margin, random_errors[row.id], margin_threshold) for row in known)
    return sum(misses) if known else None


def _suspicions(bearers: Sequence[Bearer]) -> dict[Verdict, Counter[Suspicion]]:
    found: dict[Verdict, Counter[Suspicion]] = {}
    for made in bearers:
        if made.suspicions:
            found.setdefault(made.judged.verdict, Counter()).update(made.suspicions)
    return found


def _by_seen(kind: Kind, bearers: Sequence[Bearer], margin_threshold: float) -> dict[str, Shares]:
    grouped = {each: [made.judged for made in bearers if made.seen == each] for each in SEEN}
    return {
        each: shares(judged, kind, margin_threshold) for each, judged in grouped.items() if judged
    }


def _absent(kind: Kind, found: Shares) -> tuple[Verdict, ...]:
    return tuple(
        verdict
        for verdict in verdicts_of(kind)
        if verdict is not Verdict.UNMEASURED
        and (verdict not in found.verdicts or found.verdicts[verdict].count == 0)
    )
