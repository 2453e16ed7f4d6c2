"""Deleting a pattern, the random span that is its control, and inserting a text."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterable, Sequence

from engine.heuristics.match import Span, Spans

_WORD_START = re.compile(r"(?<!\S)\S")
_MARKER = re.compile(r"\n\n(?:Human|Assistant):")


def delete_spans(text: str, spans: Sequence[Span], replace: str = "") -> str:
    """The text with `replace` in the place of every span; spans do not overlap."""
    pieces: list[str] = []
    done = 0
    for start, end in sorted(spans):
        pieces += [text[done:start], replace]
        done = end
    return "".join([*pieces, text[done:]])


def insert_text(text: str, at: int, insertion: str) -> str:
    """The text with the insertion before its character `at` (0 to the text's length).

    Raises:
        ValueError: there is no such place.
    """
    if not 0 <= at <= len(text):
        raise ValueError(f"no place {at} in a text of {len(text)} characters")
    return text[:at] + insertion + text[at:]


def random_spans_like(
    transcript: str, spans: Sequence[Span], *, context: int, content_hash: str, key: str
) -> Spans | None:
    """Control spans: one for each span, as long in characters, at random words of the response.

    They start at the start of a word, and overlap neither a span of the pattern, nor each other,
    nor a turn's marker (without it the transcript would have other turns). The draw depends on
    the pair and the heuristic alone: every process and every machine draws the same.

    Args:
        transcript: the bearer's.
        spans: of the pattern, in characters of the transcript.
        context: how many of the transcript's first characters are the context.
        content_hash: of the pair.
        key: of the heuristic.

    Returns:
        In the order of the text; None where the response has no room for all of them.
    """
    seed = hashlib.sha256(f"{content_hash}:{key}".encode()).digest()
    draw = random.Random(int.from_bytes(seed, "big"))
    starts = [word.start() for word in _WORD_START.finditer(transcript, context)]
    taken = [*spans, *(marker.span() for marker in _MARKER.finditer(transcript))]
    controls: list[Span] = []
    # The longest first: it has the fewest places.
    for length in sorted((end - start for start, end in spans), reverse=True):
        last = len(transcript) - length
        room = [
            start
            for start in starts
            if start <= last and not _overlaps((start, start + length), [*taken, *controls])
        ]
        if not room:
            return None
        start = draw.choice(room)
        controls.append((start, start + length))
    return tuple(sorted(controls))


def _overlaps(span: Span, others: Iterable[Span]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)
