"""Plots as lines of text: plotext draws axes and curves, markers tell the series apart.

plotext is used without the widget made for it, textual-plotext: that one was last released for
plotext 5, which is no longer kept, and as lines in a page a plot scrolls with what it is about.
Colour is put on afterwards, from the terminal's own 16; without it the markers say the same.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from rich.style import Style
from rich.text import Text

from engine.plain import plain

BLUE = Style(color="blue")
ORANGE = Style(color="yellow")
_FRAME = "│┤"
_MOST_POINTS = 200


@dataclass(frozen=True, slots=True)
class Curve:
    """One series. Its marker must be no character of a number: `o`, `x`, `+`."""

    marker: str
    points: Sequence[tuple[float, float]]
    style: Style
    joined: bool = True


class _Signal(Protocol):
    def lines(self, active: bool) -> _Signal: ...


class _Matrix(Protocol):
    def string(self, colorless: bool) -> str: ...


class _Ruler(Protocol):
    def lim(self, lower: float, upper: float) -> object: ...


class _Figure(Protocol):
    """What is used of plotext's one figure; the package ships no types."""

    clear: Callable[[], object]

    def plot_size(self, width: int, height: int) -> object: ...

    def signal(self, x: list[float], y: list[float], *, marker: str) -> _Signal: ...

    def box(
        self,
        labels: list[str],
        values: list[list[float]],
        *,
        orientation: str,
        width: float,
        marker: str,
    ) -> _Signal: ...

    def draw(self, signal: _Signal) -> object: ...

    def ruler(self, axis: str) -> _Ruler: ...

    def build(self) -> _Matrix: ...


def _figure(width: int, height: int) -> _Figure:
    """plotext's figure, empty. It is imported here: a first frame must not wait for it."""
    import plotext

    plotext.terminal.limit(False, False)  # a page is as wide as its widget, not as the terminal
    figure: _Figure = plotext.figure
    figure.clear()
    figure.plot_size(width, height)
    return figure


def load() -> None:
    """Import plotext, which takes a third of a second: in a thread, before the first plot."""
    importlib.import_module("plotext")


def curves(
    series: Sequence[Curve],
    width: int,
    height: int,
    x: tuple[float, float],
    y: tuple[float, float],
) -> list[Text]:
    """Curves over axes of fixed limits, the later ones on top; `height` lines of `width` cells."""
    figure = _figure(width, height)
    for curve in series:
        if curve.points:
            xs, ys = (list(axis) for axis in zip(*curve.points, strict=True))
            figure.draw(figure.signal(xs, ys, marker=curve.marker).lines(curve.joined))
    figure.ruler("x").lim(*x)
    figure.ruler("y").lim(*y)
    styles = {curve.marker: curve.style for curve in series}
    return _lines(figure, styles, width)


def boxes(samples: Sequence[tuple[str, Sequence[float]]], width: int) -> list[Text]:
    """A box for each sample from its lower to its upper quartile, `│` at the median; the lines
    reach from the first to the last percentile. Three lines a sample, and three more."""
    named = [(plain(name, keep_newlines=False), list(values)) for name, values in samples if values]
    if not named:
        return []
    figure = _figure(width, 3 * len(named) + 3)
    figure.draw(
        figure.box(
            [name for name, _ in reversed(named)],
            [five(values) for _, values in reversed(named)],
            orientation="horizontal",
            width=0.4,
            marker="=",
        )
    )
    return _lines(figure, {"=": BLUE}, width)


def five(values: Sequence[float]) -> list[float]:
    """The 1st, 25th, 50th, 75th and 99th percentile (linear) of a sample that is not empty."""
    ordered = sorted(values)
    last = len(ordered) - 1
    found = []
    for share in (0.01, 0.25, 0.5, 0.75, 0.99):
        low = int(last * share)
        high = min(low + 1, last)
        found.append(ordered[low] + (ordered[high] - ordered[low]) * (last * share - low))
    return found


def at_least(values: Sequence[float]) -> list[tuple[float, float]]:
    """(value, percent of the sample that is at least as high): falls from 100, in 200 points."""
    ordered = sorted(values)
    total = len(ordered)
    places = range(0, total, max(total // _MOST_POINTS, 1))
    return [(ordered[place], 100 * (total - place) / total) for place in places]


def _lines(figure: _Figure, styles: dict[str, Style], width: int) -> list[Text]:
    return [_styled(line, styles, width) for line in figure.build().string(True).splitlines()]


def _styled(line: str, styles: dict[str, Style], width: int) -> Text:
    """Colour on the markers inside the frame; labels left of it keep theirs."""
    text = Text(line[:width], no_wrap=True)
    start = min((place for sign in _FRAME if (place := line.find(sign)) >= 0), default=len(line))
    for place in range(start, min(len(line), width)):
        if (style := styles.get(line[place])) is not None:
            text.stylize(style, place, place + 1)
    return text
