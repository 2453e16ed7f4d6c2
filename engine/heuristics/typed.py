"""A pattern as somebody types it, made a heuristic with a name of its own."""

from __future__ import annotations

import re
from collections.abc import Collection

from engine.heuristics.heuristic import Direction, Heuristic, Scope

_LONGEST = 24


def typed_heuristic(
    pattern: str,
    taken: Collection[str],
    *,
    regex: bool = False,
    scope: Scope = "response",
    fold: bool = False,
    direction: Direction = "lowers",
) -> Heuristic:
    """The heuristic, named after its pattern; a number tells it from others of that name."""
    words = re.findall(r"[a-z0-9]+", pattern.lower().replace("'", "").replace("’", ""))
    name = "-".join(words)[:_LONGEST].strip("-") or "pattern"
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return Heuristic(free, pattern, regex=regex, scope=scope, fold=fold, direction=direction)
