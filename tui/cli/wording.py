"""How the command line writes figures, paragraphs and tables, 80 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from engine.plain import plain
from engine.verdict import Interval

WIDTH = 80
_LONGEST_NAME = 25
NONE = "-"


def bare(text: str) -> str:
    """Text of a data set, a model or a file on one line that is safe to print."""
    return plain(text, keep_newlines=False)


def name(text: str) -> str:
    """The same, cut to the width of a table's first column."""
    shown = bare(text)
    return shown if len(shown) <= _LONGEST_NAME else f"{shown[: _LONGEST_NAME - 1]}…"


def figure(value: float | None) -> str:
    """Three significant digits."""
    return NONE if value is None else f"{value:.3g}"


def ratio(value: float | None) -> str:
    """Four decimals: what lies close to 1 must not be rounded to it too soon."""
    return NONE if value is None else f"{value:.4f}"


def signed(value: float | None) -> str:
    """A reward or a margin."""
    return NONE if value is None else f"{value:+.3f}"


def percent(value: float | None) -> str:
    return NONE if value is None else f"{value:.1%}"


def between(interval: Interval | None, *, flipped: bool = False) -> str:
    """`+0.300 [+0.120, +0.480]`, or the same of the opposite effect."""
    if interval is None:
        return "unmeasured"
    figures = (interval.estimate, interval.low, interval.high)
    if flipped:
        figures = (-interval.estimate, -interval.high, -interval.low)
    return "{} [{}, {}]".format(*map(signed, figures))


def shares(interval: Interval | None, *, sign: bool = False) -> str:
    """`54 [43,65]`, in percent."""
    if interval is None:
        return NONE
    form = "{:+.0f}" if sign else "{:.0f}"
    mean, low, high = (
        form.format(100 * value + 0.0) for value in (interval.estimate, interval.low, interval.high)
    )
    return f"{mean} [{low},{high}]"


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
