"""Folding: variants of the apostrophe, the quote, the dash and the space become ASCII.

Humans type an apostrophe where the assistant mostly writes a curly one. Every folding is one
character for one character, so a span in the folded text is a span in the text.
"""

from __future__ import annotations

import re

_VARIANTS = {
    "'": "\u2018\u2019\u201a\u201b\u02bc\u02b9\u02bb\u2032\u00b4\u0060\uff07",
    '"': "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d",
    " ": "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u202f\u205f\u3000",
}
_TO_ASCII = {variant: plain for plain, variants in _VARIANTS.items() for variant in variants}
_VARIANT = re.compile("[" + "".join(_TO_ASCII) + "]")
_IN_REGEX = re.compile(r"\\(?s:.)|" + _VARIANT.pattern)


def fold(text: str) -> str:
    """The text with every variant as its ASCII character; the length is kept."""
    # Most texts are ASCII, and the grave accent is the one variant that ASCII holds.
    if text.isascii() and "`" not in text:
        return text
    return _VARIANT.sub(lambda match: _TO_ASCII[match.group()], text)


def fold_regex(pattern: str) -> str:
    """A regular expression that finds in folded text what the pattern finds in the text.

    A dash becomes `\\-` and a space `\\ `: bare ones would make a range of a character class,
    or vanish in a verbose pattern. A variant that was escaped already stays one escape.
    """
    return _IN_REGEX.sub(_fold_token, pattern)


def _fold_token(match: re.Match[str]) -> str:
    token = match.group()
    character = token[-1]
    if character not in _TO_ASCII:
        return token
    plain = _TO_ASCII[character]
    return f"\\{plain}" if plain in "- " or len(token) == 2 else plain
