"""Words in a row as a pattern: whole words, whatever stands between them; and the words again."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NOT_WITHIN = r"(?i)(?<!\w)(?<!\w')"
_BETWEEN = r"(?!'\w)\W+"
_NOT_GOING_ON = r"(?!'?\w)"
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def ngram_pattern(words: Sequence[str]) -> str:
    """A regular expression, to be used with `fold`, that finds the n-gram as whole words."""
    return f"{_NOT_WITHIN}{_BETWEEN.join(map(re.escape, words))}{_NOT_GOING_ON}"


def ngram_of(pattern: str) -> tuple[str, ...] | None:
    """The words that a pattern was made of; None where it is another expression."""
    inside = pattern.removeprefix(_NOT_WITHIN).removesuffix(_NOT_GOING_ON)
    words = tuple(_ESCAPED.sub(r"\1", word) for word in inside.split(_BETWEEN))
    return words if ngram_pattern(words) == pattern else None
