"""The pair screen's table of features: sorted by any of its figures. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from rich.text import Text

from engine.cache.pair_records import FeatureOnPair, PairDetail
from engine.plain import plain
from tui.widgets.figures import BOLD, FAINT, signed
from tui.widgets.wrapping import fit, wrap

FeatureSort = Literal["attribution", "effect", "chosen", "rejected", "feature"]
FEATURE_SORTS: tuple[FeatureSort, ...] = (
    "attribution",
    "effect",
    "chosen",
    "rejected",
    "feature",
)
SORTED_BY: dict[FeatureSort, str] = {
    "attribution": "the size of their attribution",
    "effect": "the size of their exact effect, where it was measured",
    "chosen": "their activation on the chosen side",
    "rejected": "their activation on the rejected side",
    "feature": "number",
}
_HEADINGS: dict[FeatureSort, str] = {
    "attribution": "attrib.",
    "effect": "effect",
    "chosen": "chosen",
    "rejected": "rejected",
    "feature": "feature",
}


def _largest(value: float | None) -> float:
    return 1.0 if value is None else -abs(value)


_KEYS: dict[FeatureSort, Callable[[FeatureOnPair], float]] = {
    "attribution": lambda row: _largest(row.attribution),
    "effect": lambda row: _largest(row.effect),
    "chosen": lambda row: _largest(row.activation_chosen),
    "rejected": lambda row: _largest(row.activation_rejected),
    "feature": lambda row: row.feature,
}


def sorted_features(
    features: tuple[FeatureOnPair, ...], by: FeatureSort
) -> tuple[FeatureOnPair, ...]:
    """The largest sizes first, what was not measured last; or by number."""
    return tuple(sorted(features, key=lambda row: (_KEYS[by](row), -abs(row.attribution))))


def no_feature_lines(detail: PairDetail, width: int) -> list[Text]:
    """Why there is no table."""
    if detail.hidden:
        said = "hidden until you mark the pair: 1 to 5"
    elif detail.margin is None:
        said = "no feature figures: the pair is unmeasured"
    else:
        said = "no feature figures: of this pair the run has the margin alone; r measures them"
    return wrap(Text(said, FAINT), width)


def feature_lines(
    features: tuple[FeatureOnPair, ...], own: tuple[int, ...], by: FeatureSort, width: int
) -> list[Text]:
    """A heading and one line a feature, as they are sorted; `*` before the heuristic's own."""
    label = max(width - 9 - 4 * 10, 8)
    chosen, rejected, attribution, effect = (
        _heading(name, by) for name in ("chosen", "rejected", "attribution", "effect")
    )
    head = f"  {_heading('feature', by):<9}{'label':<{label - 1}}"
    lines = [Text(f"{head}{chosen:>9} {rejected:>9} {attribution:>9} {effect:>8}", FAINT)]
    for row in features:
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


def _heading(name: FeatureSort, by: FeatureSort) -> str:
    return f"{'▾' if name == by else ''}{_HEADINGS[name]}"
