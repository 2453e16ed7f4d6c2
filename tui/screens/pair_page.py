"""The pair screen's scrolling page: its sections in order, laid out for a width. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from rich.text import Text

from engine.cache.breakdown import Breakdown, TokenEffects
from engine.cache.pair_records import FeatureOnPair, PairDetail
from engine.counted import counted
from engine.hh import SIDES, Side
from engine.live.edit import Rescored
from tui.screens.pair_features import (
    FeatureSort,
    feature_lines,
    no_feature_lines,
    sorted_features,
)
from tui.screens.pair_head import before_and_after, on_pair
from tui.screens.pair_shading import ShadeBy, Shading, shading
from tui.screens.pair_texts import FOUND, PATTERN, PATTERN_SHADED, context_shown, marked
from tui.screens.pair_verdict import why_lines
from tui.screens.pair_waterfall import stored_lines, waterfall_lines
from tui.widgets.document import Page
from tui.widgets.figures import FAINT
from tui.widgets.shading import MARGIN, legend, with_margin
from tui.widgets.words import Spans, differences
from tui.widgets.wrapping import fit, rule, wrap

SIDE_BY_SIDE = 100
_FOLDED_LINES = 6


@dataclass(frozen=True, slots=True)
class Shown:
    """All that decides what the page says."""

    detail: PairDetail
    heuristic: str | None
    side: Side = "chosen"
    unfolded: bool = False
    search: str = ""
    rescored: Rescored | None = None
    unedited: float | None = None
    """The drift of the pair as it is stored, which an edit is held against."""
    noise_floor: float | None = None
    sort: FeatureSort = "attribution"
    shade: ShadeBy = "nothing"
    shade_feature: int | None = None
    """The feature to shade by, where that is what `shade` says."""
    breakdown: Breakdown | None = None
    """The margin taken apart, where a running PM did that."""

    @property
    def features(self) -> tuple[FeatureOnPair, ...]:
        """The table's rows, in its order."""
        return sorted_features(self.detail.features, self.sort)

    @property
    def tokens(self) -> TokenEffects | None:
        """Figures by token: fresh ones, which say more, before stored ones."""
        return self.detail.tokens if self.breakdown is None else self.breakdown.tokens


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
            if any(span.style in (PATTERN, PATTERN_SHADED, FOUND) for span in line.spans):
                self.matches.append(len(self.lines))
            self.lines.append(line)


def pair_page(shown: Shown, width: int) -> Page:
    """The page for a width in cells; two columns of text from 100 on."""
    writer = _Writer([], [], [])
    if shown.rescored is not None:
        writer.head(f"before and after · {shown.rescored.seconds:.1f} s · esc closes", width)
        writer.add(
            before_and_after(shown.rescored, shown.heuristic, shown.noise_floor, shown.unedited)
        )
    _context(writer, shown, width)
    sides = _responses(writer, shown, width)
    _waterfall(writer, shown, width)
    _why(writer, shown, width)
    anchors = _features(writer, shown, width)
    return Page(
        writer.lines,
        anchors=anchors,
        sections=tuple(writer.sections),
        matches=tuple(writer.matches),
        sides=sides,
        reading=True,
    )


def _context(writer: _Writer, shown: Shown, width: int) -> None:
    text, turns, cut = context_shown(shown.detail.pair.context, unfolded=shown.unfolded)
    lines = wrap(marked(text, (), None, shown.search), width)
    hidden = ", from the last human turn" if cut else ""
    if not shown.unfolded and len(lines) > _FOLDED_LINES:
        hidden = ", folded"
        lines = [*lines[: _FOLDED_LINES - 1], Text("…", FAINT)]
    key = "o folds it" if shown.unfolded else "o opens it"
    writer.head(f"context · {counted(turns, 'turn')}{hidden} · {key}", width)
    writer.add(lines)


def _responses(writer: _Writer, shown: Shown, width: int) -> dict[str, int]:
    """Both responses, side by side or stacked; the line each begins at."""
    pair = shown.detail.pair
    differing = dict(zip(SIDES, differences(pair.chosen, pair.rejected), strict=True))
    on = on_pair(shown.detail, shown.heuristic)
    own = on.features if on else ()
    by = "nothing" if shown.detail.hidden else shown.shade
    shaded = shading(shown.tokens, by, own, shown.shade_feature)
    shades = shaded.by_side if isinstance(shaded, Shading) else None
    texts = {
        side: marked(
            pair.response(side),
            _spans(shown, side),
            differing[side],
            shown.search,
            shades[side] if shades else None,
        )
        for side in SIDES
    }
    titles = {side: f"{side}{' ◂' if side == shown.side else ''}" for side in SIDES}
    if shaded is not None:
        said = shaded if isinstance(shaded, str) else legend(shaded.title, shaded.largest)
        writer.head("shading · v the next, space by the feature the cursor is on", width)
        writer.add(wrap(Text(said) if isinstance(said, str) else said, width))
    lines = _shaded_lines if shades else wrap
    if width < SIDE_BY_SIDE:
        sides = {}
        for side in SIDES:
            sides[str(side)] = len(writer.lines)
            writer.head(titles[side], width)
            writer.add(lines(texts[side], width))
        return sides
    half = (width - 3) // 2
    begin = len(writer.lines)
    writer.sections.append(begin)
    left_head, right_head = (rule(titles[side], half) for side in SIDES)
    writer.lines.append(Text.assemble(left_head, "   ", right_head))
    columns = [lines(texts[side], half) for side in SIDES]
    writer.add(
        [
            Text.assemble(fit(left, half), " │ ", right)
            for left, right in zip_longest(*columns, fillvalue=Text())
        ]
    )
    return dict.fromkeys(SIDES, begin)


def _shaded_lines(text: Text, width: int) -> list[Text]:
    return [with_margin(line) for line in wrap(text, width - MARGIN)]


def _spans(shown: Shown, side: Side) -> Spans:
    on = on_pair(shown.detail, shown.heuristic)
    if on is None or on.bearer != side:
        return ()
    return tuple((max(start, 0), end) for start, end in on.spans if end > 0)


def _waterfall(writer: _Writer, shown: Shown, width: int) -> None:
    if shown.detail.hidden:
        return
    on = on_pair(shown.detail, shown.heuristic)
    name = on.heuristic.name if on else None
    made = shown.breakdown.waterfall(name) if shown.breakdown else None
    writer.head("waterfall · what the margin is made of", width)
    if made is None:
        writer.add(stored_lines(on, shown.detail, width))
    else:
        labels = {row.feature: row.label for row in shown.detail.features}
        writer.add(waterfall_lines(made, labels, width))


def _why(writer: _Writer, shown: Shown, width: int) -> None:
    on = on_pair(shown.detail, shown.heuristic)
    if on is not None:
        writer.head(f"why {on.judgement.verdict.value}", width)
        writer.add(why_lines(on, shown.detail, width))


def _features(writer: _Writer, shown: Shown, width: int) -> tuple[int, ...]:
    """The table of features; its lines, on which the cursor can stand."""
    features, on = shown.features, on_pair(shown.detail, shown.heuristic)
    if not features:
        writer.head("features", width)
        writer.add(no_feature_lines(shown.detail, width))
        return ()
    writer.head(f"features · {len(features)} · s sorts · enter opens one", width)
    first = len(writer.lines) + 1
    writer.add(feature_lines(features, on.features if on else (), shown.sort, width))
    return tuple(range(first, first + len(features)))
