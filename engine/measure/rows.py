"""The rows that the stages write, and the tables they become."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict

import numpy as np
import pyarrow as pa
from torch import Tensor

from engine.cache.bearers import Borne
from engine.heuristics import Heuristic
from engine.measure import base
from engine.measure.checks import check
from engine.measure.instrument import Instrument, View
from engine.measure.prepare import Prepared
from engine.measure.tokens import token_effects

Row = dict[str, object]


def base_row(figures: base.PairFigures) -> Row:
    """One pair's base figures, its features as parallel lists."""
    row: Row = asdict(figures)
    return row | asdict(figures.features)


def check_rows(
    instrument: Instrument,
    view: View,
    active: Sequence[base.ActiveFeatures],
    checked: Collection[int],
) -> list[Row]:
    """The checked features of those pairs of a batch that are in `checked`."""
    return [
        {"id": prepared.pair.id} | asdict(made)
        for row, prepared in enumerate(view.pairs)
        if prepared.pair.id in checked
        for made in check(instrument, view, row, active[row])
    ]


NOT_DELETED: Row = {"reward_deleted": None, "reward_control": None}
"""Of a feature as heuristic, which has no text to delete."""


def span_row(prepared: Prepared, heuristic: Heuristic, bearer: Borne) -> Row:
    """Where the pattern is: in characters of the bearer's response, and in tokens of its text."""
    context = len(prepared.pair.context)
    return {
        "id": prepared.pair.id,
        "bearer": bearer.bearer,
        "span_start": [start - context for start, _ in bearer.spans],
        "span_end": [end - context for _, end in bearer.spans],
        "span_position": prepared.overlapping(bearer.bearer, bearer.spans, heuristic.window),
    }


def texts_row(view: View, row: int) -> Row:
    """One pair's activations over its response texts."""
    prepared = view.pairs[row]
    return {
        "id": prepared.pair.id,
        "text_chosen": prepared.text_positions("chosen"),
        "text_rejected": prepared.text_positions("rejected"),
    } | asdict(base.text_activations(view, row))


def tokens_row(instrument: Instrument, view: View, row: int, gradient: Tensor) -> Row:
    """One pair's attributions by token."""
    made = token_effects(instrument, view, row, gradient)
    return {"id": view.pairs[row].pair.id} | asdict(made)


def packed_moments(sums: Sequence[base.Moments]) -> bytes:
    """FVU's sums over a part, as its metadata keeps them."""
    whole = {
        "tokens": sum(made.tokens for made in sums),
        "error": sum(made.error for made in sums),
        "square": sum(made.square for made in sums),
        "total": np.sum([made.total for made in sums], axis=0).tolist(),
    }
    return json.dumps(whole).encode()


def table_of(rows: Sequence[Row], schema: pa.Schema) -> pa.Table:
    """Rows as a table sorted by id, whatever order the batches had."""
    columns = {name: [row[name] for row in rows] for name in schema.names}
    return pa.table(columns, schema=schema).sort_by("id")
