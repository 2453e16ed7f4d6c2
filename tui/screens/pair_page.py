"""The pair screen's scrolling page: before and after, context, both responses, features. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from rich.style import Style
from rich.text import Text

from engine.cache.records import FeatureOnPair, PairDetail
from engine.hh import SIDES, Side
from engine.live.edit import Rescored
from engine.plain import plain
from tui.screens.pair_head import before_and_after, on_pair
from tui.widgets.document import Page
from tui.widgets.figures import BOLD, FAINT, signed
from tui.widgets.wrapping import fit, rule, wrap

SIDE_BY_SIDE = 100
_FOLDED_LINES = 6
_PATTERN = Style(bold=True, underline=True)
_FOUND = Style(reverse=True)
_TURN = re.compile(r"\n\n(?:Human|Assistant):")
_LAST_HUMAN = "\n\nHuman:"


@dataclass(frozen=True, slots=True)
class Shown:
    """All that decides what the page says."""

    detail: PairDetail
    heuristic: str | None
    side: Side = "chosen"
    unfolded: bool = False
    search: str = ""
    rescored: Rescored | None = None
    noise_floor: float | None = None


@dataclass(slots=True)
class _Writer:
    """Collects lines and the places among them."""

    lines: list[Text]
    sections: list[int]
    matches: list[int]

    def head(self, title: str, width: int) -> None:
        self.sections.append(len(self.lines))
        self.lines.append(rule(title, width))

    def add(self, lines: list[Text]) -> None:
        for line in lines:
            if any(span.style in (_PATTERN, _FOUND) for span in line.spans):
                self.matches.append(len(self.lines))
            self.lines.append(line)


def pair_page(shown: Shown, width: int) -> Page:
    """The page for a width in cells; two columns of text from 100 on."""
    writer = _Writer([], [], [])
    if shown.rescored is not None:
        writer.head(f"before and after · {shown.rescored.seconds:.1f} s · esc closes", width)
        writer.add(before_and_after(shown.rescored, shown.heuristic, shown.noise_floor))
    _context(writer, shown, width)
    sides = _responses(writer, shown, width)
    writer.head(f"features · {len(shown.detail.features)}", width)
    on = on_pair(shown.detail, shown.heuristic)
    writer.add(feature_lines(shown.detail.features, on.features if on else (), width))
    return Page(
        writer.lines,
        sections=tuple(writer.sections),
        matches=tuple(writer.matches),
        sides=sides,
    )


def _context(writer: _Writer, shown: Shown, width: int) -> None:
    # The marker the responses continue says nothing that the page does not.
    context = shown.detail.pair.context.removesuffix("\n\nAssistant:")
    turns = len(_TURN.findall(context))
    start = 0 if shown.unfolded else max(context.rfind(_LAST_HUMAN), 0)
    lines = wrap(marked(context[start:].strip("\n"), (), None, shown.search), width)
    hidden = "" if start == 0 else ", from the last human turn"
    if not shown.unfolded and len(lines) > _FOLDED_LINES:
        hidden = ", folded"
        lines = [*lines[: _FOLDED_LINES - 1], Text("…", FAINT)]
    key = "o folds it" if shown.unfolded else "o opens it"
    writer.head(f"context · {turns} turns{hidden} · {key}", width)
    writer.add(lines)


def _responses(writer: _Writer, shown: Shown, width: int) -> dict[str, int]:
    """Both responses, side by side or stacked; the line each begins at."""
    pair = shown.detail.pair
    shared = parting(pair.chosen, pair.rejected)
    texts = {
        side: marked(
            pair.response(side),
            _spans(shown, side),
            None if pair.chosen == pair.rejected else shared,
            shown.search,
        )
        for side in SIDES
    }
    titles = {side: f"{side}{' ◂' if side == shown.side else ''}" for side in SIDES}
    if width < SIDE_BY_SIDE:
        sides = {}
        for side in SIDES:
            sides[str(side)] = len(writer.lines)
            writer.head(titles[side], width)
            writer.add(wrap(texts[side], width))
        return sides
    half = (width - 3) // 2
    begin = len(writer.lines)
    writer.sections.append(begin)
    left_head, right_head = (rule(titles[side], half) for side in SIDES)
    writer.lines.append(Text.assemble(left_head, "   ", right_head))
    columns = [wrap(texts[side], half) for side in SIDES]
    writer.add(
        [
            Text.assemble(fit(left, half), " │ ", right)
            for left, right in zip_longest(*columns, fillvalue=Text())
        ]
    )
    return dict.fromkeys(SIDES, begin)


def parting(left: str, right: str) -> int:
    """How many characters two texts share before they part."""
    shortest = min(len(left), len(right))
    return next((i for i in range(shortest) if left[i] != right[i]), shortest)


def _spans(shown: Shown, side: Side) -> tuple[tuple[int, int], ...]:
    on = on_pair(shown.detail, shown.heuristic)
    if on is None or on.bearer != side:
        return ()
    return tuple((max(start, 0), end) for start, end in on.spans if end > 0)


def marked(
    text: str, spans: tuple[tuple[int, int], ...], divergence: int | None, search: str
) -> Text:
    """A text with its pattern in «guillemets», `▸` where the sides part, and matches reversed.

    Turn markers are bold; what both responses share before they part is faint.
    """
    shown = Text(plain(text))
    if not text.strip():
        return Text(f"({'blank' if text else 'empty'}: {len(text)} characters)", FAINT)
    if divergence:
        shown.stylize(FAINT, 0, divergence)
    for turn in _TURN.finditer(text):
        shown.stylize(BOLD, *turn.span())
    for start, end in spans:
        shown.stylize(_PATTERN, start, end)
    for start, end in _find(text, search):
        shown.stylize(_FOUND, start, end)
    return _with_signs(shown, spans, divergence)


def _find(text: str, search: str) -> Iterator[tuple[int, int]]:
    """Where the text holds the search; ASCII letters match in both cases, as in the list."""
    if search:
        flags = re.IGNORECASE | re.ASCII if search.isascii() else re.IGNORECASE
        for match in re.finditer(re.escape(search), text, flags):
            yield match.span()


def _with_signs(shown: Text, spans: tuple[tuple[int, int], ...], divergence: int | None) -> Text:
    """Put the signs in between the characters; styles move along."""
    signs = [(start, 2, "«") for start, _ in spans] + [(end, 0, "»") for _, end in spans]
    if divergence is not None and divergence <= len(shown):
        signs.append((divergence, 1, "▸"))
    signs.sort()
    whole = Text()
    begin = 0
    for offset, _, sign in signs:
        piece = shown[begin:offset] if offset > begin else Text()
        whole.append_text(piece).append(sign, BOLD)
        begin = max(begin, offset)
    return whole.append_text(shown[begin:]) if begin < len(shown) else whole


def feature_lines(
    features: tuple[FeatureOnPair, ...], own: tuple[int, ...], width: int
) -> list[Text]:
    """A table by size of attribution; `*` before the heuristic's own features."""
    if not features:
        return [Text("no feature figures: the pair is unmeasured", FAINT)]
    label = max(width - 9 - 4 * 10, 8)
    figures = f"{'chosen':>9} {'rejected':>9} {'attrib.':>9} {'effect':>8}"
    head = f"  {'feature':<8}{'label':<{label}}{figures}"
    lines = [Text(head, FAINT)]
    for row in sorted(features, key=lambda row: -abs(row.attribution)):
        line = Text(f"{'*' if row.feature in own else ' '} {f'#{row.feature}':<8}")
        line.append_text(fit(Text(plain(row.label or "", keep_newlines=False)), label - 1))
        line.append(
            f" {row.activation_chosen:>9.3f} {row.activation_rejected:>9.3f} "
            f"{signed(row.attribution, 9)} {signed(row.effect, 8)}"
        )
        if row.feature in own:
            line.stylize(BOLD)
        lines.append(line)
    return lines
