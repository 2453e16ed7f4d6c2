"""The first screen's figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb
import numpy as np
import numpy.typing as npt

from engine.cache.bearers import LookedAt
from engine.cache.borne import STANDS
from engine.cache.population import held_by
from engine.cache.records import HeuristicCard, RunCard, TrancheCard
from engine.cache.sealed import SealedRun
from engine.heuristics import Kind
from engine.verdict import Verdict, bootstrap_mean, coverage_estimate

_VERDICTS = "SELECT kind, verdict, count(*) FROM borne WHERE heuristic = ? GROUP BY ALL"
_JUDGED = " ".join(
    (
        "SELECT context_hash, deletion_effect, CASE WHEN len(features) = 0 THEN 0",
        "WHEN bearer = 'chosen' THEN effect ELSE -effect END AS effect, len(features) > 0 AS has",
        "FROM borne WHERE heuristic = ? AND",
        STANDS,
        "ORDER BY id",
    )
)


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
    cursor: duckdb.DuckDBPyConnection, looked_at: LookedAt, sealed: SealedRun | None
) -> HeuristicCard:
    """One heuristic's line.

    Args:
        cursor: of a connection with the table `borne`.
        looked_at: the heuristic, and its census.
        sealed: the run; None, or one that does not know the heuristic: it reads `unmeasured`.
    """
    heuristic, counts = looked_at.heuristic, looked_at.counts
    measured = sealed.measured(heuristic) if sealed else None
    verdicts = cursor.execute(_VERDICTS, [heuristic.name]).fetchall()
    judged = cursor.execute(_JUDGED, [heuristic.name]).fetchnumpy()
    deletion = np.ma.asarray(judged["deletion_effect"], np.float64)
    known = ~np.ma.getmaskarray(deletion)
    contexts = judged["context_hash"][known].tolist()
    effect = bootstrap_mean(deletion.data[known], contexts)
    return HeuristicCard(
        heuristic=heuristic,
        held=held_by(
            heuristic, effect, len(set(contexts)), measured=len(judged["context_hash"]) > 0
        ),
        chosen_only=counts.chosen_only,
        rejected_only=counts.rejected_only,
        both=counts.both,
        counterexamples=_counts(verdicts, "counterexample"),
        conforming=_counts(verdicts, "conforming"),
        features=measured.features if measured else (),
        coverage=_coverage(judged["effect"], deletion, judged["has"]),
        deletion_effect=effect.estimate if effect else None,
    )


def _coverage(
    effects: npt.NDArray[np.float64],
    deletion: npt.NDArray[np.float64],
    has_features: npt.NDArray[np.bool_],
) -> float | None:
    """As engine.cache.population.covered, without its interval, which no line of a list has."""
    known = ~np.ma.getmaskarray(deletion)
    if np.ma.is_masked(effects) or not known.any() or not has_features.any():
        return None
    return coverage_estimate(np.asarray(effects, np.float64)[known], deletion.data[known])


def tranche_cards(
    pairs: Mapping[str, int], margins: Mapping[str, npt.NDArray[np.float64]]
) -> tuple[TrancheCard, ...]:
    """Margins of each tranche: how many pairs it has, and the margins that stand for it."""
    cards = []
    for tranche, count in pairs.items():
        found = margins.get(tranche, np.empty(0))
        right = float((found > 0).sum() + 0.5 * (found == 0).sum())
        cards.append(
            TrancheCard(
                tranche=tranche,
                pairs=count,
                measured=len(found),
                mean_margin=float(found.mean()) if len(found) else None,
                accuracy=right / len(found) if len(found) else None,
            )
        )
    return tuple(cards)


def _counts(rows: Iterable[tuple[str, str, int]], kind: Kind) -> dict[Verdict, int]:
    counted = {Verdict(verdict): pairs for each, verdict, pairs in rows if each == kind}
    return {verdict: counted[verdict] for verdict in Verdict if verdict in counted}
