"""Heuristics: patterns, where they count, and who bears them. Pure functions over plain text."""

from engine.heuristics.heuristic import DIRECTIONS, SCOPES, Direction, Heuristic, Kind, Scope
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
