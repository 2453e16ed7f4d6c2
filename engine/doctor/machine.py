"""Versions, cores and memory."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from engine.doctor.finding import Finding, gib

_PACKAGES = ("outvoted", "textual", "duckdb", "pyarrow", "torch", "transformers", "tokenizers")
_LITTLE = 4 << 30
"""Bytes under which an index of HH's size is crowded: pairs are paged, a search holds texts."""
_CGROUP = Path("/sys/fs/cgroup/memory.max")
_MEMORY = Path("/proc/meminfo")


def machine() -> Iterator[Finding]:
    """All that is asked of the machine itself; no library is imported for it."""
    yield versions()
    yield Finding("ok", "cores", f"{_cores()} for this process")
    yield memory(total_memory())


def versions() -> Finding:
    """What is installed; a library that is not there is a fault."""
    found = {name: installed(name) for name in _PACKAGES}
    told = [f"Python {platform.python_version()}"]
    told += [f"{name} {number}" for name, number in found.items() if number is not None]
    missing = [name for name, number in found.items() if number is None]
    if missing:
        return Finding(
            "fault",
            "versions",
            f"{', '.join(told)}; not installed: {', '.join(missing)}",
            "Install again: pip install -c constraints.txt torch && pip install -c constraints.txt"
            " .",
        )
    return Finding("ok", "versions", ", ".join(told))


def installed(package: str) -> str | None:
    """A package's version; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def memory(total: int | None) -> Finding:
    """Whether so many bytes are enough to browse with."""
    if total is None:
        return Finding("note", "memory", "how much there is cannot be told on this system")
    if total < _LITTLE:
        return Finding(
            "note",
            "memory",
            f"{gib(total)}, which is little",
            "Browsing works; leave the PM to another machine: --worker 'ssh HOST outvoted worker'.",
        )
    return Finding("ok", "memory", gib(total))


def total_memory() -> int | None:
    """Bytes that this process may use: the machine's, or what its container is held to."""
    try:
        lines = _MEMORY.read_text(encoding="ascii").splitlines()
        (total,) = (int(line.split()[1]) << 10 for line in lines if line.startswith("MemTotal:"))
    except (OSError, ValueError):
        return None
    try:
        return min(total, int(_CGROUP.read_text(encoding="ascii")))
    except (OSError, ValueError):  # no such limit
        return total


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
