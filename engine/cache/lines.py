"""JSON lines that are only ever appended: whole, on disk, whoever else writes to the file."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from engine.canonical import Json


def append_line(path: Path, value: Json) -> None:
    """Add one line, whole and on disk before this returns; a line cut short by a crash ends here.

    Raises:
        OSError: the file cannot be written.
        ValueError: a number is not finite.
    """
    with appending(path) as stream:
        write_line(stream, value)


@contextmanager
def appending(path: Path) -> Iterator[BinaryIO]:
    """The file, locked, for reading and for lines put last; they are on disk when it is let go.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


def write_line(stream: BinaryIO, value: Json) -> None:
    """Put one line last; a line that a crash cut short ends before it.

    Raises:
        ValueError: a number is not finite; nothing was written.
    """
    line = json.dumps(value, allow_nan=False).encode() + b"\n"
    stream.write(line if _ends_whole(stream) else b"\n" + line)


def read_lines(path: Path) -> list[str]:
    """The file's lines, also those that are no JSON; none where there is no file.

    Raises:
        OSError: the file is there and cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    # Not splitlines(): it also breaks at characters that JSON leaves as they are.
    return text.split("\n")


def _ends_whole(stream: BinaryIO) -> bool:
    """Whether the last line is a whole one, so that the next cannot be glued to it."""
    if stream.seek(0, os.SEEK_END) == 0:
        return True
    stream.seek(-1, os.SEEK_END)
    return stream.read(1) == b"\n"
