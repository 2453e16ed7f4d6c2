"""From a filter's text to its tree, by recursive descent.

    filter  = all ("or" all)*
    all     = part ("and"? part)*
    part    = "not" part | "(" filter ")" | test
    test    = FIGURE comparison number | FIGURE "=" number ".." number
            | NAME ("=" | "!=") word ("," word)*
            | TEXT ("~" | "!~") word
            | ("feature" | "attribution") ":" integer [comparison number]

`!=` and `!~` are `not` before the test. A word is anything without spaces and signs, or stands
in double quotes. `feature:7` alone means `feature:7>0`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from engine.filters import tree
from engine.filters.error import Candidate, Expected, FilterError
from engine.filters.expected import (
    COMPARE,
    EQUAL,
    LIKE,
    NUMBER,
    RANGE,
    WORD,
    after_test,
    begin_test,
)
from engine.filters.fields import FIGURES, NAMES, TEXTS, Field, Vocabulary
from engine.filters.lexer import Token, spelled, tokens

DEEPEST = 50
"""How deep `not` and parentheses may be nested."""
MOST_FEATURES = 1 << 31
"""No SAE has so many."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"\d{1,10}", re.ASCII)
_NOWHERE = Vocabulary()


class CursorError(Exception):
    """The parser came to the cursor: what could stand there."""

    def __init__(self, expected: Expected) -> None:
        self.expected = expected
        super().__init__()


def parse(text: str, vocabulary: Vocabulary = _NOWHERE) -> tree.Filter | None:
    """The tree of a filter; None where nothing is typed.

    Raises:
        FilterError: the text is no filter; it says where, and what could stand there.
    """
    found = list(tokens(text))
    return None if len(found) == 1 else parse_tokens(found, vocabulary)


def parse_tokens(found: Iterable[Token], vocabulary: Vocabulary) -> tree.Filter:
    """The tree of some tokens, the last of them `end` or `cursor`.

    Raises:
        FilterError: they are no filter.
        CursorError: they lead to the cursor.
    """
    parser = _Parser(list(found), vocabulary)
    parsed = parser.either()
    parser.end()
    return parsed


class _Parser:
    def __init__(self, found: list[Token], vocabulary: Vocabulary) -> None:
        self._tokens = found
        self._place = 0
        self._depth = 0
        self._open = 0
        self._vocabulary = vocabulary

    @property
    def _token(self) -> Token:
        return self._tokens[self._place]

    def _next(self) -> Token:
        token = self._token
        if token.kind not in ("end", "cursor"):
            self._place += 1
        return token

    def _is(self, word: str) -> bool:
        return self._token.kind == "word" and self._token.text == word

    def _wrong(self, what: str, expected: Expected) -> FilterError | CursorError:
        """What to raise of the token here: it is wrong, or it is the cursor."""
        token = self._token
        if token.kind == "cursor":
            return CursorError(expected)
        at = "the filter ends too early" if token.kind == "end" else what
        return FilterError(at, token.start + 1, expected)

    def either(self) -> tree.Filter:
        parts = [self._all()]
        while self._is("or"):
            self._next()
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else tree.Either(tuple(parts))

    def _all(self) -> tree.Filter:
        parts = [self._part()]
        while not (self._token.kind in ("end", ")") or self._is("or")):
            if self._token.kind == "cursor":
                raise CursorError(after_test(nested=self._open > 0))
            if self._is("and"):
                self._next()
            parts.append(self._part())
        return parts[0] if len(parts) == 1 else tree.All(tuple(parts))

    def _part(self) -> tree.Filter:
        nested = self._is("not") or self._token.kind == "("
        if not nested:
            return self._test()
        if self._depth == DEEPEST:
            raise self._wrong(f"this is nested deeper than {DEEPEST} times", Expected())
        self._depth += 1
        opening = self._next()
        if opening.kind == "word":
            found: tree.Filter = tree.Not(self._part())
        else:
            self._open += 1
            found = self.either()
            if self._token.kind != ")":
                raise self._wrong(
                    "the parenthesis is not closed", Expected((Candidate(")", "close"),))
                )
            self._next()
            self._open -= 1
        self._depth -= 1
        return found

    def end(self) -> None:
        """Nothing but the end may follow."""
        if self._token.kind == ")":
            raise self._wrong("this parenthesis closes nothing", after_test(nested=False))

    def _test(self) -> tree.Filter:
        token = self._token
        if token.kind != "word" or token.text in ("and", "or"):
            raise self._wrong(f"no test begins with {_said(token)}", begin_test())
        name, colon, number = token.text.partition(":")
        for what in tree.ON_FEATURES:
            if colon and name == what:
                return self._on_feature(what, number)
        if figure := FIGURES.get(token.text):
            return self._figure(figure)
        if named := NAMES.get(token.text):
            return self._name(named)
        if place := TEXTS.get(token.text):
            return self._text(place)
        raise self._wrong(f"{_said(token)} is nothing a filter knows", begin_test(like=token.text))

    def _operator(self, allowed: Expected, what: str) -> str:
        token = self._token
        if token.kind != "operator" or all(each.text != token.text for each in allowed.candidates):
            raise self._wrong(f"{_said(token)} does not go with {what}", allowed)
        return self._next().text

    def _figure(self, figure: Field) -> tree.Filter:
        self._next()
        sign = self._operator(COMPARE, figure.name)
        token = self._token
        low, dots, high = token.text.partition("..")
        if dots and token.kind == "word" and sign in ("=", "!="):
            first, last = self._number(low, RANGE), self._number(high, RANGE)
            self._next()
            between = tree.Between(figure.name, first, last)
            return tree.Not(between) if sign == "!=" else between
        value = self._value()
        if sign == "!=":
            return tree.Not(tree.Compare(figure.name, "=", value))
        return tree.Compare(figure.name, _comparison(sign), value)

    def _name(self, name: Field) -> tree.Filter:
        self._next()
        sign = self._operator(EQUAL, name.name)
        values = [self._word(name)]
        while self._token.kind == ",":
            self._next()
            values.append(self._word(name))
        among = tree.Among(name.name, tuple(values))
        return tree.Not(among) if sign == "!=" else among

    def _word(self, name: Field) -> str:
        allowed = self._vocabulary.values(name)
        words = tuple(Candidate(spelled(each.text), each.meaning) for each in allowed)
        expected = Expected(words) if words else WORD
        token = self._token
        if words and token.closed and all(token.text != each.text for each in allowed):
            raise self._wrong(f"{_said(token)} is no {name.name}", expected)
        return self._string(f"{name.name} needs a word", expected).text

    def _text(self, place: Field) -> tree.Filter:
        self._next()
        sign = self._operator(LIKE, place.name)
        token = self._string(f"{place.name} needs a text", Expected(hint="a text in quotes"))
        contains = tree.Contains(place.name, token.text)
        return tree.Not(contains) if sign == "!~" else contains

    def _string(self, what: str, expected: Expected) -> Token:
        token = self._token
        if token.kind not in ("word", "string"):
            raise self._wrong(what, expected)
        if not token.closed:
            raise FilterError("the quote is not closed", token.start + 1, Expected(hint='"'))
        return self._next()

    def _on_feature(self, what: tree.OnFeature, number: str) -> tree.Filter:
        if not _INTEGER.fullmatch(number) or int(number) >= MOST_FEATURES:
            raise self._wrong(f"{what}: needs a feature's number", Expected(hint=f"{what}:32048"))
        self._next()
        if self._token.kind != "operator":
            return tree.Feature(what, int(number), ">", 0.0)
        sign = self._operator(COMPARE, what)
        value = self._value()
        if sign == "!=":
            return tree.Not(tree.Feature(what, int(number), "=", value))
        return tree.Feature(what, int(number), _comparison(sign), value)

    def _value(self) -> float:
        value = self._number(self._token.text if self._token.kind == "word" else "", NUMBER)
        self._next()
        return value

    def _number(self, text: str, expected: Expected) -> float:
        if not _NUMBER.fullmatch(text):
            raise self._wrong(f"{_said(self._token)} is no number", expected)
        value = float(text)
        if not math.isfinite(value):
            raise self._wrong(f"{_said(self._token)} is too large", expected)
        return value


def _comparison(sign: str) -> tree.Comparison:
    return next(known for known in tree.COMPARISONS if known == sign)


def _said(token: Token) -> str:
    return f'"{token.text}"'
