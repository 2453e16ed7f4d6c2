"""The pairs of an index, read from its source files."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import reduce
from pathlib import Path
from typing import Any, TypeAlias

import duckdb

from engine.cache.connection import DAMAGE, SharedConnection
from engine.cache.layout import IndexPaths
from engine.cache.pair_spec import PairSpec, no_such_pair, parse_pair_spec, several_pairs
from engine.cache.source_info import SourceInfo, attach, read_info, stamp
from engine.cache.texts import check_texts, stand_texts
from engine.canonical import short_hash
from engine.errors import UserError
from engine.hh import Pair, PairName, pair_id, split_pair_id

Row: TypeAlias = tuple[int, str, str, str, str]
Responses: TypeAlias = tuple[int, str, str]
"""A pair's id, and its chosen and rejected response."""
Share: TypeAlias = tuple[int, int]
"""Which of how many parts of the pairs, counted from 0."""
ALL: Share = (0, 1)

_ROWS_BY_RANGE = """
SELECT id, tranche, context, chosen, rejected FROM pairs WHERE id >= ? AND id < ? ORDER BY id
"""
_RESPONSES = 8_192
_RESPONSES_BY_RANGE = """
SELECT id, chosen, rejected FROM pairs WHERE id >= ? AND id < ? ORDER BY id
"""
_RESPONSES_OF = "SELECT id, chosen, rejected FROM pairs WHERE id"
_ROWS_OF = "SELECT id, tranche, context, chosen, rejected FROM pairs WHERE id"
_FEW = 256
_IDS = "SELECT id FROM pairs WHERE id IN (SELECT unnest(?::BIGINT[])) ORDER BY id"
_IDS_WHERE = "SELECT id FROM pairs p WHERE"
_IDS_WITHIN = "SELECT id FROM pairs p WHERE id >= ? AND id < ? AND"
_TRANCHES = "SELECT tranche, count(*) FROM pairs GROUP BY tranche ORDER BY min(id)"
_EXTENTS = "SELECT id >> 40, min(id), max(id) FROM pairs GROUP BY 1 ORDER BY 1"


class PairStore:
    """Every source of one index, attached for reading to one in-memory connection.

    The view `pairs` unites them: id, row, tranche, context, chosen, rejected, content_hash,
    context_hash. A store may be shared by threads: each call takes a cursor of its own.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        sources: Sequence[SourceInfo],
        folder: Path,
        stamps: Mapping[int, tuple[int, int]],
    ) -> None:
        self._shared = SharedConnection(connection)
        self._folder = folder
        self._stamps = stamps
        self.sources = {info.number: info for info in sources}
        self.leaving = threading.Event()
        """Set, from any thread, once no answer is waited for any more: long work is given up."""

    @property
    def sources_hash(self) -> str:
        """16 hex digits that change whenever a source is added or changed."""
        return short_hash(
            [[info.number, info.hash, info.settings] for info in self.sources.values()]
        )

    def source_hashes(self) -> dict[int, str]:
        """8 hex digits of what each source was made from, by its number."""
        return source_hashes(self.sources)

    def indexed_again(self) -> list[tuple[SourceInfo, SourceInfo | None]]:
        """The sources whose pairs were replaced since the store was opened, as it has them and as
        they are now; None: gone. It goes on reading the pairs that it was opened on.
        """
        found = []
        for number, info in self.sources.items():
            path = self._folder / f"{number}.duckdb"
            if stamp(path) != self._stamps[number]:
                now = read_info(path)
                if now is None or now.made_of != info.made_of:
                    found.append((info, now))
        return found

    def cursor(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A cursor for one thread; fetch its results whole. See `SharedConnection.cursor`."""
        return self._shared.cursor()

    def attach(self, path: Path, alias: str) -> None:
        """Attach another file of the index for reading, as `alias` (letters and digits)."""
        self._shared.attach(path, alias)

    def count(self) -> int:
        """How many pairs there are."""
        return sum(info.pairs for info in self.sources.values())

    def tranches(self) -> dict[str, int]:
        """How many pairs each tranche has, in the order of their first pair."""
        return dict(self._fetch(_TRANCHES))

    def iter_pairs(self, batch: int = 2048, share: Share = ALL) -> Iterator[Pair]:
        """All pairs in the order of their ids, at most `batch` of them in memory at a time."""
        for first, end in self._extents(share):
            # A range of ids skips whole blocks; LIMIT would sort what is left, every time.
            for start in range(first, end, batch):
                stop = min(start + batch, end)
                yield from map(self._pair, self._fetch(_ROWS_BY_RANGE, [start, stop]))

    def iter_responses(self, share: Share = ALL) -> Iterator[Responses]:
        """The responses of every pair, in the order of the ids."""
        for first, end in self._extents(share):
            for start in range(first, end, _RESPONSES):
                stop = min(start + _RESPONSES, end)
                yield from self._fetch(_RESPONSES_BY_RANGE, [start, stop])

    def responses(self, ids: Sequence[int]) -> Iterator[Responses]:
        """The responses of some pairs, in any order."""
        yield from self._of(_RESPONSES_OF, ids)

    def _extents(self, share: Share) -> Iterator[tuple[int, int]]:
        """Of each source the ids of a share of its rows: the first, and the one after the last."""
        part, parts = share
        for _, first, last in self._fetch(_EXTENTS):
            rows = last + 1 - first
            yield first + rows * part // parts, first + rows * (part + 1) // parts

    def pairs(self, ids: Iterable[int]) -> tuple[Pair, ...]:
        """The pairs of these ids, in the order given.

        Raises:
            UserError: the index has no pair of one of them.
        """
        wanted = [int(identifier) for identifier in ids]
        found = {row[0]: self._pair(row) for row in self._of(_ROWS_OF, wanted)}
        missing = next((identifier for identifier in wanted if identifier not in found), None)
        if missing is not None:
            raise UserError(
                f"the index has no pair with id {missing}",
                where=str(self._folder),
                todo="Its sources changed since that was written; score it again.",
            )
        return tuple(found[identifier] for identifier in wanted)

    def _of(self, statement: str, ids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
        ordered = sorted(set(ids))
        size = _FEW if self.in_place else max(1, len(ordered))
        for start in range(0, len(ordered), size):
            condition, values = self.among(ordered[start : start + size])
            yield from self._fetch(" ".join((statement, condition)), values)

    @property
    def in_place(self) -> bool:
        """Whether texts of some pairs are where they were found."""
        return any(info.texts is not None for info in self.sources.values())

    def among(self, ids: Sequence[int]) -> tuple[str, list[object]]:
        """How a statement asks for the pairs of some ids, and the values of that.

        A few values reach the statistics of a Parquet file in which texts were left, so that only
        the row groups are read that hold them. One list of them does not. One id skips all blocks
        but its own anywhere.
        """
        if len(ids) == 1:
            return "= ?", list(ids)
        if self.in_place and len(ids) <= _FEW:
            return f"IN ({', '.join('?' * len(ids))})", list(ids)
        return "IN (SELECT unnest(?::BIGINT[]))", [list(ids)]

    def ids_where(self, condition: str, values: Sequence[object], share: Share = ALL) -> list[int]:
        """The ids for which a condition of engine.cache's own holds, its values bound, in order."""
        query = " ".join((_IDS_WHERE, condition, "ORDER BY id"))
        if share == ALL:
            return [identifier for (identifier,) in self._fetch(query, values)]
        query = " ".join((_IDS_WITHIN, f"({condition})", "ORDER BY id"))
        return [
            identifier
            for first, end in self._extents(share)
            for (identifier,) in self._fetch(query, [first, end, *values])
        ]

    def find(self, spec: str) -> Pair:
        """The pair that PAIR names: `row`, `split:row` or `source:split:row`.

        Raises:
            UserError: it is malformed, names no pair, or could be several (they are listed).
        """
        parsed = parse_pair_spec(spec)
        candidates = [
            info for info in self.sources.values() if parsed.fits(info.source, info.split)
        ]
        found = self._present(candidates, parsed.row)
        if not found:
            raise no_such_pair(spec, self._elsewhere(parsed), self.sources.values())
        if len(found) > 1:
            raise several_pairs(spec, found.values())
        return self.pairs(found)[0]

    def name_of(self, identifier: int) -> PairName:
        """What names the pair of an id for good."""
        number, row = split_pair_id(identifier)
        info = self.sources[number]
        return PairName(info.source, info.split, row)

    def _elsewhere(self, parsed: PairSpec) -> tuple[PairName, ...]:
        return tuple(self._present(self.sources.values(), parsed.row).values())

    def _present(self, infos: Iterable[SourceInfo], row: int) -> dict[int, PairName]:
        """The names of those sources' pairs at this row, by id; skipped rows are not there."""
        names = {
            pair_id(info.number, row): PairName(info.source, info.split, row) for info in infos
        }
        return {found: names[found] for (found,) in self._fetch(_IDS, [list(names)])}

    def _pair(self, row: Row) -> Pair:
        identifier, tranche, context, chosen, rejected = row
        return Pair(identifier, self.name_of(identifier), tranche, context, chosen, rejected)

    def _fetch(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            with self.cursor() as cursor:
                return cursor.execute(query, list(values)).fetchall()
        except DAMAGE:
            self._check_texts()
            raise UserError(
                "a source file is damaged",
                where=str(self._folder),
                todo="Delete the files of that folder and index the sources again.",
            ) from None

    def _check_texts(self) -> None:
        for info in self.sources.values():
            if info.texts is not None:
                check_texts(info.texts)

    def close(self) -> None:
        self._shared.close()


def _table(connection: duckdb.DuckDBPyConnection, info: SourceInfo) -> duckdb.DuckDBPyRelation:
    """The pairs of one source that is attached."""
    if info.texts is None:
        return connection.table(f"s{info.number}.main.pairs")
    view = f"p{info.number}"
    stand_texts(connection, info.texts, f"s{info.number}.main.keys", view)
    return connection.view(view)


def source_hashes(sources: Mapping[int, SourceInfo]) -> dict[int, str]:
    """8 hex digits of what each source was made from, by its number."""
    return {number: info.made_of[:8] for number, info in sources.items()}


def open_pairs(paths: IndexPaths) -> PairStore:
    """Open the pairs of an index.

    Raises:
        UserError: there is no index, or a source file is damaged or of another schema version.
    """
    numbers = paths.source_numbers()
    if not numbers:
        raise UserError(
            f'there is no index "{paths.name}"',
            where=str(paths.cache),
            todo="Make one with `outvoted index SOURCE`, or look at the demo: `outvoted demo`.",
        )
    # Letting go of blocks must never write any into the folder that somebody works in.
    connection = duckdb.connect(":memory:", config={"temp_directory": ""})
    stamps = {number: stamp(paths.source(number)) for number in numbers}
    try:
        infos = [attach(connection, paths.source(number), f"s{number}") for number in numbers]
        tables = [_table(connection, info) for info in infos]
        reduce(lambda left, right: left.union(right), tables).create_view("pairs")
    except duckdb.Error:
        connection.close()
        raise UserError(
            "a source file has no table of pairs",
            where=str(paths.sources),
            todo="Delete the files of that folder and index the sources again.",
        ) from None
    except UserError:
        connection.close()
        raise
    return PairStore(connection, infos, paths.sources, stamps)
