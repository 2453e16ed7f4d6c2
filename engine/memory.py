"""What a process holds of memory while it waits for a key: what it needs, and little more.

On Linux, as far as its C library offers it; elsewhere nothing is done.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

# mallopt(3) and madvise(2), as glibc and Linux number them.
_ARENA_MAX, _MMAP_THRESHOLD = -8, -3
_DONT_NEED = 4
_ARENAS = 2
_LARGE = 1 << 17
"""Bytes from which an allocation has pages of its own: glibc's first guess, which it raises with
every larger one that is freed."""
_MAPS = Path("/proc/self/maps")


def hold_little() -> None:
    """Let malloc give back what is freed, from now on.

    Threads share arenas, where each would keep its own; and an array goes back whole when it is
    freed, where a small allocation behind it would keep its place in the heap.
    """
    libc = _libc()
    if libc is not None and hasattr(libc, "mallopt"):
        libc.mallopt(_ARENA_MAX, _ARENAS)
        libc.mallopt(_MMAP_THRESHOLD, _LARGE)


def give_back() -> None:
    """Give free memory back, and the pages of libraries' code.

    Code is in a file, which the system keeps at hand: what is needed again is mapped again, in a
    millisecond or two for all of it. What DuckDB does once, its start above all, takes 20 MB.
    """
    libc = _libc()
    if libc is None:
        return
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(ctypes.c_size_t(0))
    for start, end in _code():
        libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _DONT_NEED)


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform == "linux" else None


def _code() -> list[tuple[int, int]]:
    """Where libraries' code is mapped, privately and not to be written: the file says it all."""
    found = []
    for line in _MAPS.read_text(encoding="utf-8", errors="replace").splitlines():
        extent, allowed, *_, name = line.split(maxsplit=5)
        if allowed == "r-xp" and name.startswith("/") and ".so" in name:
            start, end = (int(address, 16) for address in extent.split("-"))
            found.append((start, end))
    return found
