"""Texts that every match of a regular expression holds: who has none of them need not be tried."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

from engine.heuristics.parsed import codes, compiled, parsed

Needles: TypeAlias = tuple[str, ...]

_CASED = "ikſs"
"""Letters whose other case may be no ASCII letter: ſ is an S, and the Kelvin sign a K."""


def required(pattern: str) -> tuple[Needles, ...]:
    """Alternatives of texts: a match holds all texts of at least one. None: it may hold anything.

    Args:
        pattern: a valid regular expression. Where it ignores case, so must whoever looks for them.
    """
    found = _of_sequence(parsed(pattern).data)
    if not ignores_case(pattern):
        return found
    cut = tuple(tuple(part for text in each for part in _uncased(text)) for each in found)
    return cut if all(cut) else ()


def ignores_case(pattern: str) -> bool:
    """Whether the whole of a valid regular expression ignores case."""
    return bool(compiled(pattern).flags & re.IGNORECASE)


def _of_sequence(steps: Sequence[tuple[object, object]]) -> tuple[Needles, ...]:
    """Those of its own characters; where it has none, those of its shortest list of branches."""
    needles: list[str] = []
    branches: list[tuple[Needles, ...]] = []
    run = ""
    for code, told in steps:
        if code is codes.LITERAL and isinstance(told, int):
            run += chr(told)
            continue
        needles.append(run)
        run = ""
        inner = _of_step(code, told)
        if len(inner) == 1:
            needles += inner[0]
        elif inner:
            branches.append(inner)
    own = tuple(dict.fromkeys(text for text in [*needles, run] if text))
    return (own,) if own else min(branches, key=len, default=())


def _of_step(code: object, told: object) -> tuple[Needles, ...]:
    if not isinstance(told, tuple):
        return ()
    if code is codes.SUBPATTERN and told[1:3] == (0, 0):  # no flags of its own
        return _of_sequence(list(told[3]))
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT) and told[0] > 0:
        return _of_sequence(list(told[2]))
    if code is codes.BRANCH:
        found = [_of_sequence(list(way)) for way in told[1]]
        return tuple(each for way in found for each in way) if all(found) else ()
    return ()


def _uncased(text: str) -> list[str]:
    """The parts of a text whose two cases are both ASCII."""
    kept = (c if c.isascii() and c.lower() not in _CASED else "\0" for c in text)
    return [part.lower() for part in "".join(kept).split("\0") if part]
