"""How usual the responses of a run's pairs are to a language model: a layer of the run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from engine.cache.columns import Columns, arrow_schema
from engine.cache.keys import keys_of
from engine.cache.layers import Layer, layer_path, read_layer, stand_layer, write_layer
from engine.cache.pairs import PairStore

if TYPE_CHECKING:  # loaded by what writes
    import pyarrow as pa

NAME = "likelihood"

_FIGURES: Columns = {
    "truncated": "INTEGER",
    "tokens_chosen": "INTEGER",
    "tokens_rejected": "INTEGER",
    "log_likelihood_chosen": "DOUBLE",
    "log_likelihood_rejected": "DOUBLE",
}
COLUMNS: Columns = {"id": "BIGINT", "content_hash": "VARCHAR", **_FIGURES}

_ALL = """
SELECT id, tokens_chosen, tokens_rejected, log_likelihood_chosen, log_likelihood_rejected
FROM likelihood
"""


def part_schema() -> pa.Schema:
    """As it is measured: sums in nats over the response's tokens, null where there are none."""
    return arrow_schema({"id": "BIGINT", **_FIGURES})


@dataclass(frozen=True, slots=True)
class MeasuredBy:
    """The language model that says so."""

    lm: str
    hash: str
    tokenizer_hash: str
    dtype: str


_BY = tuple(each.name for each in fields(MeasuredBy))


@dataclass(frozen=True, slots=True)
class SideSums:
    """Log-likelihoods of one pair's responses, chosen first: sums over tokens, and their number."""

    tokens: tuple[int, int]
    totals: tuple[float | None, float | None]


def keep_likelihood(
    run: Path, store: PairStore, by: MeasuredBy, ids: Iterable[int], measured: pa.Table
) -> None:
    """Replace the layer of a run by what was measured of these pairs."""
    import pyarrow as pa

    from engine.cache.parts import only

    table = only(measured, sorted(ids))
    found = table["id"].to_pylist()
    keys = keys_of(store, found)
    hashes = pa.array([keys[identifier].content_hash for identifier in found], pa.string())
    table = table.append_column("content_hash", hashes).select(list(COLUMNS))
    write_layer(layer_path(run, NAME), Layer(asdict(by), table))


def open_likelihood(cursor: duckdb.DuckDBPyConnection, run: Path | None) -> MeasuredBy | None:
    """Make the table `likelihood` of today's pairs; by which model, or None without a layer.

    Raises:
        UserError: the layer is damaged.
    """
    layer = read_layer(layer_path(run, NAME), COLUMNS) if run else None
    stand_layer(cursor, NAME, layer, COLUMNS)
    if layer is None:
        return None
    return MeasuredBy(**{name: str(layer.about.get(name)) for name in _BY})


def all_likelihoods(cursor: duckdb.DuckDBPyConnection) -> dict[int, SideSums]:
    """Every pair's, by id, from the table that `open_likelihood` made."""
    rows = cursor.execute(_ALL).fetchall()
    return {row[0]: SideSums((row[1], row[2]), (row[3], row[4])) for row in rows}
