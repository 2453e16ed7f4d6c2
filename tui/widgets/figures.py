"""Figures and verdicts as a screen writes them: a sign or a letter, colour beside it."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from rich.text import Text

from engine.verdict import Verdict

NOTHING = "·"
"""Stands where no figure is."""

LETTERS: dict[Verdict, str] = {
    Verdict.OUTVOTED: "O",
    Verdict.FOLLOWED: "F",
    Verdict.CONTRARY: "C",
    Verdict.SILENT: "S",
    Verdict.INERT: "I",
    Verdict.PM_WRONG: "W",
    Verdict.SAE_MISS: "M",
    Verdict.NO_FEATURE: "N",
    Verdict.TIE: "T",
    Verdict.UNMEASURED: "?",
}
"""In the order of the bars: first where the features vote, then why they were not asked."""

BOLD = Style(bold=True)
FAINT = Style(dim=True)
CURSOR = Style(reverse=True)
_BLUE = Style(color="blue", reverse=True)
_ORANGE = Style(color="yellow", reverse=True)
_PALE = Style(dim=True)
_BAR: dict[Verdict, Style] = {
    Verdict.OUTVOTED: _ORANGE,
    Verdict.FOLLOWED: _BLUE,
    Verdict.CONTRARY: Style(color="cyan", reverse=True),
    Verdict.SILENT: Style(color="cyan"),
    Verdict.INERT: Style(color="blue"),
    Verdict.PM_WRONG: Style(color="yellow"),
}


def signed(value: float | None, width: int = 0) -> str:
    """A reward, margin or effect with its sign: `+1.234`, or a dot where it was not measured."""
    text = NOTHING if value is None else f"{value:+.3f}"
    return text.rjust(width)


def percent(part: float, whole: float) -> str:
    """A part of a whole, in whole percent; a dot where there is no whole."""
    return NOTHING if whole == 0 else f"{100 * part / whole:.0f}%"


def shares(counts: list[int], width: int) -> list[int]:
    """Cells for each count so that they fill `width`; nothing that occurs gets no cell.

    Largest remainders, after one cell for every count above zero (where there is room for it).
    """
    total = sum(counts)
    present = sum(count > 0 for count in counts)
    if total == 0 or width < present:
        return [0] * len(counts)
    free = width - present
    exact = [free * count / total for count in counts]
    cells = [int(part) + (count > 0) for part, count in zip(exact, counts, strict=True)]
    by_remainder = sorted(range(len(counts)), key=lambda i: exact[i] - int(exact[i]), reverse=True)
    for index in by_remainder[: width - sum(cells)]:
        cells[index] += 1
    return cells


def verdict_bar(counts: Mapping[Verdict, int], width: int) -> Text:
    """A stacked bar of verdicts, each cell filled with its verdict's letter."""
    order = list(LETTERS)
    cells = shares([counts.get(verdict, 0) for verdict in order], width)
    bar = Text(no_wrap=True)
    for verdict, length in zip(order, cells, strict=True):
        bar.append(LETTERS[verdict] * length, _BAR.get(verdict, _PALE))
    return bar


def letters_key(width: int) -> list[Text]:
    """What the letters stand for, in lines of at most `width` cells."""
    lines: list[str] = []
    for verdict, letter in LETTERS.items():
        entry = f"{letter} {verdict.value}"
        if lines and len(lines[-1]) + 2 + len(entry) <= width:
            lines[-1] += f"  {entry}"
        else:
            lines.append(entry)
    return [Text(line, FAINT) for line in lines]


def verdict_counts(counts: Mapping[Verdict, int]) -> str:
    """`O:9 W:4`: the counts that are not zero, by letter."""
    return " ".join(f"{LETTERS[v]}:{counts[v]}" for v in LETTERS if counts.get(v, 0))


def still_to_mark(pairs: int) -> Text:
    """Stands for the lines of pairs whose figures blind mode hides."""
    many = "1 pair is" if pairs == 1 else f"{pairs:,} pairs are"
    return Text(f"    blind: {many} still to be marked", FAINT)


def margin_bar(value: float | None, largest: float, half: int) -> Text:
    """A bar from the middle: to the left below zero, to the right above."""
    bar = Text(no_wrap=True)
    length = 0 if value is None or largest == 0 else round(half * min(abs(value) / largest, 1))
    left = length if value is not None and value < 0 else 0
    right = length - left
    bar.append(" " * (half - left))
    bar.append("━" * left, Style(color="yellow"))
    bar.append("┃")
    bar.append("━" * right, Style(color="blue"))
    bar.append(" " * (half - right))
    return bar
