"""One line of a triage file, and what the lines of a file come to."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from engine.hh import PairName
from engine.shapes import build

MOST_ROWS = 1 << 40
"""A row above this fits no pair's id."""

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


def parse_line(line: bytes) -> Triage | None:
    """The state a line holds; None for one that was cut short, or never was one of ours."""
    try:
        values = json.loads(line.decode("utf-8", "replace"))
        made = build(Triage, _LATER | values if isinstance(values, dict) else values)
    except (ValueError, RecursionError):
        return None
    return made if 0 <= made.row < MOST_ROWS else None


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
