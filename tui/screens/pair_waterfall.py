"""The waterfall that leads to the margin, as bars with numbers; before it, stored effects. Pure.

A bar begins where the one above it ends. The sign is the number's, and a bar's line is heavy above
zero and light below.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from engine.cache.breakdown import Bar, Waterfall
from engine.cache.pair_records import HeuristicOnPair, PairDetail
from engine.plain import plain
from tui.widgets.figures import BOLD, FAINT, margin_bar, signed
from tui.widgets.wrapping import fit

_NUMBERS = 2 * 9 + 2
_ABOVE = Style(color="blue")
_BELOW = Style(color="yellow")
_LONGEST_LABEL = 60


def waterfall_lines(
    waterfall: Waterfall, labels: Mapping[int, str | None], width: int
) -> list[Text]:
    """From the margin down to the baseline, each part with its size and the margin left.

    Args:
        waterfall: what was measured.
        labels: of features.
        width: in cells.
    """
    label = min(max(width // 3, 12), _LONGEST_LABEL)
    lefts = [waterfall.margin]
    for bar in waterfall.bars[:-1]:
        lefts.append(lefts[-1] - bar.size)
    lefts.append(waterfall.baseline)
    scale = _Scale(lefts, width - label - _NUMBERS)
    head = f"{'ablated, and stays so':<{label}}{'part':>9}{'left':>9}"
    lines = [
        fit(Text(head, FAINT), width),
        _line("margin", label, None, waterfall.margin, scale.bar(0.0, waterfall.margin)),
    ]
    for bar, before, after in zip(waterfall.bars, lefts[:-1], lefts[1:], strict=True):
        name = _name(bar, waterfall, labels, label)
        lines.append(_line(name, label, bar.size, after, scale.bar(after, before)))
    lines.append(
        _line("ablated baseline", label, None, lefts[-1], scale.bar(0.0, waterfall.baseline))
    )
    lines[1].stylize(BOLD)
    lines[-1].stylize(BOLD)
    return lines


class _Scale:
    """From margins to columns; zero is always among them."""

    def __init__(self, margins: list[float], width: int) -> None:
        self._low = min(0.0, *margins)
        self._span = max(0.0, *margins) - self._low or 1.0
        self._width = max(width, 2)

    def _column(self, margin: float) -> int:
        return round((margin - self._low) / self._span * (self._width - 1))

    def bar(self, start: float, end: float) -> Text:
        """From one margin to another; zero is marked where the bar leaves it free."""
        left, right = sorted((self._column(start), self._column(end)))
        cells = [" "] * self._width
        cells[self._column(0.0)] = "┃"
        above = end >= start
        cells[left : right + 1] = ["━" if above else "─"] * (right + 1 - left)
        bar = Text("".join(cells))
        bar.stylize(_ABOVE if above else _BELOW, left, right + 1)
        return bar


def _line(name: str, label: int, size: float | None, left: float, bar: Text) -> Text:
    line = fit(Text(plain(name, keep_newlines=False)), label)
    line.append(f"{'' if size is None else signed(size):>9}{signed(left, 9)}  ")
    return line.append_text(bar)


def _name(bar: Bar, waterfall: Waterfall, labels: Mapping[int, str | None], room: int) -> str:
    match bar.part:
        case "own":
            named = f"* {waterfall.heuristic}: {_numbers(bar.features)}"
            several = f"* {len(bar.features)} features of {waterfall.heuristic}"
            return named if cell_len(named) <= room else several
        case "feature":
            return f"{_numbers(bar.features)} {labels.get(bar.features[0]) or ''}"
        case "rest":
            return "all other features"
        case "error":
            return "the SAE error"


def _numbers(features: tuple[int, ...]) -> str:
    return " ".join(f"#{feature}" for feature in features)


def stored_lines(on: HeuristicOnPair | None, detail: PairDetail, width: int) -> list[Text]:
    """The group effects that the run holds, each by itself."""
    if on is None or on.effect_all is None:
        how = "w measures it" if detail.run else "outvoted score makes a run, w asks its PM"
        return [fit(Text(f"not measured yet: {how}", FAINT), width)]
    rows = [
        ("the heuristic's features, at the pattern", on.effect),
        ("all features, at the pattern", on.effect_all),
        ("all but the heuristic's, over the responses", on.drop_without_others),
        ("the SAE error, over the responses", on.drop_without_error),
    ]
    sizes = [abs(value) for _, value in rows if value is not None]
    largest = max([abs(detail.margin or 0.0), *sizes])
    half = max((width - 46 - 10 - 3) // 2, 4)
    told = Text("stored effects; they do not add up · w measures the waterfall", FAINT)
    lines = [fit(told, width)]
    for name, value in [("margin", detail.margin), *rows]:
        line = fit(Text(name), 44)
        line.append(f"{signed(value, 9)}  ").append_text(margin_bar(value, largest, half))
        lines.append(fit(line, width))
    return lines
