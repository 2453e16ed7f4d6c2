"""A database that cannot be written, said in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from engine.errors import FailedError

MAKE_ROOM = "Make room and run the same command again: nothing of it is half-written."


@contextmanager
def room_named(target: Path) -> Iterator[None]:
    """Say of a database that is being written that there is no room, on disk or in memory.

    Raises:
        FailedError: duckdb could not write it.
    """
    try:
        yield
    except (
        duckdb.IOException,
        duckdb.OutOfMemoryException,
        duckdb.FatalException,
        duckdb.TransactionException,
    ) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise FailedError(
            f"it could not be written ({reason})", where=str(target), todo=MAKE_ROOM
        ) from None
