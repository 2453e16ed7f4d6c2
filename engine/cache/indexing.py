"""Building and extending an index: every source becomes one file, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Literal

import duckdb

from engine.cache.layout import IndexPaths
from engine.cache.source_file import Progress, write_source
from engine.cache.source_info import OlderError, SourceInfo, attach
from engine.cache.texts import TextsAt
from engine.canonical import short_hash
from engine.errors import UserError
from engine.files import replacing, sweep, writer_lock
from engine.hh.source import Source
from engine.remote import stamp_of

Outcome = Literal["indexed", "rebuilt", "already indexed"]


@dataclass(frozen=True, slots=True)
class Indexed:
    """What became of one source."""

    outcome: Outcome
    info: SourceInfo


def index_sources(
    paths: IndexPaths,
    sources: Sequence[Source],
    *,
    skip_bad: bool = False,
    progress: Progress = lambda name, records: None,
) -> tuple[Indexed, ...]:
    """Write what is new or changed among the sources; nothing changes unless all of them succeed.

    A new source gets the next number; a changed one, or one that an earlier version of Outvoted
    wrote, keeps its own, so that ids stay.

    Raises:
        UserError: a source or the index is at fault, or another process is writing the index.
    """
    with writer_lock(paths.sources):
        sweep(paths.sources, "*.duckdb")
        plan = _plan(paths, sources, skip_bad)
        with ExitStack() as swaps:  # every file is renamed in when all are written
            done = [
                Indexed(
                    outcome,
                    info
                    if outcome == "already indexed"
                    else write_source(
                        swaps.enter_context(replacing(paths.source(info.number))),
                        source,
                        info,
                        skip_bad=skip_bad,
                        progress=progress,
                    ),
                )
                for source, outcome, info in plan
            ]
    return tuple(done)


def _plan(
    paths: IndexPaths, sources: Sequence[Source], skip_bad: bool
) -> list[tuple[Source, Outcome, SourceInfo]]:
    known = _known(paths)
    plan: list[tuple[Source, Outcome, SourceInfo]] = []
    planned: set[tuple[str, str]] = set()
    for source in sources:
        if (source.location, source.split) in planned:
            continue
        planned.add((source.location, source.split))
        fresh = _described(source)
        old = _same(known, fresh)
        if old is None:
            number = max((info.number for info in known), default=0) + 1
            info = replace(fresh, number=number, source=_free_name(known, fresh))
            known.append(info)
            plan.append((source, "indexed", info))
        elif _unchanged(old, fresh) and (skip_bad or not old.skipped):
            plan.append((source, "already indexed", old))
        else:
            plan.append((source, "rebuilt", replace(fresh, number=old.number, source=old.source)))
    return plan


def _known(paths: IndexPaths) -> list[SourceInfo]:
    """The index's sources; one that an earlier version wrote is known by its name and place."""
    infos = []
    for number in paths.source_numbers():
        with duckdb.connect(":memory:") as connection:
            try:
                infos.append(attach(connection, paths.source(number), "source"))
            except OlderError as error:
                infos.append(error.info)
    return infos


def _described(source: Source) -> SourceInfo:
    ranges = {name: [rows.start, rows.stop] for name, rows in (source.ranges or {}).items()}
    settings = short_hash(
        {"columns": list(source.columns), "tranche": source.tranche, "ranges": ranges}
    )
    try:
        digest = source.hash()
    except OSError as error:
        raise UserError(f"it cannot be read: {error.strerror}", where=source.location) from None
    texts = _texts(source) if source.in_place else None
    return SourceInfo(
        0, source.name, source.split, source.location, digest, settings, 0, 0, (), texts
    )


def _texts(source: Source) -> TextsAt:
    """Where its texts are left. DuckDB takes some characters of a path for a pattern."""
    if any(character in source.location for character in "*?[]{}"):
        raise UserError(
            "a file is not left in place whose path holds one of * ? [ ] { }",
            where=source.location,
            todo="Call it something else, or index it without --in-place.",
        )
    stamp = stamp_of(source.location)
    if stamp is None:
        raise UserError("there is no such file", where=source.location)
    return TextsAt(source.location, source.columns.chosen, source.columns.rejected, stamp)


def _unchanged(old: SourceInfo, fresh: SourceInfo) -> bool:
    return (old.hash, old.settings, old.texts) == (fresh.hash, fresh.settings, fresh.texts)


def _same(known: Sequence[SourceInfo], fresh: SourceInfo) -> SourceInfo | None:
    """The indexed source that this one is: the same place, or the same bytes under one name."""
    tests: tuple[Callable[[SourceInfo], bool], ...] = (
        lambda info: info.location == fresh.location,
        lambda info: (info.source, info.hash) == (fresh.source, fresh.hash),
    )
    for test in tests:
        for info in known:
            if info.split == fresh.split and test(info):
                return info
    return None


def _free_name(known: Sequence[SourceInfo], fresh: SourceInfo) -> str:
    """The source's name, with 8 digits of its hash where another file has it already."""
    taken = {(info.source, info.split) for info in known}
    if (fresh.source, fresh.split) not in taken:
        return fresh.source
    return f"{fresh.source}-{fresh.hash[:8]}"
