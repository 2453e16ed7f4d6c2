"""A filter's text as tokens, each with the columns it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from engine.filters.error import Expected, FilterError

LONGEST = 4_000
"""Characters of a filter: far more than anybody types."""

Kind = Literal["word", "string", "operator", "(", ")", ",", "end", "cursor"]

_TOKEN = re.compile(
    r"""
    (?P<space> \s+ )
    | (?P<string> " (?: [^"\\] | \\. )* (?P<closed> " )? )
    | (?P<operator> [<>]=? | !?[=~] )
    | (?P<punctuation> [(),] )
    | (?P<word> [^\s"(),=<>~!]+ )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SPOKEN = {"n": "\n", "t": "\t"}
_PUNCTUATION: dict[str, Kind] = {"(": "(", ")": ")", ",": ","}


@dataclass(frozen=True, slots=True)
class Token:
    """One token. Columns count from 0; `text` of a string is what it means, quotes gone."""

    kind: Kind
    text: str
    start: int
    end: int
    closed: bool = True
    """Of a string: whether its second quote is there."""


def tokens(text: str) -> Iterator[Token]:
    """Every token in order, and one of kind `end`. An unclosed string reaches to the end.

    Raises:
        FilterError: the filter is too long, or a character in it can begin nothing.
    """
    if len(text) > LONGEST:
        raise FilterError(f"it is longer than {LONGEST:,} characters", LONGEST + 1, Expected())
    half = next((place for place, sign in enumerate(text) if "\ud800" <= sign <= "\udfff"), None)
    if half is not None:
        raise FilterError("half a character stands here, which is no text", half + 1, Expected())
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        match match.lastgroup, match.group():
            case "space", _:
                continue
            case "string", quoted:
                closed = match["closed"] is not None
                inner = quoted[1:-1] if closed else quoted[1:]
                yield Token("string", _meant(inner), start, end, closed)
            case "operator", sign:
                yield Token("operator", sign, start, end)
            case "punctuation", sign:
                yield Token(_PUNCTUATION[sign], sign, start, end)
            case "word", word:
                yield Token("word", word, start, end)
            case _, sign:
                raise FilterError(f"{sign} begins nothing", start + 1, Expected(hint="!= or !~"))
    yield Token("end", "", len(text), len(text))


def quote(text: str) -> str:
    r"""The text as a string that the lexer reads back: quotes, \" and \\, \n and \t."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t") + '"'


def _meant(inner: str) -> str:
    return _ESCAPE.sub(lambda match: _SPOKEN.get(match[1], match[1]), inner)


def spelled(word: str) -> str:
    """The word as it is typed: quoted only where it has to be."""
    match = _TOKEN.fullmatch(word)
    return word if match is not None and match.lastgroup == "word" else quote(word)
