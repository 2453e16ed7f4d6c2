"""The rows of a file that comes in, whatever its form, each with where it stands."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import UserError
from engine.exchange.cells import from_cell
from engine.exchange.form import form_of
from engine.hh.saved import saved_splits


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its values by column, and where it is (file and line, or row)."""

    where: str
    values: Mapping[str, object]


def read_rows(path: Path) -> Iterator[Row]:
    """Every row of the file.

    Raises:
        UserError: there is no such file, it cannot be read, or a line of it is no row.
    """
    if not path.exists():
        raise UserError("there is no such file", where=str(path))
    form = "folder" if path.is_dir() else form_of(path)
    try:
        match form:
            case "parquet":
                with pq.ParquetFile(path) as file:
                    yield from _arrow(path, file.iter_batches())
            case "folder":
                for files in saved_splits(path, None).values():
                    for each in files:
                        with pa.memory_map(str(each)) as memory, pa.ipc.open_stream(memory) as read:
                            yield from _arrow(each, read)
            case "jsonl":
                yield from _json_lines(path)
            case "csv":
                yield from _csv(path)
    except (OSError, UnicodeDecodeError, pa.ArrowException, csv.Error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"it cannot be read: {reason}",
            where=str(path),
            todo="Fetch or write the file again: it is damaged or of another kind.",
        ) from None


def _arrow(path: Path, batches: Iterator[pa.RecordBatch]) -> Iterator[Row]:
    number = 0
    for batch in batches:
        for values in batch.to_pylist():
            yield Row(f"{path}, row {number}", values)
            number += 1


def _json_lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="\n") as stream:
        for number, line in enumerate(stream, 1):
            where = f"{path}, line {number}"
            if not line.strip():
                continue
            try:
                values = json.loads(line)
            except (ValueError, RecursionError):
                raise UserError("it is no JSON", where=where) from None
            if not isinstance(values, dict):
                raise UserError("it is no JSON object", where=where)
            yield Row(where, values)


def _csv(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        names = next(reader, [])
        for cells in reader:
            where = f"{path}, line {reader.line_num}"
            if len(cells) != len(names):
                raise UserError(f"it has {len(cells)} cells, not {len(names)}", where=where)
            yield Row(where, {n: from_cell(c) for n, c in zip(names, cells, strict=True)})
