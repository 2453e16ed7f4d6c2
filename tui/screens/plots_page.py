"""The plots screen's lines: verdicts, margins and reliability, each by tranche. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from engine.cache.records import IMPORTED, HeuristicCard, Overview
from engine.plain import plain
from tui.widgets.document import Page
from tui.widgets.figures import FAINT, letters_key, verdict_bar, verdict_counts
from tui.widgets.plots import BLUE, ORANGE, Curve, boxes, curves
from tui.widgets.wrapping import fit, rule

if TYPE_CHECKING:  # numpy
    from engine.verdict.calibration import ReliabilityBin

_PLOT_LINES = 14
_WIDEST_PLOT = 100
_NAME = 16


@dataclass(frozen=True, slots=True)
class Plotted:
    """What is drawn."""

    overview: Overview
    complete: bool
    """Whether the margins are of all pairs of the index, and not of its sample."""
    margins: Mapping[str, Sequence[float]]
    """By tranche; empty without a run."""
    bins: Mapping[str, Sequence[ReliabilityBin]]
    """By tranche, at T = 1."""


def plots_page(plotted: Plotted, width: int) -> Page:
    """Verdict bars of every heuristic, margins of every tranche, reliability of every tranche."""
    lines: list[Text] = []
    sections: list[int] = []

    def head(title: str) -> None:
        sections.append(len(lines))
        lines.append(rule(title, width))

    head("verdicts · ≠ counterexamples, = conforming pairs")
    for card in plotted.overview.heuristics:
        lines += verdict_bars(card, width)
    lines += letters_key(width)
    head(f"margins of {_whose(plotted)} · box: middle half, │ median, lines: 1% to 99%")
    plot = min(width, _WIDEST_PLOT)
    if not plotted.margins:
        lines.append(Text("Nothing is measured yet: outvoted score --pm PM --sae SAE", FAINT))
    lines += boxes(list(plotted.margins.items()), plot)
    for tranche, bins in plotted.bins.items():
        head(f"reliability · {_flat(tranche)} · confidence across, how often right up, in %")
        lines += reliability_lines(bins, plot)
    return Page(lines, sections=tuple(sections))


def _whose(plotted: Plotted) -> str:
    run = plotted.overview.run
    if plotted.complete:
        return "all pairs"
    if run is not None and run.readout == IMPORTED:
        return "the pairs whose rewards were taken in"
    return "the hashed sample"


def verdict_bars(card: HeuristicCard, width: int) -> list[Text]:
    """A bar for each kind of pair, all as long as each other: shares, not counts."""
    name = f"{_flat(card.heuristic.name)[:_NAME]:<{_NAME}}"
    if card.held not in ("held", "no deletion"):
        why = "not measured" if card.held == "unmeasured" else f"{card.held}: shares withheld"
        lines = [Text(f"{name} {why}", FAINT)]
        return lines if card.held == "unmeasured" else lines + _withheld(card, width)
    bars = []
    for sign, counts in (("≠", card.counterexamples), ("=", card.conforming)):
        line = Text(f"{name if sign == '≠' else '':<{_NAME}} {sign} {sum(counts.values()):>6} ")
        bars.append(line.append_text(verdict_bar(counts, max(width - line.cell_len, 8))))
    return bars


def _withheld(card: HeuristicCard, width: int) -> list[Text]:
    return [
        fit(Text(f"{'':<{_NAME}} {sign} {sum(counts.values()):>6} {verdict_counts(counts)}"), width)
        for sign, counts in (("≠", card.counterexamples), ("=", card.conforming))
    ]


def reliability_lines(bins: Sequence[ReliabilityBin], width: int) -> list[Text]:
    """Accuracy (o) by confidence in bins of equal mass, against what it should be (:)."""
    points = [(100 * made.confidence, 100 * made.accuracy) for made in bins]
    lowest = min([50.0, *(accuracy for _, accuracy in points)])
    ideal = Curve(":", [(50.0, 50.0), (100.0, 100.0)], BLUE)
    found = Curve("o", points, ORANGE, joined=False)
    plot = curves([ideal, found], width, _PLOT_LINES, (50.0, 100.0), (lowest, 100.0))
    pairs = sum(made.pairs for made in bins)
    legend = Text("  o ", ORANGE).append(f"{len(bins)} bins of {pairs:,} pairs   ", "default")
    legend.append(": ", BLUE).append("calibrated; below it the PM is too sure", "default")
    return [*plot, fit(legend, width)]


def _flat(text: str) -> str:
    return plain(text, keep_newlines=False)
