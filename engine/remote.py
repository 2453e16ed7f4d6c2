"""Files that are named by a path or by a URL: any that fsspec knows (s3://, gs://, hf://, …)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from engine.errors import UserError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_CHUNK = 1 << 20


def is_url(named: str) -> bool:
    """Whether that is a URL, and no path of this machine."""
    return "://" in named


def file_system(url: str) -> tuple[AbstractFileSystem, str]:
    """The file system of a URL, and the path in it.

    Raises:
        UserError: nobody knows such URLs, or what reads them is not installed.
    """
    from fsspec.core import url_to_fs  # only where somebody names a URL

    try:
        found: tuple[AbstractFileSystem, str] = url_to_fs(url)
    except ImportError as error:
        raise UserError(str(error), where=url, todo="Use pip, beside Outvoted.") from None
    except ValueError as error:
        raise UserError(
            str(error), where=url, todo="Name a path, or a URL that fsspec knows, such as s3://."
        ) from None
    return found


@contextmanager
def opened(url: str) -> Iterator[IO[bytes]]:
    """A file at a URL, to read from anywhere in it.

    Raises:
        UserError: it is not there, or cannot be reached.
    """
    files, path = file_system(url)
    try:
        with files.open(path, "rb") as stream:
            yield stream
    except FileNotFoundError:
        raise UserError("there is no such file", where=url) from None


def url_hash(url: str) -> str:
    """16 hex digits over the bytes of a file at a URL: those of `file_hash`."""
    digest = hashlib.sha256()
    with opened(url) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()[:16]


def stamp_of(named: str) -> str | None:
    """What changes whenever a file is written anew, asked without reading it; None: it is gone."""
    try:
        if is_url(named):
            files, path = file_system(named)
            files.invalidate_cache()
            stamp: str = files.ukey(path)[:16]
            return stamp
        status = Path(named).stat()
    except FileNotFoundError:
        return None
    return f"{status.st_size}-{status.st_mtime_ns}"
