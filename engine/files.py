"""Files that are written once and swapped in, and the locks of those who write them."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from engine.errors import UserError

_TRIES, _WAIT = 100, 0.01


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a path beside `target` to write to; on success it is fsynced and renamed over it.

    On any exception the half-written file is removed and `target` stays as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # Several machines may write into one folder.
    writer = f"{socket.gethostname()}.{os.getpid()}"
    beside = target.with_name(f".{target.name}.{writer}.part")
    beside.unlink(missing_ok=True)
    try:
        yield beside
        _fsync(beside)
        beside.replace(target)
        _fsync(target.parent)
    finally:
        beside.unlink(missing_ok=True)


def sweep(folder: Path, name: str = "*") -> None:
    """Remove what killed writers of files of that name left anywhere below a folder.

    The caller holds the lock of all who write those files: nobody is writing one now.
    """
    for left in list(folder.rglob(f".{name}.*.part*")):
        if left.is_dir():  # where duckdb put what did not fit in memory
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def at_home(path: str) -> Path:
    """A path that was typed: a `~` is somebody's home folder, where there is such a somebody."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def is_there(path: Path) -> bool:
    """Whether there is such a file or folder. A text too long for a name is none of any."""
    try:
        return path.exists()
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        return False


def is_plain_name(name: str) -> bool:
    """Whether a name that a file told is one of a file beside it, and leads nowhere else."""
    return Path(name).name == name and name != ".." and "\x00" not in name


def check_new(path: Path) -> None:
    """Refuse a name under which no new file can be written.

    A folder that is missing is not made: most often its name was mistyped.

    Raises:
        UserError: something is there, or its folder is missing or may not be written to.
    """
    where, folder = str(path), path.parent
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        what = error.strerror if isinstance(error, OSError) else str(error)
        raise UserError(
            f"no file can be written there ({what})", where=where, todo="Name another file."
        ) from None
    else:
        raise UserError("it is there already", where=where, todo="Name another file.")
    if not folder.is_dir():
        raise UserError(
            f"there is no folder {folder}", where=where, todo="Make it first, or name another file."
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(
            f"the folder {folder.absolute()} may not be written to",
            where=where,
            todo="Name a file elsewhere.",
        )


def read_bounded(path: Path, most: int) -> bytes:
    """All of a file that has no reason to be larger than so many bytes.

    Raises:
        OSError: it cannot be read.
        UserError: it is larger.
    """
    with path.open("rb") as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise UserError(
            f"it is larger than {most >> 20} MiB",
            where=str(path),
            todo="No file of its kind is: look whether it is what it should be.",
        )
    return data


def write_text(target: Path, text: str) -> None:
    """Replace a text file in one step."""
    with replacing(target) as beside:
        beside.write_text(text, encoding="utf-8")


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_held(target: Path) -> bool:
    """Whether a process is writing `target` now, under its lock."""
    try:
        with target.with_name(f"{target.name}.lock").open() as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextmanager
def writer_lock(target: Path) -> Iterator[None]:
    """Hold `<target>.lock` while writing; a second writer is told who holds it.

    Raises:
        UserError: another process holds the lock.
    """
    path = target.with_name(f"{target.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as stream:
        if (holder := _lock(stream)) is not None:
            raise UserError(
                f"it is being written by {holder}",
                where=str(target),
                todo="Wait for it to finish, or stop it; nothing was changed.",
            )
        stream.seek(0)
        stream.truncate()
        stream.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        stream.flush()
        try:
            yield
        finally:
            # A finished writer must not be named as the holder by the next reader of this file.
            stream.seek(0)
            stream.truncate()


def _lock(stream: TextIO) -> str | None:
    """Take the lock of a file; None, or who holds it.

    A holder that has not written its name yet, or took it out again, is about to write or to let
    go: it is waited for a little.
    """
    for _ in range(_TRIES):
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            if holder := stream.read().strip():
                return holder
            time.sleep(_WAIT)
        else:
            return None
    return "another process"
