"""A table that goes out: its schema, and its rows batch by batch as Arrow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa

from engine.canonical import Json

BATCH = 2048
NAME = (("source", pa.string()), ("split", pa.string()), ("row", pa.int64()))
"""The columns that name a pair."""

Row = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Table:
    """A schema, and its rows batch by batch: an index need not fit into memory."""

    schema: pa.Schema
    rows: Iterator[Row]
    at_a_time: int = BATCH
    """Rows of a batch, at most."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Record batches of the schema."""
        while batch := list(islice(self.rows, self.at_a_time)):
            yield pa.RecordBatch.from_pylist(batch, schema=self.schema)
