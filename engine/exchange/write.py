"""Writing a table: Parquet, JSON lines, CSV, or a folder as datasets saves it; swapped in whole."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from engine.canonical import Json
from engine.exchange.cells import to_cell
from engine.exchange.form import FileForm, Form
from engine.exchange.table import Table
from engine.files import replacing


def write_table(path: Path, form: Form, table: Table, card: str) -> int:
    """Write the table; how many rows it had. Where that fails, what was there stays.

    Args:
        path: where to.
        form: as what.
        table: what.
        card: what a folder's data card says; other forms have no place for it.
    """
    if form == "folder":
        from engine.exchange.saved_folder import save_folder  # it loads datasets: seconds

        return save_folder(path, table, card)
    return sum(writing(path, form, table))


def writing(path: Path, form: FileForm, table: Table) -> Iterator[int]:
    """Write the table batch by batch: how many rows each had. Where that ends early, nothing is."""
    batches = {"parquet": _parquet_batches, "jsonl": _jsonl_batches, "csv": _csv_batches}[form]
    with replacing(path) as beside:
        yield from batches(beside, table)


def write_parquet(path: Path, table: Table) -> int:
    """Texts stay what they are, byte for byte."""
    return sum(_parquet_batches(path, table))


def _parquet_batches(path: Path, table: Table) -> Iterator[int]:
    with pq.ParquetWriter(path, table.schema) as writer:
        for batch in table.batches():
            writer.write_batch(batch)
            yield batch.num_rows


def _jsonl_batches(path: Path, table: Table) -> Iterator[int]:
    with path.open("w", encoding="utf-8", newline="") as stream:
        for batch in table.batches():
            for values in _values(batch):
                stream.write(json.dumps(values, allow_nan=False) + "\n")
            yield batch.num_rows


def _csv_batches(path: Path, table: Table) -> Iterator[int]:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(table.schema.names)
        for batch in table.batches():
            writer.writerows([to_cell(value) for value in row.values()] for row in _values(batch))
            yield batch.num_rows


def _values(batch: pa.RecordBatch) -> Iterator[dict[str, Json]]:
    """The rows in the schema's order and types; JSON has no NaN, so that reads null."""
    for values in batch.to_pylist():
        yield {name: _finite(value) for name, value in values.items()}


def _finite(value: Json) -> Json:
    return None if isinstance(value, float) and not math.isfinite(value) else value
