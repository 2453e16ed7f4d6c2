"""The cache folder: whether it can be written, how much room it has, and what disk it is on."""

from __future__ import annotations

import fcntl
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.doctor.finding import Finding, gib

_REMOTE = re.compile(
    r"(nfs|cifs|smb|lustre|beegfs|gpfs|ceph|gluster|afs|9p|pvfs|orangefs|virtiofs|fuse($|\.))"
)
"""Kinds of file system that other machines may write to behind this one's back."""
_LITTLE = 2 << 30
"""Bytes: HH's pairs take 0.2 GB indexed, a run of all of them some GB."""
_OCTAL = re.compile(r"\\([0-7]{3})")
_ELSEWHERE = "Name another folder with --cache or $OUTVOTED_CACHE."


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of /proc/mounts."""

    point: Path
    kind: str


def place(cache: Path, mounts: str | None) -> Iterator[Finding]:
    """What is to be said of the cache folder; `mounts` is the text of /proc/mounts, if any."""
    standing = _standing(cache)
    yield _writable(cache, standing)
    free = shutil.disk_usage(standing).free
    if free < _LITTLE:
        todo = "A run that finds no room stops and can be resumed. " + _ELSEWHERE
        yield Finding("note", "room", f"{gib(free)} free", todo)
    else:
        yield Finding("ok", "room", f"{gib(free)} free")
    mount = None if mounts is None else mount_of(standing.resolve(), mounts)
    if mount is None:
        yield Finding("note", "disk", "which file system it is cannot be told on this system")
    elif is_remote(mount.kind):
        yield Finding(
            "note",
            "disk",
            f"{mount.kind} at {mount.point}: a network file system",
            "Files are renamed in whole and locked by flock: let one machine at a time score or"
            " index into it, and check that its locks reach the others. A local disk is faster. "
            + _ELSEWHERE,
        )
    else:
        yield Finding("ok", "disk", f"{mount.kind} at {mount.point}")


def mount_of(path: Path, mounts: str) -> Mount | None:
    """The mount that a path lies on: the longest that holds it, of equals the last."""
    found: Mount | None = None
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        point = Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), fields[1]))
        longest = found is None or len(point.parts) >= len(found.point.parts)
        if path.is_relative_to(point) and longest:
            found = Mount(point, fields[2])
    return found


def is_remote(kind: str) -> bool:
    """Whether a kind of file system reaches over a network (or may: those of FUSE)."""
    return _REMOTE.match(kind) is not None


def _standing(cache: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (cache, *cache.absolute().parents) if path.is_dir())


def _writable(cache: Path, standing: Path) -> Finding:
    missing = standing != cache
    try:
        with tempfile.TemporaryFile(dir=standing) as stream:
            stream.write(b"outvoted")
            stream.flush()
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return Finding(
            "fault", "cache", f"{cache} cannot be written or locked: {error.strerror}", _ELSEWHERE
        )
    return Finding("ok", "cache", f"{cache}{' (not made yet)' if missing else ''}, writable")
