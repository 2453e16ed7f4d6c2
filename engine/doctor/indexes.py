"""The indexes of the cache, in findings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.cache.health import Ailment, Health, Trouble, examine, index_names
from engine.cache.layout import IndexPaths
from engine.counted import counted
from engine.doctor.finding import Finding, Level

_LEVELS: dict[Trouble, Level] = {
    "leftover": "note",
    "held": "note",
    "unfinished": "note",
    "older": "note",
    "changed": "fault",
    "unreadable": "fault",
}
_TOLD = 5
"""How many leftovers of one kind and folder are told one by one."""


def indexes(cache: Path) -> Iterator[Finding]:
    """What is to be said of each index of a cache folder."""
    names = index_names(cache)
    if not names:
        todo = "Make one with `outvoted index SOURCE`, or look at the demo: `outvoted demo`."
        yield Finding("note", "indexes", "there is none yet", todo)
    for name in names:
        yield from _index(name, examine(IndexPaths(cache, name)), cache)


def _index(name: str, health: Health, cache: Path) -> Iterator[Finding]:
    worst = "fault" if any(_LEVELS[a.trouble] == "fault" for a in health.ailments) else "ok"
    if worst == "ok":
        told = f"{counted(health.sources, 'source')}, {counted(health.runs, 'run')}, all readable"
        yield Finding("ok", f"index {name}", told)
    seen: dict[Trouble, list[Ailment]] = {}
    for ailment in health.ailments:
        seen.setdefault(ailment.trouble, []).append(ailment)
    for trouble, ailments in seen.items():
        for ailment in ailments[:_TOLD]:
            where = _short(ailment.where, cache)
            level = _LEVELS[trouble]
            yield Finding(level, f"index {name}", f"{where}: {ailment.what}", ailment.todo)
        if len(ailments) > _TOLD:
            more = f"and {len(ailments) - _TOLD:,} more of the kind {trouble}"
            yield Finding(_LEVELS[trouble], f"index {name}", more)


def _short(path: Path, cache: Path) -> str:
    return str(path.relative_to(cache)) if path.is_relative_to(cache) else str(path)
