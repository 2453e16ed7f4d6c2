"""Writing a page to a file of its own: beside its name first, and never over another file."""

from __future__ import annotations

from pathlib import Path

from engine.errors import UserError
from engine.files import write_text


def check_new(path: Path) -> None:
    """Refuse a name that something has already: to be asked before the work is done.

    Raises:
        UserError: something is there.
    """
    if path.exists() or path.is_symlink():
        raise UserError(
            "it exists, and a report is never written over anything",
            where=str(path),
            todo="Name another file, or move that one away.",
        )


def keep(path: Path, text: str) -> None:
    """Write the page, whole or not at all.

    Raises:
        UserError: something has that name by now, or nothing can be written there.
    """
    check_new(path)
    try:
        write_text(path, text)
    except OSError as error:
        raise UserError(
            f"the report was not written: {error.strerror or error}",
            where=str(path),
            todo="Name a file in a folder that can be written to.",
        ) from None
