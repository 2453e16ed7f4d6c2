"""Where the browser was left, by index: read at the start, written at the end."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from engine.cache.records import SEEN, SORT_KEYS, SUSPECTS, Query, Sample
from engine.canonical import Json, canonical
from engine.files import write_text
from engine.heuristics import Heuristic
from engine.hh import SIDES, Side
from engine.shapes import build
from engine.verdict import Verdict
from tui.themes import DEFAULT, THEMES

if TYPE_CHECKING:
    from engine.filters import Filter

_PREFERENCES = ".preferences"
"""Stands among the indexes; none is called that: no name begins with a dot."""
ScreenName = Literal["overview", "pairs", "pair"]
_SCREENS: tuple[ScreenName, ...] = get_args(ScreenName)


@dataclass(frozen=True, slots=True)
class Session:
    """The state that comes back: screen, list, pair and pane."""

    screen: ScreenName = "overview"
    heuristic: str | None = None
    """The overview's selected heuristic."""
    query: Query = field(default_factory=Query)
    pair: int | None = None
    """The id of the selected pair."""
    side: Side = "chosen"
    blind: bool = False
    """Whether verdict and figures are hidden until a pair is marked."""
    patterns: tuple[Heuristic, ...] = ()
    """What was typed on the overview, in that order."""
    run: str | None = None
    """An older run that was asked for; None: whichever is the newest."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What is the user's, whichever index is browsed."""

    theme: str = DEFAULT
    mouse: bool = False


def load_preferences(path: Path | None) -> Preferences:
    """What the user chose last; the defaults where nothing can be read."""
    entry = _sessions(path).get(_PREFERENCES)
    values = entry if isinstance(entry, dict) else {}
    theme = values.get("theme")
    return Preferences(
        next((name for name in THEMES if name == theme), DEFAULT), values.get("mouse") is True
    )


def save_preferences(path: Path | None, preferences: Preferences) -> None:
    """Write them beside the sessions."""
    if path is not None:
        entry: Json = asdict(preferences)
        write_text(path, canonical({**_sessions(path), _PREFERENCES: entry}) + "\n")


def load_session(path: Path | None, index: str) -> Session:
    """The session of an index; a fresh one where there is none or the file can't be read."""
    entry = _sessions(path).get(index)
    return _parse(entry) if isinstance(entry, dict) else Session()


def save_session(path: Path | None, index: str, session: Session) -> None:
    """Write the index's session beside those of other indexes."""
    if path is None:
        return
    query = session.query
    entry: Json = {
        "screen": session.screen,
        "heuristic": session.heuristic,
        "pair": session.pair,
        "side": session.side,
        "blind": session.blind,
        "run": session.run,
        "patterns": [asdict(pattern) for pattern in session.patterns],
        "query": {
            "heuristic": query.heuristic,
            "kind": query.kind,
            "verdicts": sorted(query.verdicts),
            "tranche": query.tranche,
            "text": query.text,
            "marks": sorted(query.marks),
            "suspect": query.suspect,
            "seen": query.seen,
            "filter": _text_of(query.filter),
            "sort": query.sort,
            "descending": query.descending,
            "sample": None if query.sample is None else asdict(query.sample),
        },
    }
    write_text(path, canonical({**_sessions(path), index: entry}) + "\n")


def _sessions(path: Path | None) -> dict[str, Json]:
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}  # a session is a convenience: without one the browser starts at the overview
    return found if isinstance(found, dict) else {}


def _parse(entry: dict[str, Json]) -> Session:
    screen, pair, side = entry.get("screen"), entry.get("pair"), entry.get("side")
    query = entry.get("query")
    return Session(
        screen=next((known for known in _SCREENS if known == screen), "overview"),
        heuristic=_text(entry.get("heuristic")),
        patterns=_patterns(entry.get("patterns")),
        query=_parse_query(query) if isinstance(query, dict) else Query(),
        pair=pair if isinstance(pair, int) else None,
        side=next((known for known in SIDES if known == side), "chosen"),
        blind=entry.get("blind") is True,
        run=_text(entry.get("run")),
    )


def _parse_query(entry: dict[str, Json]) -> Query:
    kind, sort, suspect = entry.get("kind"), entry.get("sort"), entry.get("suspect")
    return Query(
        heuristic=_text(entry.get("heuristic")),
        kind="counterexample" if kind == "counterexample" else _conforming(kind),
        verdicts=frozenset(v for v in Verdict if v.value in _texts(entry.get("verdicts"))),
        tranche=_text(entry.get("tranche")),
        text=_text(entry.get("text")) or "",
        marks=frozenset(_texts(entry.get("marks"))),
        suspect=next((known for known in SUSPECTS if known == suspect), None),
        seen=next((known for known in SEEN if known == entry.get("seen")), None),
        filter=_filter(_text(entry.get("filter")) or ""),
        sort=next((known for known in SORT_KEYS if known == sort), "row"),
        descending=entry.get("descending") is True,
        sample=_sample(entry.get("sample")),
    )


def _sample(entry: Json) -> Sample | None:
    try:
        return build(Sample, entry)
    except ValueError:
        return None


def _conforming(kind: Json) -> Literal["conforming"] | None:
    return "conforming" if kind == "conforming" else None


def _text_of(found: Filter | None) -> str:
    if found is None:
        return ""
    from engine.filters import show

    return show(found)


def _filter(text: str) -> Filter | None:
    if not text:
        return None
    # The language is loaded with the first filter, not with the first frame.
    from engine.filters import FilterError, parse

    try:
        return parse(text)
    except FilterError:
        return None


def _patterns(value: Json) -> tuple[Heuristic, ...]:
    found = []
    for entry in value if isinstance(value, list) else []:
        with suppress(ValueError):  # the file was edited: a pattern less
            found.append(build(Heuristic, entry, "pattern"))
    return tuple(found)


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: Json) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
