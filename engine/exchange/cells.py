"""Values as the cells of a CSV file, harmless to spreadsheets, and back.

A spreadsheet takes a text that begins with `=`, `+`, `-` or `@` for a formula, and runs it. Such a
text gets an apostrophe before it, which spreadsheets hide; one that begins with an apostrophe gets
a second, so that every text comes back as it was. Parquet and JSON lines hold texts untouched.
"""

from __future__ import annotations

import json

_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
_GUARD = "'"


def to_cell(value: object) -> str:
    """The cell of a value: nothing for None, JSON for a list, and texts guarded."""
    if value is None:
        return ""
    if isinstance(value, str):
        risky = value[:1] in _FORMULA or value.startswith(_GUARD)
        return _GUARD + value if value and risky else value
    if isinstance(value, bool | list):
        return json.dumps(value)
    return str(value)


def from_cell(cell: str) -> str | None:
    """The text of a cell; None of an empty one."""
    guarded = cell.startswith(_GUARD) and (cell[1:2] in _FORMULA or cell[1:2] == _GUARD)
    text = cell[1:] if guarded and len(cell) > 1 else cell
    return text or None
