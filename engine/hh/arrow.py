"""Records from Parquet files and from Arrow streams, as datasets writes them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import FailedError, UserError
from engine.hh.record import BadRecord, Columns, Record, flaw_of
from engine.remote import opened

if TYPE_CHECKING:
    from pyarrow import RecordBatch

_BATCH = 1024


def read_parquet(path: Path | str, columns: Columns) -> Iterator[Record | BadRecord]:
    """One record a row of the file; a text is a URL.

    Raises:
        UserError: it is no Parquet file, it is damaged, or a column is missing.
    """
    with (
        damage_named(path, "Parquet"),
        nullcontext(path) if isinstance(path, Path) else opened(path) as source,
        pq.ParquetFile(source) as file,
    ):
        _require(columns, file.schema_arrow.names, path)
        # Group by group: a pass over all of them keeps what it has read, the whole file in the end.
        groups = ([group] for group in range(file.num_row_groups))
        batches = itertools.chain.from_iterable(
            file.iter_batches(batch_size=_BATCH, row_groups=group, columns=list(columns))
            for group in groups
        )
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
    batches: Iterable[RecordBatch], columns: Columns, path: Path | str, row: int
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


def _require(columns: Columns, names: Sequence[str], path: Path | str) -> None:
    for column in columns:
        if column not in names:
            raise UserError(
                f'there is no column "{column}"; it has {", ".join(sorted(names)) or "none"}',
                where=str(path),
                todo="Name the columns with --chosen-column and --rejected-column.",
            )


@contextmanager
def damage_named(path: Path | str, kind: str) -> Iterator[None]:
    """A file that turns out to be damaged while it is read is named to the user."""
    try:
        yield
    except pa.ArrowMemoryError as error:
        raise FailedError(f"there was no memory to read it ({error})", where=str(path)) from None
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        raise UserError(
            f"it cannot be read as {kind}",
            where=str(path),
            todo="Fetch or write the file again: it is damaged or of another kind.",
        ) from None
