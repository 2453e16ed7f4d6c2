"""The stage that no heuristic decides: base figures, activations and attributions by token."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from engine.cache import tables
from engine.hh import Pair
from engine.measure import base
from engine.measure.budget import in_batches
from engine.measure.instrument import Instrument
from engine.measure.integrated import integrated_rows
from engine.measure.prepare import Prepared
from engine.measure.rows import (
    Row,
    base_row,
    check_rows,
    packed_moments,
    table_of,
    texts_row,
    tokens_row,
)
from engine.measure.staging import (
    BASE,
    CHECKS,
    INTEGRATED,
    TEXTS,
    TOKENS,
    Measure,
    Measured,
    tokens_once,
)

MOMENTS = b"outvoted.moments"
MOMENTS_AFTER_FIRST = b"outvoted.moments_after_first"

# In the order in which they are written. Base figures come after all that hangs on them: where
# they are missing, all of it is measured again in the same batches, and so to the same bits.
_BASE_SCHEMAS = {
    CHECKS: tables.CHECKS,
    INTEGRATED: tables.INTEGRATED,
    TOKENS: tables.TOKEN_EFFECTS,
    BASE: tables.BASE,
    TEXTS: tables.TEXT_ACTIVATIONS,
}


@dataclass(frozen=True, slots=True)
class _BaseRows:
    """What one batch adds to the tables of a part, by stage, and to its moments."""

    of: dict[str, list[Row]] = field(default_factory=dict)
    moments: dict[bytes, base.Moments] = field(default_factory=dict)


def base_stage(
    instrument: Instrument,
    *,
    base_too: bool,
    texts_too: bool,
    checked: Collection[int] = (),
    integrated: Collection[int] = (),
) -> Measure:
    """What no heuristic decides: base figures, activations and attributions by token, or both.

    With base figures also, of the pairs in `checked`, exact single effects beside attributions,
    and of those in `integrated` integrated gradients.
    """

    def rows_of(batch: Sequence[Prepared]) -> _BaseRows:
        view = instrument.view(batch)
        gradient = base.gradient_of_margin(instrument, view)
        found = _BaseRows()
        if base_too:
            measured = base.measure(instrument, view, gradient)
            active = [figures.features for figures in measured]
            found.of[BASE] = [base_row(figures) for figures in measured]
            found.of[CHECKS] = check_rows(instrument, view, active, checked)
            found.of[INTEGRATED] = integrated_rows(instrument, view, active, integrated)
            found.moments[MOMENTS] = base.moments(view)
            found.moments[MOMENTS_AFTER_FIRST] = base.moments(view, after_first=True)
        if texts_too:
            rows = range(len(batch))
            found.of[TEXTS] = [texts_row(view, row) for row in rows]
            found.of[TOKENS] = [tokens_row(instrument, view, row, gradient) for row in rows]
        return found

    def measure(pairs: Sequence[Pair]) -> Measured:
        prepared = [instrument.prepare(pair) for pair in pairs]
        parts = list(in_batches(instrument.budget, prepared, resumed=True, measure=rows_of))
        made: dict[str, pa.Table] = {}
        for stage, schema in _BASE_SCHEMAS.items():
            rows = [row for part in parts for row in part.of.get(stage, ())]
            if rows:  # few pairs are checked: most parts have no such table
                made[stage] = table_of(rows, schema)
        if BASE in made:
            sums = {
                key: packed_moments([part.moments[key] for part in parts])
                for key in (MOMENTS, MOMENTS_AFTER_FIRST)
            }
            made[BASE] = made[BASE].replace_schema_metadata(sums)
        return Measured(made, tokens_once(prepared))

    return measure


def tokens_stage(instrument: Instrument) -> Measure:
    """Attributions by token alone: what runs of earlier versions lack."""
    texts = base_stage(instrument, base_too=False, texts_too=True)

    def measure(pairs: Sequence[Pair]) -> Measured:
        made = texts(pairs)
        return Measured({TOKENS: made.tables[TOKENS]}, made.tokens)

    return measure
