"""How an index is asked: one cursor a question, and what is damaged said in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from engine.cache.connection import DAMAGE
from engine.cache.pairs import PairStore
from engine.errors import UserError


class Asking:
    """Questions to the open files of one index. Safe to share by threads: each has its cursor."""

    def __init__(self, store: PairStore, folder: Path) -> None:
        """`folder` is where the index is, as a user is told of it."""
        self._store = store
        self._folder = folder

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of the connection that everything is attached to.

        Raises:
            UserError: what is read is damaged.
        """
        try:
            with self._store.cursor() as cursor:
                yield cursor
        except DAMAGE as error:
            raise UserError(
                f"a file of this index is damaged ({str(error).splitlines()[0]})",
                where=str(self._folder),
                todo="Run `outvoted score` again to seal its run anew, or index the sources anew.",
            ) from None

    def fetch(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of one question."""
        with self.cursor() as cursor:
            return cursor.execute(query, values).fetchall()
