"""The list a pair was opened from, and a fixed one: what a feature fires on, and such."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.cache.records import Query


class Listing(Protocol):
    """What the pair screen steps through."""

    asked: Query

    @property
    def position(self) -> str: ...

    def beside(self, steps: int) -> int | None:
        """The id so many steps from where one stands, without a step; None: there is none."""
        ...

    def step(self, steps: int) -> int | None: ...

    def stand_on(self, identifier: int) -> bool: ...

    def show_mark(self, identifier: int, mark: str | None) -> None: ...


class FixedList:
    """Pairs in an order that no query gives."""

    def __init__(self, ids: Sequence[int], heuristic: str | None = None) -> None:
        self.asked = Query(heuristic=heuristic, kind=None)
        self._ids = tuple(ids)
        self.place = 0

    @property
    def position(self) -> str:
        """`3/200`: the place in the list."""
        return f"{self.place + 1:,}/{len(self._ids):,}"

    def start(self, place: int) -> int | None:
        """Go to a place; the id there, None where there is none."""
        identifier = self.beside(place - self.place)
        if identifier is not None:
            self.place = place
        return identifier

    def beside(self, steps: int) -> int | None:
        place = self.place + steps
        return self._ids[place] if 0 <= place < len(self._ids) else None

    def step(self, steps: int) -> int | None:
        return self.start(self.place + steps)

    def stand_on(self, identifier: int) -> bool:
        """Go to a pair, if the list has it."""
        return identifier in self._ids and self.start(self._ids.index(identifier)) is not None

    def show_mark(self, identifier: int, mark: str | None) -> None:
        """The list shows no marks."""
