"""A heuristic: a pattern, where it counts, and what it is said to do to the reward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.canonical import short_hash
from engine.heuristics.ngram import ngram_of

Scope = Literal["response", "assistant", "transcript"]
Direction = Literal["lowers", "raises", "auto"]
Kind = Literal["counterexample", "conforming"]

SCOPES: tuple[Scope, ...] = ("response", "assistant", "transcript")
DIRECTIONS: tuple[Direction, ...] = ("lowers", "raises", "auto")


@dataclass(frozen=True, slots=True)
class Heuristic:
    """One `[[heuristic]]` of a heuristics file (docs/heuristics.md).

    With a `feature` it is an SAE feature and no text: the responses in which it fires bear it, and
    `pattern` only says so in words.
    """

    name: str
    pattern: str
    regex: bool = False
    scope: Scope = "response"
    fold: bool = False
    direction: Direction = "lowers"
    window: int = 0
    replace: str = ""
    features: tuple[int, ...] = ()
    feature: int | None = None
    threshold: float = 0.0
    """The activation above which the feature counts as firing."""

    @property
    def shown(self) -> str:
        """The pattern as a reader is told of it: that of an n-gram by its words."""
        words = ngram_of(self.pattern) if self.regex else None
        return " ".join(words) if words else self.pattern

    @property
    def key(self) -> str:
        """16 hex digits over what decides who bears it and what is measured at its spans.

        Name, direction and pins are left out: they change no measurement.
        """
        if self.feature is not None:
            return short_hash({"feature": self.feature, "threshold": self.threshold})
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


def feature_heuristic(name: str, feature: int, threshold: float, direction: Direction) -> Heuristic:
    """The heuristic that an SAE feature is: it stands for itself, as if it were pinned."""
    return Heuristic(
        name,
        f"feature {feature} > {threshold:g}",
        direction=direction,
        features=(feature,),
        feature=feature,
        threshold=threshold,
    )
