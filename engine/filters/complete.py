"""What could be typed at the cursor of a filter, and what it means."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.filters.error import Candidate, Expected, FilterError
from engine.filters.expected import COMPARE, EQUAL, LIKE
from engine.filters.fields import FIGURES, NAMES, TEXTS, Vocabulary
from engine.filters.lexer import Token, tokens
from engine.filters.parse import CursorError, parse_tokens
from engine.filters.tree import ON_FEATURES

_NOWHERE = Vocabulary()
_FEATURE = re.compile(rf"({'|'.join(ON_FEATURES)}):\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Completion:
    """The candidates take the place of the characters [start, end) of the text."""

    start: int
    end: int
    candidates: tuple[Candidate, ...]
    hint: str = ""
    """What could stand there that no list holds."""

    def applied(self, text: str, candidate: Candidate) -> tuple[str, int]:
        """The text with the candidate put in, and where the cursor is then."""
        before = text[: self.start] + candidate.text
        return before + text[self.end :], len(before)


def complete(text: str, cursor: int, vocabulary: Vocabulary = _NOWHERE) -> Completion:
    """What could stand at the cursor; nothing where the text before it is no filter.

    Args:
        text: the filter as it is typed.
        cursor: how many characters are before the cursor.
        vocabulary: the words of the index.
    """
    try:
        found = [token for token in tokens(text[:cursor]) if token.kind != "end"]
        partial = found.pop() if found and _is_partial(found[-1], cursor) else None
        start = partial.start if partial else cursor
        expected = _expected([*found, Token("cursor", "", start, start)], vocabulary)
    except FilterError:
        return Completion(cursor, cursor, ())
    typed = text[start:cursor]
    candidates = (*_signs(typed, expected), *_features(typed, vocabulary), *expected.candidates)
    fitting = tuple(each for each in candidates if _fits(each, typed))
    return Completion(start, cursor, fitting, expected.hint)


def _is_partial(token: Token, cursor: int) -> bool:
    """Whether the cursor is still inside the token."""
    inside = token.kind == "word" or (token.kind == "string" and not token.closed)
    return inside and token.end == cursor


def _expected(found: list[Token], vocabulary: Vocabulary) -> Expected:
    try:
        parse_tokens(found, vocabulary)
    except CursorError as reached:
        return reached.expected
    raise AssertionError("the cursor is the last token, and no filter ends with one")


def _fits(candidate: Candidate, typed: str) -> bool:
    """Whether more of it could be typed; its quote need not have been."""
    word = candidate.text
    return word != typed and word.lstrip('"').startswith(typed.lstrip('"'))


def _signs(typed: str, expected: Expected) -> list[Candidate]:
    """A whole field with the signs that may follow it."""
    if FIGURES["row"].candidate not in expected.candidates:
        return []  # no test may begin here
    for fields, signs in ((FIGURES, COMPARE), (NAMES, EQUAL), (TEXTS, LIKE)):
        if typed in fields or (signs is COMPARE and _FEATURE.fullmatch(typed)):
            return [Candidate(typed + sign.text, sign.meaning) for sign in signs.candidates]
    return []


def _features(typed: str, vocabulary: Vocabulary) -> list[Candidate]:
    """The index's own features, once the word before the colon is there."""
    what, colon, _ = typed.partition(":")
    if not colon or what not in ON_FEATURES:
        return []
    return [Candidate(f"{what}:{number}", meaning) for number, meaning in vocabulary.features]
