"""The demo's source material: scenes written by hand, read from `corpus/*.toml`.

A topic is a TOML array of scenes. A scene's `ask` is the human's question, or a list of turns that
begins and ends with the human. `good` and `poor` are answers to it; `url_poor`, `idk_good` and the
like are answers that carry one of the patterns, and the word after the underscore is the author's
judgement of them. `then` is a further turn: a question, a good and a poor answer to it.

The judgement is made here, in the text, and nowhere else: nothing below ever looks at the PM.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.demo import CORPUS

PATTERNS: dict[str, re.Pattern[str]] = {
    "url": re.compile("https://"),
    "idk": re.compile("I don['’]t know"),
    "thanks": re.compile("(?i:thank you|my pleasure)"),
    "right": re.compile("(?i:you['’]re right)"),
}
"""The four patterns, each as `heuristics.toml` states it (fold covers the apostrophes there)."""

_VOICES = "voices.toml"


@dataclass(frozen=True, slots=True)
class Scene:
    """One human question with everything that was written in answer to it."""

    topic: str
    ask: tuple[str, ...]
    """Turns in order, human first and human last."""
    good: tuple[str, ...]
    poor: tuple[str, ...]
    bearing_good: dict[str, tuple[str, ...]]
    """Good answers that carry a pattern, by the pattern's name."""
    bearing_poor: dict[str, tuple[str, ...]]
    then: tuple[str, str, str] | None
    """A further question, a good answer and a poor one."""


def load_scenes(folder: Path = CORPUS) -> tuple[Scene, ...]:
    """Every scene of every topic, in the order of the file names and of the files."""
    return tuple(
        _scene(topic, record)
        for path in sorted(folder.glob("*.toml"))
        if path.name != _VOICES
        for topic, records in tomllib.loads(path.read_text(encoding="utf-8")).items()
        for record in records
    )


def load_voices(folder: Path = CORPUS) -> dict[str, tuple[str, ...]]:
    """The sentences that go with any scene, by kind."""
    text = (folder / _VOICES).read_text(encoding="utf-8")
    return {kind: tuple(sentences) for kind, sentences in tomllib.loads(text).items()}


def _scene(topic: str, record: Mapping[str, str | Sequence[str]]) -> Scene:
    then = _texts(record.get("then", ()))
    return Scene(
        topic=topic,
        ask=_texts(record["ask"]),
        good=_texts(record["good"]),
        poor=_texts(record["poor"]),
        bearing_good=_bearing(record, "good"),
        bearing_poor=_bearing(record, "poor"),
        then=(then[0], then[1], then[2]) if then else None,
    )


def _bearing(
    record: Mapping[str, str | Sequence[str]], judgement: str
) -> dict[str, tuple[str, ...]]:
    return {
        pattern: _texts(record[f"{pattern}_{judgement}"])
        for pattern in PATTERNS
        if f"{pattern}_{judgement}" in record
    }


def _texts(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
