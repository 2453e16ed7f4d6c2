"""The stages of a run beside the base one: what each measures of which pairs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict

import pyarrow as pa

from engine.cache import tables
from engine.cache.bearers import Borne
from engine.heuristics import Heuristic
from engine.hh import Pair
from engine.measure import base
from engine.measure.alone import margin_alone
from engine.measure.deletion import deletion, rewards_without
from engine.measure.effects import Question, group_effects
from engine.measure.instrument import Instrument, View
from engine.measure.integrated import integrated_rows
from engine.measure.on_views import BatchRows, Gradient, OnViews
from engine.measure.prepare import Prepared
from engine.measure.rows import NOT_DELETED, Row, check_rows, span_row, table_of
from engine.measure.staging import (
    CHECKS,
    INTEGRATED,
    NOISE,
    SAMPLE,
    Measure,
    Measured,
    rows_in_batches,
    tokens_once,
)

FeatureRows = Callable[
    [Instrument, View, Sequence[base.ActiveFeatures], Collection[int]], list[Row]
]
"""What is told of the active features of those pairs of a batch that are asked for."""


def sample_stage(instrument: Instrument) -> Measure:
    """Rewards alone."""

    def rows_of(batch: Sequence[Prepared]) -> list[Row]:
        packed = instrument.pack(batch)
        rewards = instrument.forward.rewards(packed).tolist()
        return [
            {
                "id": prepared.pair.id,
                "tokens": made.tokens,
                "truncated": prepared.truncated,
                "reward_chosen": chosen,
                "reward_rejected": rejected,
            }
            for prepared, made, (chosen, rejected) in zip(
                batch, packed.bundles, rewards, strict=True
            )
        ]

    def measure(pairs: Sequence[Pair]) -> Measured:
        prepared = [instrument.prepare(pair) for pair in pairs]
        rows = rows_in_batches(instrument, prepared, rows_of, resumed=False)
        return Measured({SAMPLE: table_of(rows, tables.SAMPLE)}, tokens_once(prepared))

    return measure


def spans_stage(
    instrument: Instrument, stage: str, heuristic: Heuristic, bearers: Mapping[int, Borne]
) -> Measure:
    """Where the pattern is in tokens, and the deletion control: null where it does not fit."""

    def measure(pairs: Sequence[Pair]) -> Measured:
        spans = {
            pair.id: span_row(instrument.prepare(pair), heuristic, bearers[pair.id])
            for pair in pairs
        }
        edited = {
            made.prepared.pair.id: made
            for pair in pairs
            if (made := deletion(instrument, pair, heuristic, bearers[pair.id]))
        }

        def rows_of(batch: Sequence[Prepared]) -> list[Row]:
            rewards = rewards_without(instrument, [edited[item.pair.id] for item in batch])
            return [
                spans[item.pair.id] | asdict(made)
                for item, made in zip(batch, rewards, strict=True)
            ]

        texts = [made.prepared for made in edited.values()]
        rows = rows_in_batches(instrument, texts, rows_of, resumed=False)
        rows += [spans[identifier] | NOT_DELETED for identifier in spans.keys() - edited.keys()]
        return Measured({stage: table_of(rows, tables.SPANS)}, tokens_once(texts))

    return measure


def firing_stage(
    instrument: Instrument, stage: str, heuristic: Heuristic, bearers: Mapping[int, Borne]
) -> Measure:
    """Where a feature as heuristic fires, in tokens. It has no text to delete: no control."""

    def measure(pairs: Sequence[Pair]) -> Measured:
        rows = [
            span_row(instrument.prepare(pair), heuristic, bearers[pair.id]) | NOT_DELETED
            for pair in pairs
        ]
        return Measured({stage: table_of(rows, tables.SPANS)}, 0)

    return measure


def effects_stage(instrument: Instrument, stage: str, questions: Mapping[int, Question]) -> Measure:
    """Exact group effects of one heuristic and one feature set."""

    def rows_of(view: View, _: Gradient) -> BatchRows:
        asked = [questions[prepared.pair.id] for prepared in view.pairs]
        answers = group_effects(instrument, view, asked)
        return BatchRows(
            {
                stage: [
                    {"id": prepared.pair.id} | asdict(answer)
                    for prepared, answer in zip(view.pairs, answers, strict=True)
                ]
            }
        )

    return OnViews(instrument, {stage: tables.EFFECTS}, rows_of)


def checks_stage(instrument: Instrument) -> Measure:
    """Exact single effects beside attributions, of pairs whose base figures are there already."""
    return _on_features(instrument, CHECKS, tables.CHECKS, check_rows)


def integrated_stage(instrument: Instrument) -> Measure:
    """Integrated gradients, of pairs whose base figures are there already."""
    return _on_features(instrument, INTEGRATED, tables.INTEGRATED, integrated_rows)


def _on_features(
    instrument: Instrument, stage: str, schema: pa.Schema, told: FeatureRows
) -> Measure:
    def rows_of(view: View, gradient: Gradient) -> BatchRows:
        active = base.attributions(instrument, view, gradient())
        ids = {prepared.pair.id for prepared in view.pairs}
        return BatchRows({stage: told(instrument, view, active, ids)})

    return OnViews(instrument, {stage: schema}, rows_of)


def noise_stage(instrument: Instrument) -> Measure:
    """Margins of pairs run each by itself."""

    def measure(pairs: Sequence[Pair]) -> Measured:
        prepared = [instrument.prepare(pair) for pair in pairs]
        rows: list[Row] = [
            {"id": item.pair.id, "margin_alone": margin_alone(instrument, item)}
            for item in prepared
        ]
        return Measured({NOISE: table_of(rows, tables.NOISE)}, tokens_once(prepared))

    return measure
