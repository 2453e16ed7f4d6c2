"""One pair as one line of the list, in columns that fit the width."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

from engine.cache.pair_records import PairRow
from engine.plain import plain
from engine.verdict import Verdict
from tui.keys import MARKS
from tui.widgets.figures import LETTERS, NOTHING, signed

WIDE = 100
"""From this many columns on, a line has room for the pair's name and tranche too."""

HIDDEN = "▒ hidden"
"""Stands for the verdict in blind mode."""

_KIND_SIGNS = {"counterexample": "≠", "conforming": "=", None: " "}
_DIGITS = {name: digit for digit, name in MARKS.items()}
_VERDICT = 13
_BEFORE_SHARE = 0.4


def heading(width: int) -> str:
    """The names of the columns, above the lines."""
    named = f"{'pair':<14}{'tranche':<16}" if width >= WIDE else ""
    return set_cell_size(
        f"  {named}{'verdict':<{_VERDICT + 2}} margin  recon.  effect opposer  pattern", width
    )


def verdict_code(verdict: Verdict, by: str | None) -> str:
    """`O outvoted/f`: letter, code, and by whom (features or error)."""
    return f"{LETTERS[verdict]} {verdict.value}{'/' + by[0] if by else ''}"


def row_code(row: PairRow) -> str:
    """The verdict of the list's heuristic; a dot in a list of every pair, which has none."""
    return NOTHING if row.kind is None else verdict_code(row.verdict, row.by)


def pair_line(row: PairRow, width: int) -> str:
    """The line, exactly `width` cells. One string: it is sent as one segment."""
    sign = _KIND_SIGNS[row.kind]
    mark = " " if row.mark is None else _DIGITS.get(row.mark, "+")
    opposer = NOTHING if row.opposer is None else f"#{row.opposer}"
    verdict = HIDDEN if row.hidden else row_code(row)
    named = f"{_cut(row.label, 13)} {_cut(row.tranche, 15)} " if width >= WIDE else ""
    head = (
        f"{mark} {named}{sign} {verdict:<{_VERDICT}}"
        f"{signed(row.margin, 7)} {signed(row.margin_sae, 7)} {signed(row.effect, 7)} "
        f"{opposer:>7}  "
    )
    return set_cell_size(head + surroundings(row, width - cell_len(head)), width)


def surroundings(row: PairRow, width: int) -> str:
    """`…before‹pattern›after`, cut so that the pattern stays in view."""
    before, match, after = (
        plain(text, keep_newlines=False) for text in (row.before, row.match, row.after)
    )
    if not match:
        return before + after
    room = max(int((width - min(cell_len(match), width)) * _BEFORE_SHARE), 0)
    while cell_len(before) > room:
        before = before[max(1, (cell_len(before) - room) // 2) :]
    return f"{before}‹{match}›{after}"


def missing_line(width: int) -> str:
    """Stands for a row that was not fetched yet."""
    return set_cell_size("  " + NOTHING * min(40, width - 2), width)


def _cut(text: str, width: int) -> str:
    return set_cell_size(plain(text, keep_newlines=False), width)
