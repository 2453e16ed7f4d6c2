"""From a run's parts to its verdicts. No model is needed here, and none is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import pyarrow as pa

from engine.cache.bearers import BearerTable, Borne
from engine.cache.judged import JudgedRow
from engine.cache.keys import Keys
from engine.cache.run_records import MeasuredHeuristic
from engine.heuristics import kind_of
from engine.measure.selection import Selection
from engine.verdict import Evidence, Thresholds, judge, resolve, vote_threshold


@dataclass(frozen=True, slots=True)
class Margins:
    """One pair's rewards."""

    chosen: float
    rejected: float
    margin_sae: float

    @property
    def margin(self) -> float:
        return self.chosen - self.rejected


@dataclass(frozen=True, slots=True)
class Layer:
    """What was measured of one heuristic's bearers, by pair id."""

    spans: Mapping[int, dict[str, object]]
    effects: Mapping[int, dict[str, object]]


def by_id(table: pa.Table) -> dict[int, dict[str, object]]:
    """The rows of a table of parts, by pair id."""
    return {row["id"]: row for row in table.to_pylist()}


def judge_heuristic(
    table: BearerTable,
    selection: Selection,
    layer: Layer,
    margins: Mapping[int, Margins],
    keys: Mapping[int, Keys],
    margin_threshold: float,
) -> tuple[MeasuredHeuristic, list[JudgedRow]]:
    """Judge every bearer of one heuristic."""
    heuristic = table.heuristic
    deletions = {
        borne.id: _own_reward(borne, margins) - deleted
        for borne in table.bearers
        if (deleted := _maybe(layer.spans[borne.id]["reward_deleted"])) is not None
    }
    direction = resolve(heuristic.direction, fmean(deletions.values()) if deletions else None)
    epsilon = vote_threshold(
        margin_threshold,
        np.array(
            [
                effect
                for row in layer.effects.values()
                if (effect := _maybe(row["random_effect"])) is not None
            ]
        ),
    )
    rows = []
    for borne in table.bearers:
        judging = selection.judging(borne.id)
        thresholds = Thresholds(margin_threshold, epsilon, judging.silent_activation)
        span, effects = layer.spans[borne.id], layer.effects[borne.id]
        margin, key = margins[borne.id], keys[borne.id]
        kind = kind_of(borne.bearer, direction or "auto")
        evidence = Evidence(
            counterexample=kind == "counterexample",
            margin=margin.margin,
            margin_sae=margin.margin_sae,
            has_features=bool(judging.features),
            effect=_maybe(effects["effect"]),
            activation=_maybe(effects["activation"]),
            drop_without_others=_maybe(effects["drop_without_others"]),
            drop_without_error=_maybe(effects["drop_without_error"]),
        )
        made = judge(evidence, thresholds)
        control = _maybe(span["reward_control"])
        rows.append(
            JudgedRow(
                heuristic=heuristic.name,
                id=borne.id,
                tranche=key.tranche,
                context_hash=key.context_hash,
                kind=kind,
                bearer=borne.bearer,
                span_start=_places(span["span_start"]),
                span_end=_places(span["span_end"]),
                features=judging.features,
                in_sample=selection.in_sample,
                margin=margin.margin,
                margin_sae=margin.margin_sae,
                effect=evidence.effect,
                activation=evidence.activation,
                effect_all=_number(effects["effect_all"]),
                random_effect=_maybe(effects["random_effect"]),
                drop_without_others=evidence.drop_without_others,
                drop_without_error=_number(effects["drop_without_error"]),
                deletion_effect=deletions.get(borne.id),
                control_effect=None if control is None else _own_reward(borne, margins) - control,
                decisive=_decisive(borne, margin, deletions.get(borne.id)),
                margin_threshold=thresholds.margin,
                vote_threshold=thresholds.vote,
                silent_activation=thresholds.silent_activation,
                verdict=made.verdict,
                confident=made.confident,
                outvoted_by=made.by,
                vote=made.vote,
                runner_up=made.runner_up,
                distance=made.distance,
                effect_over_response=_maybe(effects["effect_over_response"]),
            )
        )
    measured = MeasuredHeuristic(
        heuristic=heuristic,
        direction=direction or "auto",
        folds=tuple(fold.candidates for fold in selection.folds),
        features=selection.features,
        jaccard=selection.jaccard,
        in_sample=selection.in_sample,
        pinned=selection.pinned,
        vote_threshold=epsilon,
        chosen_only=table.counts.chosen_only,
        rejected_only=table.counts.rejected_only,
        both=table.counts.both,
    )
    return measured, rows


def _own_reward(borne: Borne, margins: Mapping[int, Margins]) -> float:
    rewards = margins[borne.id]
    return rewards.chosen if borne.bearer == "chosen" else rewards.rejected


def _decisive(borne: Borne, margin: Margins, deletion_effect: float | None) -> bool | None:
    """Whether the margin changes its sign when the bearer loses the pattern; None: it cannot."""
    if deletion_effect is None:
        return None
    change = -deletion_effect if borne.bearer == "chosen" else deletion_effect
    return bool(np.sign(margin.margin + change) != np.sign(margin.margin))


def _number(value: object) -> float:
    if not isinstance(value, float):
        raise TypeError(f"a part holds {value!r} where a figure belongs")
    return value


def _maybe(value: object) -> float | None:
    return None if value is None else _number(value)


def _places(value: object) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, list) else ()
