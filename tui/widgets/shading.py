"""Text shaded by a signed figure: strength is a style, the sign a glyph; colour only repeats it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text

from tui.widgets.figures import BOLD, FAINT

MARGIN = 3
"""Cells left of a shaded line: the sign and strength of what is strongest in it."""
_LEAST = (0.1, 1 / 3, 2 / 3)
"""The share of the largest size from which on a figure has strength 1, 2 and 3."""
_COLOURS = {1: "blue", -1: "yellow"}
_STRENGTHS = {
    1: Style(underline=True),
    2: Style(underline=True, bold=True),
    3: Style(underline=True, bold=True, reverse=True),
}
_SIGNS = {1: "⁺", -1: "⁻"}


@dataclass(frozen=True, slots=True)
class Shade:
    """Characters from `start` to `end`, and how strongly they are shaded: -3 to 3, never 0."""

    start: int
    end: int
    level: int


def level(value: float, largest: float) -> int:
    """The signed strength of a figure beside the largest size: 0 under a tenth of it."""
    if largest <= 0:
        return 0
    strength = sum(abs(value) / largest >= least for least in _LEAST)
    return -strength if value < 0 else strength


def shades(
    spans: Sequence[tuple[int, int]], values: Sequence[float], largest: float
) -> tuple[Shade, ...]:
    """What is shaded of the tokens on these spans."""
    return tuple(
        Shade(start, end, strength)
        for (start, end), value in zip(spans, values, strict=True)
        if (strength := level(value, largest)) and start < end
    )


def shade_style(level: int) -> Style:
    """Strength by underline, bold and reverse; blue above zero, orange below."""
    return _STRENGTHS[abs(level)] + Style(color=_COLOURS[1 if level > 0 else -1])


_LEVELS = {shade_style(made): made for made in (-3, -2, -1, 1, 2, 3)}


def shade_sign(level: int) -> str:
    """What stands before a shaded token: its sign; nothing before the weakest."""
    return _SIGNS[1 if level > 0 else -1] if abs(level) > 1 else ""


def with_margin(line: Text) -> Text:
    """A wrapped line of a shaded text behind its margin."""
    styles = (span.style for span in line.spans)
    found = [_LEVELS[made] for made in styles if isinstance(made, Style) and made in _LEVELS]
    if not found:
        return Text(" " * MARGIN).append_text(line)
    strongest = max(found, key=abs)
    sign = "+" if strongest > 0 else "-"
    if any(made * strongest < 0 and abs(made) > 1 for made in found):
        sign = "±"
    return Text.assemble((f"{sign}{abs(strongest)}", BOLD), " ", line)


def legend(what: str, largest: float) -> Text:
    """What the shading says, in one line."""
    return Text(f"{what} · 1 2 3: from 1/10, 1/3, 2/3 of {largest:.3g}", FAINT)
