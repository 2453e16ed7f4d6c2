"""What the PM was trained on, as the user told it: which pairs of an index those are.

It names no measurement: a run keeps it as a layer, and telling it again replaces it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from engine.cache.columns import Columns, arrow_schema
from engine.cache.layers import Layer, layer_path, read_layer, stand_layer, write_layer
from engine.cache.pairs import PairStore
from engine.cache.records import Seen

NAME = "training"
COLUMNS: Columns = {"id": "BIGINT", "content_hash": "VARCHAR", "seen": "VARCHAR"}

_KEYS = "SELECT id, content_hash FROM pairs ORDER BY id"


@dataclass(frozen=True, slots=True)
class Told:
    """What was told, in the user's words; together it is the whole of the training data."""

    rows: tuple[str, ...] = ()
    """Ranges, or files of them: `296-2311`, `test:296-2311`. Of a source that is named here all
    other rows were not trained on."""
    tranches: tuple[str, ...] = ()
    """Or `split:tranche`. All other tranches were not trained on."""
    texts: tuple[str, ...] = ()
    """Data sets and files of transcripts. What is in none of them was not trained on."""

    def __bool__(self) -> bool:
        return bool(self.rows or self.tranches or self.texts)


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """Which pairs the PM was trained on."""

    told: Told
    seen: Mapping[int, Seen]
    """Of every pair that something was told of, by its id; of all others it is unknown."""

    def of(self, identifier: int) -> Seen:
        return self.seen.get(identifier, "unknown")

    def count(self, seen: Seen) -> int:
        """How many pairs were told to be that."""
        return sum(flag == seen for flag in self.seen.values())


def keep_training(run: Path, store: PairStore, training: Training) -> None:
    """Replace what a run's folder says of the PM's training."""
    import pyarrow as pa

    with store.cursor() as cursor:
        hashes: dict[int, str] = dict(cursor.execute(_KEYS).fetchall())
    ids = sorted(training.seen)
    table = pa.table(
        {
            "id": ids,
            "content_hash": [hashes[identifier] for identifier in ids],
            "seen": [training.seen[identifier] for identifier in ids],
        },
        schema=arrow_schema(COLUMNS),
    )
    write_layer(layer_path(run, NAME), Layer(asdict(training.told), table))


def open_training(cursor: duckdb.DuckDBPyConnection, run: Path | None) -> Training | None:
    """What was told of a run's PM; makes the table `training` (id, seen) of today's pairs.

    Raises:
        UserError: the layer is damaged.
    """
    path = layer_path(run, NAME) if run else None
    layer = read_layer(path, COLUMNS) if path else None
    stand_layer(cursor, NAME, layer, COLUMNS)
    if layer is None:
        return None
    rows = cursor.execute("SELECT id, seen FROM training").fetchall()
    told = {name: tuple(_texts(layer.about.get(name))) for name in asdict(Told())}
    return Training(Told(**told), dict(rows))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, list):
        yield from map(str, value)
