"""The stage that no heuristic decides: base figures, activations and attributions by token."""

from __future__ import annotations

from collections.abc import Collection

from engine.cache import tables
from engine.measure import base
from engine.measure.instrument import Instrument, View
from engine.measure.integrated import integrated_rows
from engine.measure.on_views import BatchRows, Gradient, OnViews
from engine.measure.rows import base_row, check_rows, texts_row, tokens_row
from engine.measure.staging import BASE, CHECKS, INTEGRATED, TEXTS, TOKENS, Measure

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

    def rows_of(view: View, gradient: Gradient) -> BatchRows:
        found = BatchRows()
        if base_too:
            measured = base.measure(instrument, view, gradient())
            active = [figures.features for figures in measured]
            found.of[BASE] = [base_row(figures) for figures in measured]
            found.of[CHECKS] = check_rows(instrument, view, active, checked)
            found.of[INTEGRATED] = integrated_rows(instrument, view, active, integrated)
            found.moments[MOMENTS] = base.moments(view)
            found.moments[MOMENTS_AFTER_FIRST] = base.moments(view, after_first=True)
        if texts_too:
            rows = range(len(view.pairs))
            found.of[TEXTS] = [texts_row(view, row) for row in rows]
            found.of[TOKENS] = [tokens_row(instrument, view, row, gradient()) for row in rows]
        return found

    return OnViews(instrument, _BASE_SCHEMAS, rows_of, summed=BASE)


def tokens_stage(instrument: Instrument) -> Measure:
    """Attributions by token alone: what runs of earlier versions lack."""

    def rows_of(view: View, gradient: Gradient) -> BatchRows:
        rows = range(len(view.pairs))
        return BatchRows({TOKENS: [tokens_row(instrument, view, row, gradient()) for row in rows]})

    return OnViews(instrument, {TOKENS: tables.TOKEN_EFFECTS}, rows_of)
