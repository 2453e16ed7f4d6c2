"""A regular expression by RE2, which ends on every text: it finds all that Python's own finds.

It may find more: looking around, anchors and references are left out, and where the two read a
character differently (Unicode's digits, the other case of a letter, what folding may have written)
any such character will do. So it tells where the real one is worth trying, and no more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.heuristics.parsed import codes, parsed, sre_parse

_ANY = "(?s:.)"
_BEYOND = "\x80-\U0010ffff"
"""All that is no ASCII, within a class."""
_LETTERS = "A-Za-z"
_FOLDED = "'\"- "
"""What folding makes of other characters: of the grave accent, and of some beyond ASCII."""
_CATEGORIES = {
    codes.CATEGORY_DIGIT: "0-9",
    codes.CATEGORY_SPACE: "\\t-\\r\\x1c-\\x20",
    codes.CATEGORY_WORD: "0-9A-Z_a-z",
}
_MOST = 8
"""Repeats beyond which no more are asked for: RE2 writes each of them out."""

_Step = tuple[object, object]


def relaxed(pattern: str, *, fold: bool = False) -> str | None:
    """An expression in RE2's syntax that finds at least what a valid one finds; None: anything.

    Args:
        pattern: as it is compiled, folded where texts are.
        fold: whether texts are folded before they are looked through, and RE2 sees them as is.
    """
    tree = parsed(pattern)
    ignores_case = bool(tree.state.flags & re.IGNORECASE)
    found = _Relaxing(fold).sequence(tree.data, ignores_case)
    return None if re.search(found, "") else found


@dataclass(frozen=True, slots=True)
class _Relaxing:
    fold: bool

    def sequence(self, steps: Sequence[_Step], cased: bool, within: bool = False) -> str:
        return "".join(self._step(code, told, cased, within) for code, told in steps)

    def _step(self, code: object, told: object, cased: bool, within: bool) -> str:
        if code is codes.LITERAL and isinstance(told, int):
            return f"[{self._character(told, cased)}]"
        if code is codes.IN and isinstance(told, list):
            return self._class(told, cased)
        if code in (codes.ANY, codes.NOT_LITERAL):
            return _ANY
        if code in (codes.AT, codes.ASSERT, codes.ASSERT_NOT):
            return ""
        if code is codes.ATOMIC_GROUP:
            return self._group(told, cased, within)
        if isinstance(told, tuple):
            if code is codes.SUBPATTERN:
                cased = cased or bool(told[1] & re.IGNORECASE)
                return self._group(told[3], cased, within)
            if code is codes.BRANCH:
                ways = (self._group(way, cased, within) for way in told[1])
                return f"(?:{'|'.join(ways)})"
            if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
                return f"{self._group(told[2], cased, True)}{_times(told[0], told[1], within)}"
        return f"{_ANY}*"

    def _group(self, steps: object, cased: bool, within: bool) -> str:
        if not isinstance(steps, sre_parse.SubPattern):
            return f"{_ANY}*"
        return f"(?:{self.sequence(steps.data, cased, within)})"

    def _class(self, members: Sequence[_Step], cased: bool) -> str:
        """One character of a class. What is not in one may be any."""
        found = ""
        for code, told in members:
            if code is codes.LITERAL and isinstance(told, int):
                found += self._character(told, cased)
            elif code is codes.RANGE and isinstance(told, tuple):
                found += self._range(told[0], told[1], cased)
            elif code is codes.CATEGORY and told in _CATEGORIES:
                found += _CATEGORIES[told] + _BEYOND
            else:
                return _ANY
        return f"[{found}`{_BEYOND}]" if self.fold else f"[{found}]"

    def _character(self, number: int, cased: bool) -> str:
        character = chr(number)
        if cased and (not character.isascii() or character.isalpha()):
            own = f"{character.lower()}{character.upper()}" if character.isascii() else _LETTERS
            return own + _BEYOND
        if self.fold and character in _FOLDED:
            return f"{_escaped(number)}`{_BEYOND}"
        return _escaped(number)

    def _range(self, first: int, last: int, cased: bool) -> str:
        whole = f"{_escaped(first)}-{_escaped(last)}"
        return whole + _LETTERS + _BEYOND if cased else whole


def _times(least: int, most: object, within: bool) -> str:
    """How often, within another repeat as good as: their product is what RE2 writes out."""
    if within or least > _MOST or not isinstance(most, int) or most > _MOST:
        least = min(least, 1 if within else _MOST)
        return {0: "*", 1: "+"}.get(least, f"{{{least},}}")
    return f"{{{least},{most}}}"


def _escaped(number: int) -> str:
    return f"\\x{number:02x}" if number < 128 else chr(number)
