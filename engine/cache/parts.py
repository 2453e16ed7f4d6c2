"""Parts of a run: immutable Parquet files, each a fixed range of pair ids of one stage.

A part is written whole by a rename and never again. What a killed run left behind is simply what
is there: the ids it covers are read from the files, and the rest is measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.canonical import short_hash
from engine.errors import UserError
from engine.files import replacing

COMPRESSION = "zstd"


def ranges(ids: Iterable[int], size: int) -> Iterator[tuple[int, list[int]]]:
    """Group ids by fixed ranges of `size` ids: (range's first id, sorted ids in it)."""
    grouped: dict[int, list[int]] = {}
    for identifier in sorted(ids):
        grouped.setdefault(identifier // size * size, []).append(identifier)
    yield from grouped.items()


class Parts:
    """The parts of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self, stage: str) -> list[Path]:
        """The finished parts of a stage, in a fixed order."""
        return sorted((self.folder / stage).glob("*.parquet"))

    def stages(self, family: str) -> list[str]:
        """The stages below a family, such as one `effects/...` for each layer."""
        return sorted(
            str(path.relative_to(self.folder))
            for path in (self.folder / family).glob("*")
            if path.is_dir()
        )

    def covered(self, stage: str) -> set[int]:
        """The ids that a stage's finished parts hold."""
        return {
            identifier
            for path in self.files(stage)
            for identifier in _read(path, ["id"]).column("id").to_pylist()
        }

    def write(self, stage: str, first: int, table: pa.Table) -> None:
        """Write the part of the range that starts at `first`; the ids it holds are in its name."""
        held = short_hash(pc.unique(table["id"]).to_pylist())[:8]
        target = self.folder / stage / f"{first:016x}-{held}.parquet"
        with replacing(target) as beside:
            pq.write_table(table, beside, compression=COMPRESSION)

    def read(self, stage: str, schema: pa.Schema, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows of a stage, sorted by id; an empty table where nothing was measured."""
        wanted = list(columns) if columns else schema.names
        tables = [_read(path, wanted) for path in self.files(stage)]
        if not tables:
            return schema.empty_table().select(wanted)
        return pa.concat_tables(tables).replace_schema_metadata(None).sort_by("id")

    def metadata(self, stage: str, key: bytes) -> list[bytes]:
        """A metadata entry of every part of a stage, in the order of `files`."""
        found = (_opened(path).schema_arrow.metadata for path in self.files(stage))
        return [entries[key] for entries in found if entries and key in entries]


def _read(path: Path, columns: list[str]) -> pa.Table:
    file = _opened(path)
    try:
        return file.read(columns=columns).select(columns)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise _damaged(path, error) from None


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> UserError:
    return UserError(
        f"this part of a run cannot be read ({error})",
        where=str(path),
        todo="Delete it and run the same score command again: it measures this part anew.",
    )
