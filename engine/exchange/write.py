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
from engine.exchange.form import Form
from engine.exchange.tables import Table
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
    with replacing(path) as beside:
        if form == "parquet":
            return write_parquet(beside, table)
        return _write_jsonl(beside, table) if form == "jsonl" else _write_csv(beside, table)


def write_parquet(path: Path, table: Table) -> int:
    """Texts stay what they are, byte for byte."""
    rows = 0
    with pq.ParquetWriter(path, table.schema) as writer:
        for batch in table.batches():
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _write_jsonl(path: Path, table: Table) -> int:
    rows = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        for values in _values(table):
            stream.write(json.dumps(values, allow_nan=False) + "\n")
            rows += 1
    return rows


def _write_csv(path: Path, table: Table) -> int:
    rows = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(table.schema.names)
        for values in _values(table):
            writer.writerow([to_cell(value) for value in values.values()])
            rows += 1
    return rows


def _values(table: Table) -> Iterator[dict[str, Json]]:
    """The rows in the schema's order and types; JSON has no NaN, so that reads null."""
    batch: pa.RecordBatch
    for batch in table.batches():
        for values in batch.to_pylist():
            yield {name: _finite(value) for name, value in values.items()}


def _finite(value: Json) -> Json:
    return None if isinstance(value, float) and not math.isfinite(value) else value
