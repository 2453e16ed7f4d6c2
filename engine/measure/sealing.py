"""The end of a run: its figures and verdicts from its parts, written as the file that is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from engine.cache import tables
from engine.cache.bearers import BearerTable
from engine.cache.judged import JudgedRow
from engine.cache.keys import Keys, keys_of
from engine.cache.parts import Parts, only, without
from engine.cache.run_file import write_run
from engine.cache.run_records import RUN_FILE, Figures, Insertion, MeasuredHeuristic
from engine.cache.unchanged import content_hashes
from engine.measure import staging
from engine.measure.figures import FIGURES, run_figures
from engine.measure.heuristic_stages import (
    effects_stage_name,
    insertion_stage_name,
    spans_stage_name,
)
from engine.measure.insertion import insertion
from engine.measure.judging import Layer, Margins, by_id, judge_heuristic
from engine.measure.peaks import strongest_tokens
from engine.measure.selection import Selection
from engine.measure.sitting import Sitting


@dataclass(frozen=True, slots=True)
class Samples:
    """The pairs that stand for others, by what was measured of them."""

    rewards: Sequence[int]
    """The hashed sample of the index."""
    alone: Sequence[int]
    """Those of the noise floor: each text was run by itself."""
    checked: Sequence[int]
    """Attributions against exact effects."""
    integrated: Sequence[int]
    """Integrated gradients against them."""


def seal(
    sitting: Sitting,
    samples: Samples,
    keys: Mapping[int, Keys],
    selections: Sequence[Selection],
    hosts: Sequence[Sequence[int]],
) -> Figures:
    """Seal the run. Parts may hold more than today's samples: those of earlier sittings too."""
    sitting.check_pairs()
    parts = sitting.parts
    base = parts.read(staging.BASE, tables.BASE, FIGURES)
    sample = without(parts.read(staging.SAMPLE, tables.SAMPLE), base["id"])
    checks = only(parts.read(staging.CHECKS, tables.CHECKS), samples.checked)
    noise = only(parts.read(staging.NOISE, tables.NOISE), samples.alone)
    integrated = only(parts.read(staging.INTEGRATED, tables.INTEGRATED), samples.integrated)
    figures = run_figures(parts, base, sample, checks, integrated, noise, samples.rewards)
    margins = {
        row["id"]: Margins(
            chosen=row["reward_chosen"],
            rejected=row["reward_rejected"],
            margin_sae=row["reward_chosen_sae"] - row["reward_rejected_sae"],
        )
        for row in only(base, sorted(keys)).to_pylist()
    }
    measured: list[MeasuredHeuristic] = []
    judged: list[JudgedRow] = []
    for table, selection, hosting in zip(sitting.bearers, selections, hosts, strict=True):
        layer = _layer(parts, table, selection)
        heuristic, rows = judge_heuristic(
            table, selection, layer, margins, keys, figures.margin_threshold
        )
        pinned_by = sitting.pins.user if sitting.pins.of(table.heuristic) else None
        made = _insertion(sitting, table, hosting)
        measured.append(replace(heuristic, insertion=made, pinned_by=pinned_by))
        judged += rows
    write_run(
        sitting.paths.run(sitting.run) / RUN_FILE,
        manifest=sitting.manifest,
        figures=figures,
        heuristics=measured,
        judged=judged,
        base=parts.tables(staging.BASE, tables.BASE),
        sample=sample,
        sampled=list(samples.rewards),
        checks=checks,
        peaks=_peaks(sitting, sorted(keys)),
        tokens=only(parts.read(staging.TOKENS, tables.TOKEN_EFFECTS), sorted(keys)),
        texts=content_hashes(sitting.store),
    )
    return figures


def _insertion(sitting: Sitting, table: BearerTable, hosts: Sequence[int]) -> Insertion | None:
    rows = only(sitting.parts.read(insertion_stage_name(table), tables.INSERTIONS), hosts)
    contexts = keys_of(sitting.store, hosts)
    return insertion(rows, {identifier: key.context_hash for identifier, key in contexts.items()})


def _peaks(sitting: Sitting, bearing: list[int]) -> pa.Table:
    texts = only(sitting.parts.read(staging.TEXTS, tables.TEXT_ACTIVATIONS), bearing)
    pairs = sitting.store.pairs(bearing)
    return strongest_tokens(texts, map(sitting.instrument.prepare, pairs))


def _layer(parts: Parts, table: BearerTable, selection: Selection) -> Layer:
    effects: dict[int, dict[str, object]] = {}
    for fold in selection.folds:
        found = by_id(parts.read(effects_stage_name(table, fold.features), tables.EFFECTS))
        judged = (identifier for identifier in found if identifier in selection.fold_of)
        effects |= {
            identifier: found[identifier]
            for identifier in judged
            if selection.judging(identifier).features == fold.features
        }
    return Layer(spans=by_id(parts.read(spans_stage_name(table), tables.SPANS)), effects=effects)
