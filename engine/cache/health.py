"""What lies about in the files of an index: leftovers, locks, files that cannot be read, old runs.

Nothing is changed and no lock is held for longer than a look; a check of one file never keeps the
others from being looked at.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from engine.cache.layout import IndexPaths
from engine.cache.manifest import MANIFEST, MEASUREMENT_VERSION, RunConfig, read_manifest
from engine.cache.pairs import source_hashes
from engine.cache.run_records import RUN_FILE
from engine.cache.sealed import read_sealed
from engine.cache.source_info import SourceInfo, attach
from engine.cache.texts import check_texts
from engine.errors import UserError
from engine.hh import split_pair_id

_LEFT = re.compile(r"\..+\.(?P<process>\d+)\.part(\..+)?")
_PART = re.compile(r"(?P<first>[0-9a-f]{16})-(?P<source>[0-9a-f]{8})-[0-9a-f]{8}\.parquet")

Trouble = Literal["leftover", "held", "unreadable", "changed", "unfinished", "older"]


@dataclass(frozen=True, slots=True)
class Ailment:
    """One thing that is not as it should be, or is worth knowing."""

    trouble: Trouble
    where: Path
    what: str
    todo: str


@dataclass(frozen=True, slots=True)
class Health:
    """An index, looked at."""

    sources: int
    runs: int
    ailments: tuple[Ailment, ...]


def index_names(cache: Path) -> list[str]:
    """The indexes of a cache folder."""
    return sorted(path.parent.name for path in cache.glob("[!.]*/sources") if path.is_dir())


def examine(paths: IndexPaths) -> Health:
    """Look at every file of an index."""
    infos, ailments = _sources(paths)
    ailments += _leftovers(paths.folder)
    ailments += _locks(paths.folder)
    runs = sorted(path for path in paths.runs.glob("*") if path.is_dir())
    for folder in runs:
        ailments += _run(folder, infos)
    return Health(len(infos), len(runs), tuple(ailments))


def _sources(paths: IndexPaths) -> tuple[dict[int, SourceInfo], list[Ailment]]:
    infos: dict[int, SourceInfo] = {}
    ailments = []
    for number in paths.source_numbers():
        path = paths.source(number)
        try:
            with duckdb.connect(":memory:") as connection:
                infos[number] = info = attach(connection, path, "source")
            if info.texts is not None:
                check_texts(info.texts)
        except UserError as error:
            ailments.append(_unreadable(path, error))
    return infos, ailments


def _leftovers(folder: Path) -> Iterator[Ailment]:
    for path in sorted(folder.rglob(".*.part*")):
        found = _LEFT.fullmatch(path.name)
        if found is None or _runs(int(found["process"])):
            continue
        yield Ailment(
            "leftover",
            path,
            f"half a file, left by process {found['process']}, which does not run on this machine",
            "The next writer of its folder removes it; or delete it, unless another machine is"
            " writing there now.",
        )


def _locks(folder: Path) -> Iterator[Ailment]:
    for path in sorted(folder.rglob("*.lock")):
        try:
            with path.open(encoding="utf-8", errors="replace") as stream:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = path.read_text(encoding="utf-8", errors="replace").strip()
            yield Ailment(
                "held",
                path,
                f"being written by {holder or 'a process'}",
                "Readers need not wait; a second writer has to.",
            )
        except OSError as error:
            what = f"the lock cannot be looked at: {error.strerror}"
            yield Ailment("unreadable", path, what, "Make it readable, or delete it.")


def _run(folder: Path, infos: dict[int, SourceInfo]) -> Iterator[Ailment]:
    sealed = folder / RUN_FILE
    if sealed.exists():
        try:
            with duckdb.connect(":memory:") as connection:
                quoted = str(sealed).replace("'", "''")
                connection.execute(f"ATTACH '{quoted}' AS run (READ_ONLY)")
                config = read_sealed(connection, sealed).manifest.config
        except duckdb.Error as error:
            what = f"it cannot be opened ({str(error).splitlines()[0]})"
            yield Ailment("unreadable", sealed, what, "Delete it and score again: its parts stay.")
            return
        except UserError as error:
            yield _unreadable(sealed, error)
            return
    elif (folder / MANIFEST).exists():
        try:
            config = read_manifest(folder / MANIFEST).config
        except UserError as error:
            yield _unreadable(folder / MANIFEST, error)
            return
        parts = sum(1 for _ in (folder / "parts").rglob("[0-9a-f]*.parquet"))
        todo = "The same `outvoted score` goes on with it."
        yield Ailment("unfinished", folder, f"a run that is not finished: {parts:,} parts", todo)
    else:
        return
    yield from _age(folder, config)
    yield from _changed(folder, infos)


def _age(folder: Path, config: RunConfig) -> Iterator[Ailment]:
    if config.version != MEASUREMENT_VERSION:
        yield Ailment(
            "older",
            folder,
            f"measured by version {config.version} of the measurement, today's is"
            f" {MEASUREMENT_VERSION}",
            "It can be read; the same `outvoted score` begins a run of today's version.",
        )


def _changed(folder: Path, infos: dict[int, SourceInfo]) -> Iterator[Ailment]:
    """Whether parts stand on other bytes than today's sources."""
    today = source_hashes(infos)
    old: dict[int, int] = {}
    kept: set[int] = set()
    for path in (folder / "parts").rglob("*.parquet"):
        found = _PART.fullmatch(path.name)
        if found is None:
            continue
        number, _ = split_pair_id(int(found["first"], 16))
        if today.get(number) == found["source"]:
            kept.add(number)
        else:
            old[number] = old.get(number, 0) + 1
    for number, parts in sorted(old.items()):
        info = infos.get(number)
        name = f"{info.source}:{info.split}" if info else f"source {number}"
        # Parts of both kinds: it was scored again since, and the old ones are never looked at.
        again = number in kept
        yield Ailment(
            "changed",
            folder,
            f"{parts:,} parts were measured on other bytes of {name} than those indexed now",
            "It was scored again since: the old parts are passed over and may be deleted."
            if again
            else "Run the same `outvoted score` again: it measures the pairs as they are now.",
        )


def _unreadable(path: Path, error: UserError) -> Ailment:
    return Ailment("unreadable", path, error.what, error.todo or "Make it anew.")


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):  # the latter: no process has so long a number
        return False
    except PermissionError:  # somebody else's
        return True
    return True
