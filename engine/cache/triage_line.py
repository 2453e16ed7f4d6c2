"""The lines of a triage file, and what they come to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.hh import PairName
from engine.shapes import build

MOST_ROWS = 1 << 40
"""A row above this fits no pair's id."""

_MOST_FEATURES = 1 << 31
"""No SAE has so many: they are stored in 32 bits."""

_LATER: dict[str, str | bool | None] = {"blind": None, "undo": False}
"""Fields that the first files lack."""


@dataclass(frozen=True, slots=True)
class Triage:
    """What one user says of one pair: a line is the whole of it, not a change."""

    source: str
    split: str
    row: int
    content_hash: str
    mark: str | None
    note: str | None
    time: str
    """ISO 8601, UTC."""
    blind: str | None = None
    """The pair's first mark, where it was made while verdict and figures were hidden."""
    undo: bool = False
    """Whether the line takes back the last change that still stood."""

    @property
    def name(self) -> PairName:
        return PairName(self.source, self.split, self.row)

    @property
    def says(self) -> tuple[object, ...]:
        """What a line must say otherwise to be news."""
        return self.content_hash, self.mark, self.note


@dataclass(frozen=True, slots=True)
class Pins:
    """The features that one user says stand for a heuristic in an SAE: a line is all of them."""

    heuristic: str
    """Its name, for whoever reads the file."""
    key: str
    """What names it for good: `Heuristic.key`."""
    sae_hash: str
    features: tuple[int, ...]
    """Ascending. None: they were taken back, and what else there is counts."""
    time: str
    """ISO 8601, UTC."""

    @property
    def pinned_for(self) -> tuple[str, str]:
        """The heuristic's key, and the SAE's hash: features of another SAE are other features."""
        return self.key, self.sae_hash

    @property
    def says(self) -> tuple[object, ...]:
        """What a line must say otherwise to be news."""
        return self.features


def parse_line(line: bytes) -> Triage | Pins | None:
    """What a line holds; None for one that was cut short, or never was one of ours."""
    try:
        values = json.loads(line.decode("utf-8", "replace"))
        if isinstance(values, dict) and "features" in values:
            pins = build(Pins, values)
            return pins if is_ascending(pins.features) else None
        made = build(Triage, _LATER | values if isinstance(values, dict) else values)
    except (ValueError, RecursionError):
        return None
    return made if 0 <= made.row < MOST_ROWS else None


def is_news(line: Triage | Pins, standing: Triage | Pins | None) -> bool:
    """Whether a line made elsewhere says something else of the same than stands, and later."""
    return standing is None or (line.says != standing.says and line.time > standing.time)


def is_ascending(features: Sequence[int]) -> bool:
    """Whether they are numbers of features, each once, in their order."""
    return all(0 <= one < other for one, other in pairwise((*features, _MOST_FEATURES)))


class History:
    """The last word on each pair, and the changes that an undo would take back, last one first."""

    def __init__(self) -> None:
        self.said: dict[PairName, Triage] = {}
        self._changes: list[Triage] = []
        """What stood before each change."""
        self._marked: set[tuple[PairName, str]] = set()

    def take(self, line: Triage) -> None:
        """Take the next line of the file."""
        if line.undo:
            if self._changes:
                self._changes.pop()
        else:
            nothing = replace(line, mark=None, note=None, blind=None)
            self._changes.append(self.said.get(line.name, nothing))
        self.said[line.name] = line
        if line.mark is not None:
            self._marked.add((line.name, line.content_hash))

    def before_last_change(self) -> Triage | None:
        """What stood before the last change; None where every change was taken back."""
        return self._changes[-1] if self._changes else None

    def was_marked(self, state: Triage) -> bool:
        """Whether the pair, with this text, was ever marked: its figures have then been seen."""
        return (state.name, state.content_hash) in self._marked
