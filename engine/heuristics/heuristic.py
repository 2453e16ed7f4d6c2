"""A heuristic: a pattern, where it counts, and what it is said to do to the reward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.canonical import short_hash

Scope = Literal["response", "assistant", "transcript"]
Direction = Literal["lowers", "raises", "auto"]
Kind = Literal["counterexample", "conforming"]

SCOPES: tuple[Scope, ...] = ("response", "assistant", "transcript")
DIRECTIONS: tuple[Direction, ...] = ("lowers", "raises", "auto")


@dataclass(frozen=True, slots=True)
class Heuristic:
    """One `[[heuristic]]` of a heuristics file (design, section 7)."""

    name: str
    pattern: str
    regex: bool = False
    scope: Scope = "response"
    fold: bool = False
    direction: Direction = "lowers"
    window: int = 0
    replace: str = ""
    features: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """16 hex digits over what decides who bears it and what is measured at its spans.

        Name, direction and pins are left out: they change no measurement.
        """
        return short_hash(
            {
                "pattern": self.pattern,
                "regex": self.regex,
                "scope": self.scope,
                "fold": self.fold,
                "window": self.window,
                "replace": self.replace,
            }
        )
