"""A discovery as a table for a width, a block for each direction. Pure: records in, text out."""

from __future__ import annotations

from rich.text import Text

from engine.discovery import Discovered, Discovery
from engine.plain import plain
from tui.widgets.document import Page
from tui.widgets.figures import BOLD, FAINT, margin_bar, signed
from tui.widgets.wrapping import fit

_BLOCKS = (
    ("lowers", "n-gram", "− n-grams that the PM holds against a response"),
    ("raises", "n-gram", "+ n-grams that the PM holds for a response"),
    ("lowers", "feature", "− features that the PM holds against a response"),
    ("raises", "feature", "+ features that the PM holds for a response"),
)
_KEY = (
    "push: reward that a bearer gains, label, tranche and length held fixed",
    "label, PM: bearers that were chosen, that the PM expects to be",
    "*: it goes beyond what the labels of all bearers support",
)
_HALF = 5
_BESIDE = 58
"""Columns of a line that are not the name: mark, figures, bar, and one for the scroll bar."""
_READABLE = 16
"""Columns below which a list of what says the same tells nothing."""


def shown(made: Discovery) -> tuple[Discovered, ...]:
    """All that was found, in the order of the page."""
    return tuple(
        one
        for direction, what, _ in _BLOCKS
        for one in made.found
        if (one.direction, one.what) == (direction, what)
    )


def discovery_page(made: Discovery, width: int) -> Page:
    """One line a finding, and what says the same as it behind it where there is room."""
    lines: list[Text] = []
    anchors: list[int] = []
    found = shown(made)
    largest = max((abs(one.push) for one in found), default=0.0)
    for direction, what, title in _BLOCKS:
        rows = [one for one in found if (one.direction, one.what) == (direction, what)]
        if not rows:
            continue
        if lines:
            lines.append(Text())
        lines.append(Text(title, BOLD))
        lines.append(fit(Text(_heading(width), FAINT), width))
        for one in rows:
            anchors.append(len(lines))
            lines.append(_line(one, largest, width))
    lines += [Text(), *(fit(Text(text, FAINT), width) for text in _KEY)]
    return Page(lines, tuple(anchors))


def _heading(width: int) -> str:
    room = _room(width)
    bar = f"{'':<{2 * _HALF + 1}}"
    return f"  {'':<{room}}{'chosen':>8}{'reject':>8}{'push':>9} {bar}{'z':>7}{'label':>6}{'PM':>5}"


def _room(width: int) -> int:
    return max(min(width - _BESIDE, 40), 10)


def _line(one: Discovered, largest: float, width: int) -> Text:
    room = _room(width)
    name = plain(one.text if one.label is None else f"{one.text} {one.label}", keep_newlines=False)
    line = Text("* " if one.beyond_labels else "  ")
    line.append_text(fit(Text(name), room))
    line.append(f"{one.chosen_only:>8,}{one.rejected_only:>8,}{signed(one.push, 9)} ")
    line.append_text(margin_bar(one.push, largest, _HALF))
    line.append(f"{one.push_z:>+7.1f}{one.label_share:>6.0%}{one.pm_share:>5.0%}")
    if one.also and width - line.cell_len >= _READABLE:
        line.append(f"  also {plain(', '.join(one.also), keep_newlines=False)}", FAINT)
    return fit(line, width)
