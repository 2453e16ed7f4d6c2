"""One line of the table: what was tried, how often, and how often it went wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    tried: str
    how_often: str
    wrong: str
    held: bool


HEAD = ("| tried | how often | went wrong | |", "| --- | --- | --- | --- |")


def table(rows: Iterable[Row]) -> str:
    """The table in Markdown."""
    lines = [
        f"| {row.tried} | {row.how_often} | {row.wrong} | {'holds' if row.held else 'MISSED'} |"
        for row in rows
    ]
    return "\n".join([*HEAD, *lines])


def counted(tried: str, times: int, unit: str, wrong: int, of: str) -> Row:
    """A line that holds where nothing went wrong."""
    return Row(tried, f"{times:,} {unit}", f"{wrong:,} {of}", wrong == 0)
