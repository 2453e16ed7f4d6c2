"""Parts of a run: immutable Parquet files, each a fixed range of pair ids of one stage.

A part is written whole and never again. What a killed run left behind is simply what is there: the
ids it covers are read from the files, and the rest is measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.cache.part_place import Folder, PartPlace
from engine.canonical import short_hash
from engine.errors import UserError
from engine.hh import split_pair_id

_UNNAMED = "00000000"
_KEY = len(f"{0:016x}-{_UNNAMED}-{_UNNAMED}")
"""So much of a name says which part it is; two that share it hold the same rows."""
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

    def __init__(self, place: Path | PartPlace, sources: Mapping[int, str] = _ANY) -> None:
        """`sources`: 8 hex digits of what each source was made from, by its number."""
        self.place = Folder(place) if isinstance(place, Path) else place
        self.sources = sources

    def _prefix(self, first: str) -> str:
        """How the name begins of a part whose range starts there, in 16 hex digits."""
        number, _ = split_pair_id(int(first, 16))
        return f"{first}-{self.sources.get(number, _UNNAMED)}-"

    def _names(self, stage: str) -> list[str]:
        """The parts of a stage that stand on today's sources, in a fixed order."""
        names = self.place.names(stage)
        return [name for name in names if name.startswith(self._prefix(name[:16]))]

    def files(self, stage: str) -> list[Path]:
        """The finished parts of a stage that are files of this machine; at a URL none are."""
        if not isinstance(self.place, Folder):
            return []
        return [self.place.path / stage / name for name in self._names(stage)]

    def _files(self, stage: str) -> Iterator[tuple[str, pq.ParquetFile]]:
        """Where each finished part of a stage is, and what to read it from; in a fixed order."""
        seen: set[str] = set()
        for name in self._names(stage):
            if name[:_KEY] not in seen and (file := self._opened(stage, name)) is not None:
                seen.add(name[:_KEY])
                yield self.place.where(stage, name), file

    def _opened(self, stage: str, name: str) -> pq.ParquetFile | None:
        try:
            return self.place.opened(stage, name)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(self.place.where(stage, name), error) from None

    def covered(self, stage: str) -> set[int]:
        """The ids that a stage's finished parts hold."""
        return {
            identifier
            for where, file in self._files(stage)
            for identifier in _read(where, file, ["id"]).column("id").to_pylist()
        }

    def write(self, stage: str, first: int, table: pa.Table) -> None:
        """Write the part of the range that starts at `first`; the ids it holds are in its name."""
        held = short_hash(pc.unique(table["id"]).to_pylist())[:8]
        self.place.write(stage, f"{self._prefix(f'{first:016x}')}{held}.parquet", table)

    def adopt(self, stage: str, other: Parts) -> int:
        """Take over another run's finished parts of a stage, but those that hold ids held here.

        How many those are.
        """
        here = {name[:_KEY] for name in self._names(stage)}
        news = [name for name in other._names(stage) if name[:_KEY] not in here]
        held = self.covered(stage) if news else set()
        taken = 0
        for name in news:
            try:
                table = other._whole(stage, name)
            except UserError:  # the other run's trouble: here it is measured
                continue
            if table is not None and held.isdisjoint(ids := set(table["id"].to_pylist())):
                held |= ids
                self.place.write(stage, f"{name[:_KEY]}.parquet", table)
                taken += 1
        return taken

    def _whole(self, stage: str, name: str) -> pa.Table | None:
        file = self._opened(stage, name)
        where = self.place.where(stage, name)
        return None if file is None else _read(where, file, file.schema_arrow.names)

    def read(self, stage: str, schema: pa.Schema, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows of a stage, sorted by id; an empty table where nothing was measured.

        A nullable column that a part of an earlier version lacks is null there.
        """
        tables = list(self.tables(stage, schema, columns))
        if not tables:
            return schema.empty_table().select(list(columns) if columns else schema.names)
        return pa.concat_tables(tables).sort_by("id")

    def tables(
        self, stage: str, schema: pa.Schema, columns: Sequence[str] | None = None
    ) -> Iterator[pa.Table]:
        """The same rows part by part, for a stage that memory has no room for; parts in a fixed
        order, each sorted by id."""
        wanted = list(columns) if columns else schema.names
        may_lack = {name: schema.field(name) for name in wanted if schema.field(name).nullable}
        for where, file in self._files(stage):
            yield _read(where, file, wanted, may_lack).replace_schema_metadata(None)

    def metadata(self, stage: str, key: bytes) -> Iterator[bytes]:
        """A metadata entry of every part of a stage, in their order."""
        found = (file.schema_arrow.metadata for _, file in self._files(stage))
        return (entries[key] for entries in found if entries and key in entries)


def only(table: pa.Table, ids: Sequence[int]) -> pa.Table:
    """The rows of some ids."""
    return table.filter(pc.is_in(table["id"], pa.array(ids, pa.int64())))


def without(table: pa.Table, ids: pa.ChunkedArray) -> pa.Table:
    """The rows of all other ids."""
    return table.filter(pc.invert(pc.is_in(table["id"], ids.combine_chunks())))


def _read(
    where: str,
    file: pq.ParquetFile,
    columns: list[str],
    may_lack: Mapping[str, pa.Field] = _NONE,
) -> pa.Table:
    try:
        table = file.read(columns=columns)
        for name in may_lack.keys() - set(table.column_names):
            table = table.append_column(may_lack[name], pa.nulls(len(table), may_lack[name].type))
        return table.select(columns)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise _damaged(where, error) from None


def _damaged(where: str, error: Exception) -> UserError:
    return UserError(
        f"this part of a run cannot be read ({error})",
        where=where,
        todo="Delete it and run the same score command again: it measures this part anew.",
    )
