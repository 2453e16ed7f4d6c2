"""Drawing plots with matplotlib: blue and full against orange and hatched, whatever the screen."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from engine.report.plots.plot import Bars, Dots, Plot, Reliability, Scatter
from engine.report.plots.svg import BLUE, FAINT, GROUND, INK, ORANGE, as_svg, label, settings
from engine.verdict import Interval, ReliabilityBin

_WIDTH = 7.0
"""Inches: the text's width on the page."""
_ROW = 0.42
_PER_LINE = 3
_HEIGHT = 0.36
"""Of a bar, where two of them and a gap are 1."""


def draw(plot: Plot, name: str, title: str, description: str) -> str:
    """The plot as an `<svg>` element; see `as_svg`."""
    with settings():
        match plot:
            case Bars():
                figure = _bars(plot)
            case Dots():
                figure = _dots(plot)
            case Reliability():
                figure = _reliability(plot)
            case Scatter():
                figure = _scatter(plot)
        return as_svg(figure, name, title, description)


def _bars(plot: Bars) -> Figure:
    figure = Figure(figsize=(_WIDTH, 0.9 + _ROW * len(plot.rows)), layout="constrained")
    axes = figure.add_subplot()
    places = range(len(plot.rows))
    for offset, told, found in (
        (-_HEIGHT / 2, plot.series[0], plot.first),
        (_HEIGHT / 2, plot.series[1], plot.second),
    ):
        full = offset < 0
        rows = [(at + offset, each) for at, each in zip(places, found, strict=True) if each]
        axes.barh(
            [at for at, _ in rows],
            [each.estimate for _, each in rows],
            _HEIGHT,
            label=label(told),
            facecolor=BLUE if full else GROUND,
            edgecolor=BLUE if full else ORANGE,
            hatch=None if full else "/////",
        )
        _whiskers(axes, rows, INK)
    axes.set_yticks(list(places), [label(row) for row in plot.rows])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.axvline(0, color=FAINT, linewidth=0.8)
    axes.grid(axis="x", color=FAINT, linewidth=0.3, alpha=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(plot.across)
    if plot.percent:
        axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0)
    return figure


def _whiskers(axes: Axes, rows: Sequence[tuple[float, Interval]], colour: str) -> None:
    for at, each in rows:
        if each.low < each.high:
            axes.plot([each.low, each.high], [at, at], color=colour, linewidth=1)


def _dots(plot: Dots) -> Figure:
    figure = Figure(figsize=(_WIDTH, 0.75 + 0.3 * len(plot.rows)), layout="constrained")
    across = figure.subplots(1, len(plot.panels), sharey=True, squeeze=False)[0]
    places = range(len(plot.rows))
    for axes, panel in zip(across, plot.panels, strict=True):
        rows = [(at, each) for at, each in zip(places, panel.found, strict=True) if each]
        axes.axvline(panel.reference, color=FAINT, linewidth=1, linestyle="--")
        _whiskers(axes, [(float(at), each) for at, each in rows], INK)
        axes.plot(
            [each.estimate for _, each in rows],
            [at for at, _ in rows],
            "o",
            color=BLUE,
            markersize=6,
        )
        axes.set_ylim(len(plot.rows) - 0.5, -0.5)
        axes.set_yticks(list(places), [label(row) for row in plot.rows])
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=FAINT, linewidth=0.3, alpha=0.6)
        axes.set_xlabel(panel.across)
        if panel.percent:
            axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure


def _reliability(plot: Reliability) -> Figure:
    per_line = min(len(plot.curves), _PER_LINE)
    lines = math.ceil(len(plot.curves) / per_line)
    width = _WIDTH * max(per_line / _PER_LINE, 0.5)
    figure = Figure(figsize=(width, 0.35 + 2.35 * lines), layout="constrained")
    grid = figure.subplots(
        lines, per_line, sharex=True, sharey=True, squeeze=False, subplot_kw={"box_aspect": 0.9}
    )
    cells = [axes for line in grid for axes in line]
    for axes, curve in zip(cells, plot.curves, strict=False):
        axes.plot([0.5, 1], [0.5, 1], color=FAINT, linewidth=1, linestyle="--")
        for told, bins, marker, face in (
            ("at T = 1", curve.bins, "o", BLUE),
            ("at the fitted T", curve.fitted, "D", "none"),
        ):
            if bins:
                colour = BLUE if marker == "o" else ORANGE
                _points(axes, bins, marker, face, colour, told)
        axes.set_title(label(curve.of), fontsize=9)
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.tick_params(labelbottom=True, labelleft=True)
    for axes in cells[len(plot.curves) :]:
        axes.set_visible(False)
    figure.supxlabel("confidence: how sure the PM is of its choice", fontsize=9)
    figure.supylabel("how often it is right", fontsize=9)
    handles, told = cells[0].get_legend_handles_labels()
    figure.legend(handles, told, loc="outside upper right", ncols=2)
    return figure


def _points(
    axes: Axes, bins: Sequence[ReliabilityBin], marker: str, face: str, colour: str, told: str
) -> None:
    axes.plot(
        [each.confidence for each in bins],
        [each.accuracy for each in bins],
        marker,
        markersize=4.5,
        markerfacecolor=face,
        markeredgecolor=colour,
        label=told,
    )


def _scatter(plot: Scatter) -> Figure:
    figure = Figure(figsize=(_WIDTH * 0.62, 3.2), layout="constrained")
    axes = figure.add_subplot()
    values = [value for point in plot.points for value in point]
    ends = (min(values), max(values))
    axes.axhline(0, color=FAINT, linewidth=0.6)
    axes.axvline(0, color=FAINT, linewidth=0.6)
    axes.plot(ends, ends, color=FAINT, linewidth=1, linestyle="--")
    axes.plot(
        [x for x, _ in plot.points],
        [y for _, y in plot.points],
        "o",
        markersize=3,
        markerfacecolor="none",
        markeredgecolor=BLUE,
        markeredgewidth=0.7,
    )
    axes.set_xlabel(plot.across)
    axes.set_ylabel(plot.up)
    return figure
