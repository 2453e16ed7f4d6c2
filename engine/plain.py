"""Text that is safe to show: no control sequence of a data set reaches the terminal."""

from __future__ import annotations

import unicodedata

# Bidirectional controls reorder what is printed around them; the rest of category Cf (joiners of
# emoji and of scripts) is harmless and needed.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_hostile(character: str) -> bool:
    """Whether a terminal might act on the character instead of drawing it (C0, C1, bidi, ...)."""
    return character in _BIDI or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


def _visible(character: str) -> str:
    if character == "\t":
        return " "
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)  # the "control pictures" block
    return "\u2421" if code == 0x7F else "\ufffd"


def plain(text: str, *, keep_newlines: bool = True) -> str:
    """The text with every control character replaced by one visible character.

    Lengths are kept, so offsets into the original are offsets into the result. Newlines stay
    unless `keep_newlines` is false, where they become a visible mark.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if not is_hostile(character) or (character == "\n" and keep_newlines)
        else ("\u23ce" if character == "\n" else _visible(character))
        for character in text
    )
