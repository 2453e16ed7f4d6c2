"""What the browser writes: a list as it stands, or everybody's marks, to a file that is new."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from engine.cache.reader import IndexReader
from engine.errors import UserError
from engine.exchange.form import new_file
from engine.exchange.listed import listed as table_of
from engine.exchange.tables import EXPORTS
from engine.exchange.write import writing
from tui.screens.desk import Listed


def write_new(path: Path, listed: Listed | None, reader: IndexReader) -> Generator[int]:
    """Write batch by batch: how many rows each had. Where that ends early, nothing is there.

    Args:
        path: of the file; its ending says its form.
        listed: the list; None: everybody's marks.
        reader: of the index.

    Raises:
        UserError: there is such a file, its name says no form, or it cannot be written.
    """
    form = new_file(path)
    try:
        made = table_of(reader, listed.ids, listed.query) if listed else EXPORTS["triage"](reader)
        yield from writing(path, form, made)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        what = error.strerror if isinstance(error, OSError) else str(error)
        raise UserError(f"nothing was written: {what}", where=str(path)) from None
