"""Records from Parquet files and from Arrow streams, as datasets writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import UserError
from engine.hh.record import BadRecord, Columns, Record, flaw_of

if TYPE_CHECKING:
    from pyarrow import RecordBatch

_BATCH = 1024


def read_parquet(path: Path, columns: Columns) -> Iterator[Record | BadRecord]:
    """One record a row of the file.

    Raises:
        UserError: it is no Parquet file, it is damaged, or a column is missing.
    """
    with damage_named(path, "Parquet"), pq.ParquetFile(path) as file:
        _require(columns, file.schema_arrow.names, path)
        batches = file.iter_batches(batch_size=_BATCH, columns=list(columns))
        yield from _records(batches, columns, path, 0)


def read_arrow(paths: Sequence[Path], columns: Columns) -> Iterator[Record | BadRecord]:
    """One record a row of the Arrow streams, read one after the other as one table.

    Raises:
        UserError: one of them is no Arrow stream, it is damaged, or a column is missing.
    """
    row = 0
    for path in paths:
        with (
            damage_named(path, "Arrow"),
            pa.memory_map(str(path)) as memory,
            pa.ipc.open_stream(memory) as stream,
        ):
            _require(columns, stream.schema.names, path)
            for record in _records(stream, columns, path, row):
                yield record
                row = record.row + 1


def _records(
    batches: Iterable[RecordBatch], columns: Columns, path: Path, row: int
) -> Iterator[Record | BadRecord]:
    for batch in batches:
        for start in range(0, batch.num_rows, _BATCH):
            sliced = batch.slice(start, _BATCH)
            # By column: a dict a row made by Arrow takes twice as long.
            texts = [sliced.column(name).to_pylist() for name in columns]
            for chosen, rejected in zip(*texts, strict=True):
                flaw = flaw_of(chosen, columns.chosen) or flaw_of(rejected, columns.rejected)
                if flaw is None:
                    yield Record(row, chosen, rejected)
                else:
                    yield BadRecord(f"{path}, row {row}", row, flaw)
                row += 1


def _require(columns: Columns, names: Sequence[str], path: Path) -> None:
    for column in columns:
        if column not in names:
            raise UserError(
                f'there is no column "{column}"; it has {", ".join(sorted(names)) or "none"}',
                where=str(path),
                todo="Name the columns with --chosen-column and --rejected-column.",
            )


@contextmanager
def damage_named(path: Path, kind: str) -> Iterator[None]:
    """A file that turns out to be damaged while it is read is named to the user."""
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        raise UserError(
            f"it cannot be read as {kind}",
            where=str(path),
            todo="Fetch or write the file again: it is damaged or of another kind.",
        ) from None
