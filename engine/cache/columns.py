"""Columns of our own tables: named once in DuckDB's words, as an Arrow schema where one is written.

Arrow takes 30 MB, and a browser only reads: so it is loaded by what writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

Columns = Mapping[str, str]
"""DuckDB's type by name, in the table's order."""


def arrow_schema(columns: Columns) -> pa.Schema:
    """The same columns for Arrow."""
    import pyarrow as pa

    types = {
        "BIGINT": pa.int64(),
        "INTEGER": pa.int32(),
        "FLOAT": pa.float32(),
        "DOUBLE": pa.float64(),
        "BOOLEAN": pa.bool_(),
        "VARCHAR": pa.string(),
        "INTEGER[]": pa.list_(pa.int32()),
    }
    return pa.schema([(name, types[kind]) for name, kind in columns.items()])


def declared(columns: Columns) -> str:
    """The columns as CREATE TABLE takes them."""
    return ", ".join(f"{name} {kind}" for name, kind in columns.items())


def nulls(columns: Columns) -> str:
    """The columns as a SELECT of nothing has them: for views over what is not there."""
    return ", ".join(f"NULL::{kind} AS {name}" for name, kind in columns.items())
