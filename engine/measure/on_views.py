"""Stages that are measured on views of batches: those of several SAEs too, on one capture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
from torch import Tensor

from engine.hh import Pair
from engine.measure.base import Moments, gradient_of_margin
from engine.measure.budget import in_batches
from engine.measure.forward import Captured, capture_for
from engine.measure.instrument import Instrument, View
from engine.measure.packing import Packed
from engine.measure.prepare import Prepared
from engine.measure.rows import Row, packed_moments, table_of
from engine.measure.staging import Measure, Measured, Task, tokens_once, write_part

Gradient = Callable[[], Tensor]
"""d delta / d x at the hook point, [rows, columns, d_model] float32; computed where it is asked
for, and once for all SAEs of one hook point."""


@dataclass(frozen=True, slots=True)
class BatchRows:
    """What one batch adds to the tables of a part, by stage, and to the metadata of one."""

    of: dict[str, list[Row]] = field(default_factory=dict)
    moments: dict[bytes, Moments] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OnViews:
    """Measures pairs by what an instrument sees of each batch after one forward."""

    instrument: Instrument
    schemas: Mapping[str, pa.Schema]
    """Of the tables that it makes, by stage, in the order in which they are written."""
    rows_of: Callable[[View, Gradient], BatchRows]
    summed: str = ""
    """The stage whose table holds the moments."""

    def __call__(self, pairs: Sequence[Pair]) -> Measured:
        (measured,) = on_one_capture([self], pairs)
        return measured

    def tables(self, batches: Sequence[BatchRows]) -> dict[str, pa.Table]:
        """A part's tables from the rows of its batches."""
        made: dict[str, pa.Table] = {}
        for stage, schema in self.schemas.items():
            rows = [row for batch in batches for row in batch.of.get(stage, ())]
            if rows or len(self.schemas) == 1:  # few pairs are checked: most parts have no such one
                made[stage] = table_of(rows, schema)
        if self.summed in made:
            keys = dict.fromkeys(key for batch in batches for key in batch.moments)
            sums = {key: packed_moments([batch.moments[key] for batch in batches]) for key in keys}
            made[self.summed] = made[self.summed].replace_schema_metadata(sums)
        return made


def on_one_capture(stages: Sequence[OnViews], pairs: Sequence[Pair]) -> list[Measured]:
    """Measure the same pairs for stages of one PM, each batch run once for all of them.

    Every stage gets the rows that it would get by itself, to the last bit. The instruments must
    read one PM in one way, and be alike in `Forward.at_the_end`. Tokens are counted of the first.
    """
    instruments = [stage.instrument for stage in stages]
    prepared = [instruments[0].prepare(pair) for pair in pairs]

    def measure(batch: Sequence[Prepared]) -> list[BatchRows]:
        packed = instruments[0].pack(batch)
        captures = capture_for([each.forward for each in instruments], packed)
        gradients: dict[int, Tensor] = {}
        # A view is let go before the next is made: activations are the largest there is.
        return [
            _rows(stage, batch, packed, captured, gradients)
            for stage, captured in zip(stages, captures, strict=True)
        ]

    budget = min((each.budget for each in instruments), key=lambda budget: budget.columns)
    batches = list(in_batches(budget, prepared, resumed=True, measure=measure))
    return [
        Measured(
            stage.tables([batch[number] for batch in batches]),
            0 if number else tokens_once(prepared),
        )
        for number, stage in enumerate(stages)
    ]


def measure_task(measures: Sequence[Measure], task: Task, pairs: Sequence[Pair]) -> int:
    """Measure pairs for one stage, or for several on one capture, and write their parts.

    Args:
        measures: one for each part; those of several must be measured on views.
        task: the parts.
        pairs: those of its ids.

    Returns:
        How many tokens were computed.
    """
    if len(measures) == 1:
        made = [measures[0](pairs)]
    else:
        made = on_one_capture([each for each in measures if isinstance(each, OnViews)], pairs)
    for part, measured in zip(task.parts, made, strict=True):
        write_part(part.place, part.stage.name, part.first, measured)
    return sum(measured.tokens for measured in made)


def _rows(
    stage: OnViews,
    batch: Sequence[Prepared],
    packed: Packed,
    captured: Captured,
    gradients: dict[int, Tensor],
) -> BatchRows:
    """One stage's rows of a batch; `gradients` holds what is known of them, by block."""
    instrument = stage.instrument
    view = instrument.view_of(batch, packed, captured)

    def gradient() -> Tensor:
        block = instrument.forward.block
        if block not in gradients:
            gradients[block] = gradient_of_margin(instrument, view)
        return gradients[block]

    return stage.rows_of(view, gradient)
