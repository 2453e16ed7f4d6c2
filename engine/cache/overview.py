"""The first screen's figures, and the JSON snapshot that holds them between sittings."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cache.records import HeuristicCard, Overview, RunCard, TrancheCard
from engine.files import write_text
from engine.heuristics import Heuristic, Kind
from engine.verdict import Verdict

if TYPE_CHECKING:  # a snapshot is read before any of these are loaded
    from engine.cache.bearers import BearerTable
    from engine.cache.judged import JudgedRow
    from engine.cache.sealed import SealedRun

SNAPSHOT = "snapshot.json"
_VERSION = 1


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
    """One heuristic's line. `judged` are its rows; none of them: it reads `unmeasured`."""
    from engine.cache.population import control, covered  # numpy, not needed by a snapshot

    measured = None
    if sealed is not None:
        measured = next((m for m in sealed.heuristics if m.heuristic == table.heuristic), None)
    if measured is None or not judged:
        counterexamples = table.counts.chosen_only
        conforming = table.counts.rejected_only
        if table.heuristic.direction == "raises":
            counterexamples, conforming = conforming, counterexamples
        return HeuristicCard(
            heuristic=table.heuristic,
            held="unmeasured",
            chosen_only=table.counts.chosen_only,
            rejected_only=table.counts.rejected_only,
            both=table.counts.both,
            counterexamples={Verdict.UNMEASURED: counterexamples},
            conforming={Verdict.UNMEASURED: conforming},
            features=(),
            coverage=None,
            deletion_effect=None,
        )
    deletion = control(table.heuristic, judged)
    coverage = covered(judged)
    return HeuristicCard(
        heuristic=table.heuristic,
        held=deletion.held,
        chosen_only=table.counts.chosen_only,
        rejected_only=table.counts.rejected_only,
        both=table.counts.both,
        counterexamples=_counts(judged, "counterexample"),
        conforming=_counts(judged, "conforming"),
        features=measured.features,
        coverage=coverage.estimate if coverage else None,
        deletion_effect=deletion.effect.estimate if deletion.effect else None,
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


def _counts(judged: Sequence[JudgedRow], kind: Kind) -> dict[Verdict, int]:
    counted = Counter(row.verdict for row in judged if row.kind == kind)
    return {verdict: counted[verdict] for verdict in Verdict if counted[verdict]}


def write_snapshot(path: Path, overview: Overview) -> None:
    """Keep an overview for the next first frame."""
    write_text(path, json.dumps({"version": _VERSION, "overview": asdict(overview)}))


def read_snapshot(path: Path) -> Overview | None:
    """The overview that was kept; None where there is none, or another version wrote it."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["version"] != _VERSION:
            return None
        values = document["overview"]
        return Overview(
            index=values["index"],
            pairs=values["pairs"],
            run=RunCard(**values["run"]) if values["run"] else None,
            heuristics=tuple(_card(card) for card in values["heuristics"]),
            tranches=tuple(TrancheCard(**card) for card in values["tranches"]),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _card(values: dict[str, Any]) -> HeuristicCard:
    heuristic = values.pop("heuristic")
    counterexamples, conforming = (
        {Verdict(code): count for code, count in values.pop(kind).items()}
        for kind in ("counterexamples", "conforming")
    )
    return HeuristicCard(
        heuristic=Heuristic(**heuristic | {"features": tuple(heuristic["features"])}),
        features=tuple(values.pop("features")),
        counterexamples=counterexamples,
        conforming=conforming,
        **values,
    )
