"""Heuristics: patterns, where they count, and who bears them. Pure functions over plain text."""

from engine.heuristics.heuristic import DIRECTIONS, SCOPES, Direction, Heuristic, Kind, Scope

__all__ = ["DIRECTIONS", "SCOPES", "Direction", "Heuristic", "Kind", "Scope"]
