"""A text in the user's own editor, while the browser is out of the way."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from textual.app import App, SuspendNotSupported

from engine.errors import UserError

DEFAULT = "vi"


def editor_command(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The words of $VISUAL, else of $EDITOR, else vi.

    Raises:
        UserError: the variable is no command.
    """
    for name in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(environment.get(name, ""))
        except ValueError as error:
            raise UserError(f"it is no command: {error}", where=f"${name}") from None
        if words:
            return words
    return [DEFAULT]


def edited(command: list[str], text: str) -> str:
    """What an editor leaves of a text, without the newline that editors put last.

    Raises:
        UserError: the editor cannot be started, failed, or left no text.
    """
    todo = "The note is as it was. Name another editor in $EDITOR, or write it with m."
    with tempfile.TemporaryDirectory(prefix="outvoted-") as folder:
        file = Path(folder) / "note.txt"
        # Half a character, as a terminal may send one, is no text; the file must still be one.
        file.write_text(f"{text}\n" if text else "", encoding="utf-8", errors="replace")
        try:
            status = subprocess.run([*command, str(file)], check=False).returncode
            left = file.read_text(encoding="utf-8")
        except OSError as error:
            raise UserError(f"{command[0]}: {error.strerror}", where="$EDITOR", todo=todo) from None
        except UnicodeDecodeError:
            raise UserError("what it left is no UTF-8 text", where=command[0], todo=todo) from None
    if status != 0:
        raise UserError(f"it ended with status {status}", where=command[0], todo=todo)
    return left.removesuffix("\n")


def edit_text(app: App[object], text: str) -> str:
    """Let the user edit a text in their editor; the browser waits.

    Raises:
        UserError: there is no editor, it failed, or this terminal cannot be lent to one.
    """
    command = editor_command()
    try:
        with app.suspend():
            return edited(command, text)
    except SuspendNotSupported:
        raise UserError(
            "this terminal cannot be lent to an editor", todo="Write the note with m."
        ) from None
