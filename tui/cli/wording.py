"""How the command line writes paragraphs and tables, 80 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from engine.report.wording import bare

WIDTH = 80
_LONGEST_NAME = 25


def name(text: str) -> str:
    """The same, cut to the width of a table's first column."""
    shown = bare(text)
    return shown if len(shown) <= _LONGEST_NAME else f"{shown[: _LONGEST_NAME - 1]}…"


def wrapped(text: str, indent: int = 0, hang: int | None = None) -> list[str]:
    """A paragraph; `hang` is the indent of its second line and those after."""
    later = indent if hang is None else hang
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * later,
        break_on_hyphens=False,
    )


def columns(rows: Sequence[Sequence[str]], indent: int = 0) -> list[str]:
    """Aligned columns, the first to the left, the figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [(" " * indent + _aligned(row, widths)).rstrip() for row in rows]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = row
    cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
    return "  ".join([f"{first:<{widths[0]}}", *cells])
