"""Heuristics: patterns, where they count, and who bears them. Pure functions over plain text.

The first screen names heuristics and matches none: what does is looked up when it is first asked
for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from engine.heuristics.heuristic import DIRECTIONS, SCOPES, Direction, Heuristic, Kind, Scope

if TYPE_CHECKING:
    from engine.heuristics.match import (
        Bearing,
        Matcher,
        Span,
        Spans,
        bearing,
        compile_heuristic,
        kind_of,
        presence,
        side_spans,
    )

__all__ = [
    "DIRECTIONS",
    "SCOPES",
    "Bearing",
    "Direction",
    "Heuristic",
    "Kind",
    "Matcher",
    "Scope",
    "Span",
    "Spans",
    "bearing",
    "compile_heuristic",
    "kind_of",
    "presence",
    "side_spans",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name in __all__:
            return getattr(import_module(f"{__name__}.match"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
