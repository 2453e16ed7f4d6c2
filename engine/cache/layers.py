"""Layers of a run: what is known of its pairs beside its figures, each a Parquet file of its own.

They lie beside the manifest and are no part of the run's id. A layer is replaced whole, and each of
its rows names the texts it was said of: on others it says nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from engine.cache.columns import Columns, arrow_schema, declared
from engine.canonical import Json, canonical
from engine.errors import UserError
from engine.files import replacing

if TYPE_CHECKING:  # loaded with a layer: most indexes have none
    import pyarrow as pa

_ABOUT = b"outvoted.about"
_STANDING = """
SELECT layer.* EXCLUDE (content_hash)
FROM layer JOIN pairs ON pairs.id = layer.id AND pairs.content_hash = layer.content_hash
ORDER BY layer.id
"""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One layer, as its file holds it."""

    about: Mapping[str, Json]
    """Where its figures come from."""
    table: pa.Table
    """`id`, `content_hash` and the layer's own columns."""


def layer_path(run: Path, name: str) -> Path:
    """The file of a layer in a run's folder."""
    return run / f"{name}.parquet"


def write_layer(path: Path, layer: Layer) -> None:
    """Replace a layer in one step."""
    import pyarrow.parquet as pq

    metadata = {_ABOUT: canonical(layer.about).encode()}
    with replacing(path) as beside:
        pq.write_table(layer.table.replace_schema_metadata(metadata), beside, compression="zstd")


def read_layer(path: Path, columns: Columns) -> Layer | None:
    """A layer with these columns; None where there is none.

    Raises:
        UserError: it is damaged, or not what Outvoted writes.
    """
    if not path.exists():
        return None
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = arrow_schema(columns)
    try:
        table = pq.read_table(path, partitioning=None)
        about = json.loads((table.schema.metadata or {})[_ABOUT])
        if not isinstance(about, dict):
            raise ValueError("it does not say where it comes from")
        return Layer(about, table.select(schema.names).replace_schema_metadata(None).cast(schema))
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"this layer of a run is damaged ({reason})",
            where=str(path),
            todo="Delete it; what it held can be told or measured again with `outvoted score`.",
        ) from None


def stand_layer(
    cursor: duckdb.DuckDBPyConnection, name: str, layer: Layer | None, columns: Columns
) -> None:
    """Create the table `name` of the layer's rows that stand on today's texts; empty without it.

    Args:
        cursor: of a connection with the view `pairs`.
        name: of the table; letters alone.
        layer: as it was read.
        columns: the layer's.
    """
    kept = {column: kind for column, kind in columns.items() if column != "content_hash"}
    cursor.execute(f"CREATE TABLE {name} ({declared(kept)})")
    if layer is not None:
        cursor.register("layer", layer.table)
        cursor.execute(" ".join(("INSERT INTO", name, _STANDING)))
        cursor.unregister("layer")
