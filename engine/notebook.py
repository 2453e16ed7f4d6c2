"""An index in a notebook: typed records and Arrow tables, to read and never to write.

`engine.open` makes one. Nothing here imports torch; pyarrow and duckdb come with the first index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from engine.cache.layout import IndexPaths, cache_dir
from engine.cache.opening import open_reader
from engine.cache.pair_records import PairDetail
from engine.cache.reader import IndexReader
from engine.cache.records import Overview, Query
from engine.cache.run_records import Figures
from engine.cache.sealed import find_run, no_run
from engine.demo.shipped import NAME, unpack
from engine.exchange.tables import EXPORTS
from engine.filters import parse
from engine.heuristics import Heuristic
from engine.heuristics.file import load_heuristics
from engine.report.build import build_report
from engine.report.report import Report


class Index:
    """One index and one of its runs. Close it, or use it in a `with`."""

    def __init__(self, reader: IndexReader) -> None:
        self._reader = reader

    @property
    def run(self) -> str | None:
        """The run's id; None: nothing is measured yet."""
        return self._reader.run.run if self._reader.run else None

    @property
    def heuristics(self) -> tuple[Heuristic, ...]:
        """What is looked at."""
        return self._reader.heuristics

    @property
    def figures(self) -> Figures:
        """What is known of the run as a whole: noise floor, thresholds, faithfulness.

        Raises:
            UserError: the index has no run.
        """
        if self._reader.run is None:
            raise no_run(self._reader.paths)
        return self._reader.run.figures

    def overview(self) -> Overview:
        """Every heuristic's counts and every tranche's margins."""
        return self._reader.overview()

    def report(self) -> Report:
        """The whole answer, with intervals: what `outvoted report` prints.

        Raises:
            UserError: the index has no run.
        """
        return build_report(self._reader)

    def pair(self, name: str) -> PairDetail:
        """All that is known of one pair.

        Args:
            name: `row`, `split:row` or `source:split:row`.

        Raises:
            UserError: it names no pair, or several.
        """
        return self._reader.pair(self._reader.store.find(name).id)

    def find(self, filter: str = "", *, heuristic: str | None = None) -> tuple[str, ...]:
        """The names of the pairs that a filter leaves, as `pair` takes them.

        Args:
            filter: as it is typed in the browser: `margin>2 verdict=outvoted`; empty: no filter.
            heuristic: bearers of this one alone, conforming pairs among them; None: every pair.

        Raises:
            UserError: the filter is at fault.
        """
        asked = parse(filter) if filter else None
        ids = self._reader.ids(Query(heuristic=heuristic, kind=None, filter=asked))
        return tuple(str(self._reader.store.name_of(int(identifier))) for identifier in ids)

    def pairs(self) -> pa.Table:
        """Every pair with its texts, rewards and margins."""
        return self._table("pairs")

    def verdicts(self) -> pa.Table:
        """One row for each pair and heuristic with a bearer that was measured, inputs and all."""
        return self._table("verdicts")

    def effects(self) -> pa.Table:
        """The exact effects behind the verdicts, and their controls."""
        return self._table("effects")

    def features(self) -> pa.Table:
        """The features stored of each measured pair: activations, attribution, checked effects."""
        return self._table("features")

    def suspects(self) -> pa.Table:
        """Pairs whose label may be wrong, and why; near-duplicates where they were looked for."""
        return self._table("suspects")

    def triage(self) -> pa.Table:
        """Everybody's marks and notes."""
        return self._table("triage")

    def pins(self) -> pa.Table:
        """Everybody's pins: the features that a user says stand for a heuristic in one SAE."""
        return self._table("pins")

    def _table(self, what: str) -> pa.Table:
        table = EXPORTS[what](self._reader)
        return pa.Table.from_batches(table.batches(), schema=table.schema)

    def close(self) -> None:
        """Let go of its files."""
        self._reader.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        pairs = self._reader.store.count()
        run = f"run {self.run}" if self.run else "no run"
        return f"<index {self._reader.paths.name}: {pairs:,} pairs, {run}>"


def open_index(
    name: str,
    cache: str | Path | None,
    run: str | None,
    heuristics: str | Path | Sequence[Heuristic] | None,
    labels: Mapping[int, str] | None,
) -> Index:
    """See `engine.open`."""
    folder = cache_dir(None if cache is None else str(cache))
    paths = unpack(folder) if name == NAME else IndexPaths(folder, name)
    asked = load_heuristics(Path(heuristics)) if isinstance(heuristics, str | Path) else heuristics
    named = find_run(paths, run) if run else None
    return Index(open_reader(paths, run=named, heuristics=asked, labels=labels))
