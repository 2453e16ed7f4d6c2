"""A heuristic as a `[[heuristic]]` table, appended to a file of the user's."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

from engine.errors import UserError
from engine.files import write_text
from engine.heuristics.file import load_heuristics
from engine.heuristics.heuristic import Heuristic


def heuristic_toml(heuristic: Heuristic) -> str:
    """The table that reads back as this heuristic; what is as by default is left out."""
    lines = ["[[heuristic]]"]
    of_feature = heuristic.feature is not None
    for field in fields(Heuristic):
        if of_feature and field.name in ("pattern", "features"):  # they follow from the feature
            continue
        value = getattr(heuristic, field.name)
        if value != field.default:
            lines.append(f"{field.name} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def append_heuristic(path: Path, heuristic: Heuristic) -> None:
    """Add a heuristic at the end of a file, which keeps all else as it is; made where it is not.

    Raises:
        UserError: the file cannot be read or written, or has a heuristic of that name.
    """
    before = ""
    if path.exists():
        if any(known.name == heuristic.name for known in load_heuristics(path)):
            raise UserError(
                f'it has a heuristic "{heuristic.name}" already',
                where=str(path),
                todo="It was kept before, or the file has another of that name: edit the file.",
            )
        before = path.read_text(encoding="utf-8").rstrip("\n") + "\n\n"
    try:
        write_text(path, before + heuristic_toml(heuristic))
    except OSError as error:
        raise UserError(
            f"the heuristic was not kept: {error.strerror}",
            where=str(path),
            todo="Make the file and its folder writable.",
        ) from None


def _toml(value: object) -> str:
    """JSON's texts, flags, numbers and lists are TOML's, but for one control character."""
    if isinstance(value, tuple):
        value = list(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
