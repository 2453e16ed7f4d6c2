"""The one connection that an index's files are attached to, and a cursor of it for each thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

DAMAGE = (
    duckdb.IOException,
    duckdb.InternalException,
    duckdb.FatalException,
    duckdb.SerializationException,
)
"""What a damaged block raises: it is noticed when it is read, not when the file is attached."""

_KEPT = "SET memory_limit = '1MB'"


class SharedConnection:
    """An in-memory connection for several threads: each asks through a cursor of its own.

    Whoever makes it hands it over, and closes it no more.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._asking = 0

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for one thread; fetch its results whole.

        When nobody asks any more, what DuckDB read of the files is given back: the system keeps
        them in its own cache. Several questions inside one cursor are one.
        """
        with self._lock:
            cursor = self._connection.cursor()
            self._asking += 1
        try:
            with cursor:
                yield cursor
        finally:
            with self._lock:
                self._asking -= 1
                if self._asking == 0:
                    self._give_back()

    def _give_back(self) -> None:
        # Below a limit DuckDB lets go of blocks at once; no question is ever put under it.
        with suppress(duckdb.OutOfMemoryException):  # that much is in use
            self._connection.execute(_KEPT)
        self._connection.execute("RESET memory_limit")

    def attach(self, path: Path, alias: str) -> None:
        """Attach a file for reading, as `alias` (letters and digits)."""
        quoted = str(path).replace("'", "''")
        with self.cursor() as cursor:
            cursor.execute(f"ATTACH '{quoted}' AS {alias} (READ_ONLY)")

    def close(self) -> None:
        """Close every file."""
        self._connection.close()
