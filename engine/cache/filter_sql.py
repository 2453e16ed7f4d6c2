"""A filter as SQL: fixed fragments for its tests, every value bound.

What was typed is a tree by now (engine.filters). Its names are looked up in the dictionaries
below and its values travel beside the statement, so no character of it is ever read as SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.filters import (
    All,
    Among,
    Between,
    Compare,
    Contains,
    Either,
    Feature,
    Filter,
    Not,
)
from engine.filters.tree import Comparison, OnFeature

Listed = Literal["borne", "pairs"]
"""What a list is made of: the bearers of one heuristic, or every pair."""

_ROW = "& 1099511627775"  # the 40 low bits of an id
_OF_RUN = {"reward_chosen": "r.reward_chosen", "reward_rejected": "r.reward_rejected"}
_OF_VERDICT = {
    "vote": "b.vote",
    "effect": "b.effect",
    "effect_all": "b.effect_all",
    "activation": "b.activation",
    "deletion_effect": "b.deletion_effect",
    "distance": "b.distance",
}
FIGURE_COLUMNS: Mapping[Listed, Mapping[str, str]] = {
    # A verdict's own margin is there without a join.
    "borne": {
        "row": f"(b.id {_ROW})",
        "margin": "b.margin",
        "margin_sae": "b.margin_sae",
        "gap": "abs(b.margin_sae - b.margin)",
        **_OF_RUN,
        **_OF_VERDICT,
    },
    "pairs": {
        "row": f"(p.id {_ROW})",
        "margin": "r.margin",
        "margin_sae": "r.margin_sae",
        "gap": "abs(r.margin_sae - r.margin)",
        **_OF_RUN,
        **_OF_VERDICT,
    },
}
"""Figures by name. `b` is the table `borne`, `r` the rewards, `p` the pairs."""

_NAME_COLUMNS = {
    "verdict": "b.verdict",
    "kind": "b.kind",
    "bearer": "b.bearer",
    "heuristic": "b.heuristic",
    "runner_up": "CASE WHEN b.id IS NOT NULL THEN coalesce(b.runner_up, 'none') END",
    "by": "CASE WHEN b.id IS NOT NULL THEN coalesce(b.outvoted_by, 'none') END",
    "decisive": "CASE WHEN b.decisive THEN 'yes' WHEN NOT b.decisive THEN 'no'"
    " WHEN b.id IS NOT NULL THEN 'unknown' END",
}
_TRANCHES: Mapping[Listed, str] = {"borne": "b.tranche", "pairs": "p.tranche"}
_SIGNS: Mapping[Comparison, str] = {"=": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_ON_FEATURE: Mapping[OnFeature, str] = {
    "feature": "greatest(f.activation_chosen, f.activation_rejected)",
    "attribution": "f.attribution",
}
_TEXTS = {
    "context": ("p.context",),
    "chosen": ("p.chosen",),
    "rejected": ("p.rejected",),
    "text": ("p.context", "p.chosen", "p.rejected"),
}
_TOLD = "IN (SELECT id FROM training"
_SUSPECTS = "IN (SELECT id FROM suspects"
_SEAMS = ("p.context || p.chosen", "p.context || p.rejected")
_SEAM = ":"
"""The last character of a context (it ends with its marker), and so in each text across a seam."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A fragment and the values bound in it, in its order."""

    sql: str
    values: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What a filter is answered from beside the tables."""

    sources: Mapping[int, tuple[str, str]]
    """Source and split, by the number that ids begin with."""
    marks: Mapping[int, str]
    """The user's, by pair id."""
    noise_floor: float


TRUE, FALSE = Condition("true"), Condition("false")


def condition(tree: Filter, listed: Listed, known: Known) -> Condition:
    """Whether the filter holds of a row: never NULL, a test of what is not known is false."""
    match tree:
        case Compare(figure, comparison, value):
            column = FIGURE_COLUMNS[listed][figure]
            return Condition(f"coalesce({column} {_SIGNS[comparison]} ?, false)", (value,))
        case Between(figure, low, high):
            column = FIGURE_COLUMNS[listed][figure]
            return Condition(f"coalesce({column} BETWEEN ? AND ?, false)", (low, high))
        case Among(name, values):
            return _among(name, values, listed, known)
        case Contains(place, text):
            return contains(place, text, insensitive=text == text.lower())
        case Feature():
            return _on_feature(tree, listed)
        case Not(part):
            held = condition(part, listed, known)
            return Condition(f"NOT {held.sql}", held.values)
        case All(parts):
            return every([condition(part, listed, known) for part in parts])
        case Either(parts):
            return _joined(" OR ", [condition(part, listed, known) for part in parts])


def every(parts: Sequence[Condition]) -> Condition:
    """All of them; true where there is none."""
    return _joined(" AND ", parts) if parts else TRUE


def _joined(word: str, parts: Sequence[Condition]) -> Condition:
    sql = word.join(part.sql for part in parts)
    return Condition(f"({sql})", tuple(value for part in parts for value in part.values))


def _id(listed: Listed) -> str:
    return "b.id" if listed == "borne" else "p.id"


def _among(name: str, values: tuple[str, ...], listed: Listed, known: Known) -> Condition:
    match name:
        case "tranche":
            return _one_of(_TRANCHES[listed], values)
        case "source" | "split":
            place = ("source", "split").index(name)
            numbers = [at for at, named in known.sources.items() if named[place] in values]
            return Condition(f"list_contains(?::BIGINT[], {_id(listed)} >> 40)", (numbers,))
        case "mark":
            return marked(values, listed, known)
        case "label-suspect" | "suspect":
            return _joined(" OR ", [_suspected(value, listed, known) for value in values])
        case "seen":
            return _joined(" OR ", [_seen(value, listed) for value in values])
        case _:
            return _one_of(_NAME_COLUMNS[name], values)


def _seen(value: str, listed: Listed) -> Condition:
    if value == "unknown":
        return Condition(f"{_id(listed)} NOT {_TOLD})")
    return Condition(f"{_id(listed)} {_TOLD} WHERE seen = ?)", (value,))


def _one_of(column: str, values: Sequence[str]) -> Condition:
    return Condition(f"coalesce(list_contains(?::VARCHAR[], {column}), false)", (list(values),))


def marked(values: Sequence[str], listed: Listed, known: Known) -> Condition:
    """Whether the pair has one of these marks; `none`: whether it has no mark."""
    held = [at for at, mark in known.marks.items() if mark in values]
    parts = [Condition(f"{_id(listed)} IN (SELECT unnest(?::BIGINT[]))", (held,))]
    if "none" in values:
        some = list(known.marks)
        parts.append(Condition(f"{_id(listed)} NOT IN (SELECT unnest(?::BIGINT[]))", (some,)))
    return _joined(" OR ", parts)


def _suspected(value: str, listed: Listed, known: Known) -> Condition:
    """Whether the label may be wrong (`yes`), or is not suspect, or why; needs `suspects`."""
    held = tied(listed, known)
    if value == "tied":
        return held
    if value not in ("yes", "no", "none"):
        return Condition(f"{_id(listed)} {_SUSPECTS} WHERE list_contains(reasons, ?))", (value,))
    any_of = Condition(f"({_id(listed)} {_SUSPECTS}) OR {held.sql})", held.values)
    return any_of if value == "yes" else Condition(f"NOT {any_of.sql}", any_of.values)


def tied(listed: Listed, known: Known) -> Condition:
    """Whether its two sides differ, and their rewards do not; needs the table `suspects`."""
    margin = FIGURE_COLUMNS[listed]["margin"]
    return Condition(
        f"(coalesce(abs({margin}) <= ?, false) AND {_id(listed)} NOT {_SUSPECTS}"
        " WHERE list_contains(reasons, 'identical')))",
        (known.noise_floor,),
    )


def contains(place: str, text: str, *, insensitive: bool) -> Condition:
    """Whether a place of the pair holds a text, literally.

    A text may lie across the seam of context and response. The whole transcripts are put together
    only where it could: it would have to hold the context's last character.
    """
    columns = _TEXTS[place]
    if place == "text" and _SEAM in text[:-1]:
        columns += _SEAMS
    find = "contains(lower({}), lower(?))" if insensitive else "contains({}, ?)"
    parts = [Condition(find.format(column), (text,)) for column in columns]
    return _joined(" OR ", parts) if is_text(text) else FALSE


def is_text(text: str) -> bool:
    """Whether a pair could hold it: half a surrogate pair, as a terminal may send, is no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _on_feature(test: Feature, listed: Listed) -> Condition:
    """A feature that is not stored with a measured pair is 0 there; unmeasured pairs never match.

    So where 0 fulfils the test, it is the stored ones that fail it which are left out.
    """
    holds = f"{_ON_FEATURE[test.what]} {_SIGNS[test.comparison]} ?"
    found = "SELECT f.id FROM by_feature f WHERE f.feature = ? AND"
    values = (test.number, test.value)
    if not _holds(0.0, test.comparison, test.value):
        return Condition(f"{_id(listed)} IN ({found} {holds})", values)
    measured = f"{FIGURE_COLUMNS[listed]['margin_sae']} IS NOT NULL"
    return Condition(f"({measured} AND {_id(listed)} NOT IN ({found} NOT {holds}))", values)


def _holds(left: float, comparison: Comparison, right: float) -> bool:
    match comparison:
        case "=":
            return left == right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case ">=":
            return left >= right
