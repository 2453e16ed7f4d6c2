"""Styled text cut into lines of a given number of cells, wide characters included."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len, chop_cells
from rich.text import Text

_WORD = re.compile(r"\s*\S+|\s+")


def wrap(text: Text, width: int) -> list[Text]:
    """The text's lines, each at most `width` cells; styles stay where they were.

    Breaks at white space where it can, inside a word where it must. Nothing is lost but newlines
    and the blanks a line was broken at. An empty text is one empty line.
    """
    lines: list[Text] = []
    for paragraph in text.split("\n", allow_blank=True):
        breaks = list(_breaks(paragraph.plain, max(width, 2)))
        for line in paragraph.divide(breaks) if breaks else [paragraph]:
            if line.cell_len > width:  # by blanks alone, and they say nothing at a line's end
                line.rstrip_end(width)
                line.truncate(width)
            lines.append(line)
    return lines or [Text()]


def _breaks(line: str, width: int) -> Iterator[int]:
    """Offsets in characters at which a line without newlines has to be broken."""
    if cell_len(line) <= width:
        return
    used = 0
    for word in _WORD.finditer(line):
        cells = cell_len(word.group())
        if used + cells <= width:
            used += cells
            continue
        start = word.start()
        if used:
            # The blank before a word that moves down stays behind, at the end of its line.
            start += len(word.group()) - len(word.group().lstrip())
            yield start
        rest = line[start : word.end()]
        pieces = chop_cells(rest, width)
        for piece in pieces[:-1]:
            start += len(piece)
            yield start
        used = cell_len(pieces[-1]) if pieces else 0


def rule(title: str, width: int) -> Text:
    """A heading: its title, and a line to the end of the width."""
    start = f"── {title} "
    return fit(Text(start + "─" * max(width - cell_len(start), 0), "bold"), width)


def fit(text: Text, width: int) -> Text:
    """One line of exactly `width` cells: cut with an ellipsis or filled with blanks."""
    fitted = text.copy()
    fitted.truncate(width, overflow="ellipsis", pad=True)
    return fitted
