"""A pattern in its surroundings, on one line that is safe to show."""

from __future__ import annotations

from engine.plain import plain

BEFORE = 60
AFTER = 120
MATCH = 200
"""Characters told of a match at most: a regular expression may match a whole response."""


def snippet(context: str, response: str, span: tuple[int, int]) -> tuple[str, str, str]:
    """Text before, in and after a span of the response (negative: it begins in the context).

    Newlines and runs of spaces become one space, controls visible marks; the match keeps its
    characters, so that it can be marked.
    """
    transcript = context + response
    start, end = span[0] + len(context), span[1] + len(context)
    before, after = transcript[:start].rstrip(), transcript[end:].lstrip()
    match = plain(transcript[start : min(end, start + MATCH)], keep_newlines=False)
    left, right = " " * (len(before) < start), " " * (len(after) < len(transcript) - end)
    return _one_line(before[-BEFORE:]) + left, match, right + _one_line(after[:AFTER])


def _one_line(text: str) -> str:
    """White space folded to single spaces, one at either end where there was any."""
    middle = " ".join(text.split())
    left = " " if text[:1].isspace() else ""
    right = " " if text[-1:].isspace() and middle else ""
    return plain(left + middle + right, keep_newlines=False)
