"""The compare screen's lines: two runs side by side, and natural against custom text. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.text import Text

from engine.cache.comparison_records import (
    ComparedHeuristic,
    ComparedMargins,
    Comparison,
    DifferingPair,
    NaturalAgainstCustom,
    TextFigures,
)
from engine.plain import plain
from engine.verdict import Verdict
from tui.screens.run_words import parts
from tui.widgets.document import Page
from tui.widgets.figures import BOLD, FAINT, LETTERS, percent, signed, still_to_mark, verdict_counts
from tui.widgets.pair_line import verdict_code
from tui.widgets.plots import BLUE, ORANGE, Curve, boxes, curves
from tui.widgets.wrapping import fit, rule

MOST_PAIRS = 200
"""Differing pairs that are listed for one heuristic."""
_PLOT_LINES = 14
_WIDEST_PLOT = 100
_WITH_TRANCHE = 90
"""Cells from which a differing pair's line has room for the tranche."""
_SIGNS = {"counterexample": "≠", "conforming": "="}


@dataclass(frozen=True, slots=True)
class Compared:
    """All that the page says."""

    comparison: Comparison | None
    """None: the index has no other run."""
    texts: tuple[NaturalAgainstCustom, ...]
    marked: frozenset[int] | None = None
    """In blind mode the pairs that may be told of; None: all of them."""

    def told(self, made: ComparedHeuristic) -> list[DifferingPair]:
        """The differing pairs of a heuristic that have a line or could have one."""
        marked = self.marked
        return [pair for pair in made.differing if marked is None or pair.id in marked]

    def listed(self) -> list[DifferingPair]:
        """The differing pairs, in the order of their lines."""
        heuristics = self.comparison.heuristics if self.comparison else ()
        return [pair for made in heuristics for pair in self.told(made)[:MOST_PAIRS]]


def compare_head(compared: Compared, place: str) -> list[Text]:
    """Which two runs: what they share, and what sets them apart. `place`: of the other run."""
    comparison = compared.comparison
    if comparison is None:
        return [Text("Compare", BOLD), Text("The index has no other run."), Text()]
    here = [f"{made.name} {made.here}" for made in comparison.apart]
    there = [f"{made.name} {made.there}" for made in comparison.apart]
    told = zip(parts(comparison.run), parts(comparison.other), strict=True)
    shared = [mine for mine, other in told if mine == other]
    return [
        Text(_flat(" · ".join(("Compare", *shared))), BOLD),
        Text(_flat(f"here   {' · '.join((comparison.run.run, *here))}")),
        Text(_flat(f"there  {' · '.join((comparison.other.run + place, *there))}")),
    ]


def compare_page(compared: Compared, width: int) -> Page:
    """Verdict against verdict and the pairs that differ, margins, natural against custom text."""
    lines: list[Text] = []
    sections: list[int] = []
    anchors: list[int] = []

    def head(title: str) -> None:
        sections.append(len(lines))
        lines.append(rule(title, width))

    comparison = compared.comparison
    if comparison is None:
        lines += [
            Text("Measure the index with another SAE, layer or PM, and compare:"),
            Text("  outvoted score --pm PM --sae SAE --hook HOOK"),
            Text(),
        ]
    else:
        for made in comparison.heuristics:
            differ = len(made.differing)
            head(f"{_flat(made.heuristic.name)} · {differ} of {made.pairs} verdicts differ")
            lines += verdict_table(made)
            told = compared.told(made)
            if told:
                lines.append(Text(_HEADING, FAINT))
            for pair in told[:MOST_PAIRS]:
                anchors.append(len(lines))
                lines.append(differing_line(pair, width))
            if len(told) > MOST_PAIRS:
                lines.append(Text(f"    and {len(told) - MOST_PAIRS} more", FAINT))
            if hidden := differ - len(told):
                lines.append(still_to_mark(hidden))
        head("margins · here across, there up")
        lines += margin_lines(comparison.margins, width)
    for text in compared.texts:
        head(f"{_flat(text.heuristic.name)} · natural against custom text")
        lines += text_lines(text, width)
    return Page(lines, tuple(anchors), reading=True, sections=tuple(sections))


def verdict_table(made: ComparedHeuristic) -> list[Text]:
    """Verdicts here by line, verdicts there by column; what agrees stands in brackets."""
    if not made.pairs:
        return [Text("No bearer has a verdict in both runs.", FAINT)]
    mine = [verdict for verdict in LETTERS if any(pair[0] == verdict for pair in made.verdicts)]
    others = [verdict for verdict in LETTERS if any(pair[1] == verdict for pair in made.verdicts)]
    corner = "here ↓ there →"
    header = f"  {corner:<14}" + "".join(f"{LETTERS[verdict]:>7} " for verdict in others)
    lines = [Text(header, FAINT)]
    for verdict in mine:
        line = Text(f"  {LETTERS[verdict]} {verdict.value:<12}")
        for other in others:
            count = made.verdicts.get((verdict, other), 0)
            cell = str(count) if count else "·"
            if count and verdict == other:
                line.append(f"[{cell}]".rjust(8), BOLD)
            else:
                line.append(f"{cell:>7} ", "" if count else FAINT)
        lines.append(line)
    return lines


_HEADING = f"  {'pair':<14}  {'here':<13}   {'there':<13}{'margin':>7} {'there':>7} {'change':>7}"


def differing_line(pair: DifferingPair, width: int) -> Text:
    """One pair with a verdict here and another there, and both margins."""
    here = verdict_code(pair.verdict, pair.by)
    there = verdict_code(pair.other_verdict, pair.other_by)
    tranche = f"  {_flat(pair.tranche)}" if width >= _WITH_TRANCHE else ""
    return fit(
        Text(
            f"  {_flat(pair.label)[:13]:<13} {_SIGNS[pair.kind]} {here:<13} → {there:<13}"
            f"{signed(pair.margin, 7)} {signed(pair.other_margin, 7)}"
            f" {signed(pair.other_margin - pair.margin, 7)}{tranche}"
        ),
        width,
    )


def margin_lines(margins: ComparedMargins, width: int) -> list[Text]:
    """Correlation and agreement in a line, and up to 400 pairs as points."""
    if not margins.pairs:
        return [Text("No pair was measured in both runs.", FAINT)]
    correlation = "·" if margins.correlation is None else f"{margins.correlation:.3f}"
    said = Text(
        f"{margins.pairs:,} pairs in both · correlation {correlation} · same sign on "
        f"{percent(margins.agreeing, margins.pairs)} · mean {signed(margins.mean)} here, "
        f"{signed(margins.other_mean)} there"
    )
    x = _limits([point[0] for point in margins.points])
    y = _limits([point[1] for point in margins.points])
    points = Curve("o", margins.points, ORANGE, joined=False)
    low, high = max(x[0], y[0]), min(x[1], y[1])
    same = Curve(":", [(low, low), (high, high)] if low < high else [], BLUE)
    plot = curves([same, points], min(width, _WIDEST_PLOT), _PLOT_LINES, x, y)
    return [fit(said, width), *plot, Text("  : equal margins", FAINT)]


def _limits(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low - 0.5, high + 0.5) if low == high else (low, high)


_FIGURES: tuple[tuple[str, Callable[[TextFigures], float | None]], ...] = (
    ("margin", lambda row: row.margin),
    ("reconstruction", lambda row: _difference(row.margin_sae, row.margin)),
    ("vote", lambda row: row.vote),
    ("activation", lambda row: row.activation),
    ("deletion effect", lambda row: row.deletion_effect),
)


def _difference(some: float | None, other: float | None) -> float | None:
    return None if some is None or other is None else some - other


def text_lines(text: NaturalAgainstCustom, width: int) -> list[Text]:
    """Verdicts, and each figure's distribution among natural and among custom bearers."""
    if not text.custom:
        return [
            Text(
                "No kept custom pair bears it on one side: edit one, keep what was measured.", FAINT
            )
        ]
    lines = [
        fit(Text(f"{name:<8} {len(rows):>6,} bearers  {verdict_counts(_counts(rows))}"), width)
        for name, rows in (("natural", text.natural), ("custom", text.custom))
    ]
    for name, figure in _FIGURES:
        samples = [
            (kind, [value for row in rows if (value := figure(row)) is not None])
            for kind, rows in (("natural", text.natural), ("custom", text.custom))
        ]
        if all(values for _, values in samples):
            lines.append(Text(f"{name} (1st to 99th percentile, box: the middle half)", FAINT))
            lines += boxes(samples, min(width, _WIDEST_PLOT))
    return lines


def _counts(rows: Sequence[TextFigures]) -> dict[Verdict, int]:
    counts: dict[Verdict, int] = {}
    for row in rows:
        counts[row.verdict] = counts.get(row.verdict, 0) + 1
    return counts


def _flat(text: str) -> str:
    return plain(text, keep_newlines=False)
