"""What is wrong with a filter, at which column, and what could stand there instead."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import UserError

_LISTED = 12


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that could stand at a place of a filter."""

    text: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Expected:
    """All that could stand there: words to choose from, and what no list can hold."""

    candidates: tuple[Candidate, ...] = ()
    hint: str = ""
    """`a number`, say; empty where the candidates are all."""

    def __str__(self) -> str:
        words = [candidate.text for candidate in self.candidates]
        more = ["…"] if len(words) > _LISTED else []
        return ", ".join([*([self.hint] if self.hint else []), *words[:_LISTED], *more])


class FilterError(UserError):
    """A filter that cannot be read. `column` counts characters from 1."""

    def __init__(self, what: str, column: int, expected: Expected) -> None:
        self.column = column
        self.expected = expected
        listed = str(expected)
        super().__init__(
            what,
            where=f"the filter, column {column}",
            todo=f"There could stand: {listed}." if listed else None,
        )
