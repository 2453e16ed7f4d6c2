"""Parts of a run: immutable Parquet files, each a fixed range of pair ids of one stage.

A part is written whole by a rename and never again. What a killed run left behind is simply what
is there: the ids it covers are read from the files, and the rest is measured.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.canonical import short_hash
from engine.errors import UserError
from engine.files import replacing
from engine.hh import split_pair_id

COMPRESSION = "zstd"
_UNNAMED = "00000000"
_ANY: Mapping[int, str] = MappingProxyType({})
_NONE: Mapping[str, pa.Field] = MappingProxyType({})


def ranges(ids: Iterable[int], size: int) -> Iterator[tuple[int, list[int]]]:
    """Group ids by fixed ranges of `size` ids: (range's first id, sorted ids in it)."""
    grouped: dict[int, list[int]] = {}
    for identifier in sorted(ids):
        grouped.setdefault(identifier // size * size, []).append(identifier)
    yield from grouped.items()


class Parts:
    """The parts of one run.

    Ids outlive the texts they stand for: a source that is indexed again from other bytes keeps
    its number. So a part's name says which bytes it was measured on, and others are not seen.
    """

    def __init__(self, folder: Path, sources: Mapping[int, str] = _ANY) -> None:
        """`sources`: 8 hex digits of what each source was made from, by its number."""
        self.folder = folder
        self._sources = sources

    def files(self, stage: str) -> list[Path]:
        """The finished parts of a stage that stand on today's sources, in a fixed order."""
        found = sorted((self.folder / stage).glob("*.parquet"))
        return [path for path in found if path.name.startswith(self._prefix(path.name[:16]))]

    def _prefix(self, first: str) -> str:
        """How the name begins of a part whose range starts there, in 16 hex digits."""
        number, _ = split_pair_id(int(first, 16))
        return f"{first}-{self._sources.get(number, _UNNAMED)}-"

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
        target = self.folder / stage / f"{self._prefix(f'{first:016x}')}{held}.parquet"
        with replacing(target) as beside:
            pq.write_table(table, beside, compression=COMPRESSION)

    def adopt(self, stage: str, other: Parts) -> None:
        """Take over another run's finished parts of a stage, but those that hold ids held here."""
        held = self.covered(stage)
        for path in other.files(stage):
            try:
                ids = set(_read(path, ["id"]).column("id").to_pylist())
            except UserError:  # the other run's trouble: here it is measured
                continue
            if held.isdisjoint(ids):
                held |= ids
                with replacing(self.folder / stage / path.name) as beside:
                    shutil.copyfile(path, beside)

    def read(self, stage: str, schema: pa.Schema, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows of a stage, sorted by id; an empty table where nothing was measured.

        A nullable column that a part of an earlier version lacks is null there.
        """
        wanted = list(columns) if columns else schema.names
        may_lack = {name: schema.field(name) for name in wanted if schema.field(name).nullable}
        tables = [_read(path, wanted, may_lack) for path in self.files(stage)]
        if not tables:
            return schema.empty_table().select(wanted)
        return pa.concat_tables(tables).replace_schema_metadata(None).sort_by("id")

    def metadata(self, stage: str, key: bytes) -> list[bytes]:
        """A metadata entry of every part of a stage, in the order of `files`."""
        found = (_opened(path).schema_arrow.metadata for path in self.files(stage))
        return [entries[key] for entries in found if entries and key in entries]


def only(table: pa.Table, ids: Sequence[int]) -> pa.Table:
    """The rows of some ids."""
    return table.filter(pc.is_in(table["id"], pa.array(ids, pa.int64())))


def without(table: pa.Table, ids: pa.ChunkedArray) -> pa.Table:
    """The rows of all other ids."""
    return table.filter(pc.invert(pc.is_in(table["id"], ids.combine_chunks())))


def _read(path: Path, columns: list[str], may_lack: Mapping[str, pa.Field] = _NONE) -> pa.Table:
    file = _opened(path)
    try:
        table = file.read(columns=columns)
        for name in may_lack.keys() - set(table.column_names):
            table = table.append_column(may_lack[name], pa.nulls(len(table), may_lack[name].type))
        return table.select(columns)
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
