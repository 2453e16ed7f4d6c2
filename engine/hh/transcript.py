"""Where a transcript's turns lie, and how a pair's two transcripts share a context."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Role = Literal["human", "assistant"]

HUMAN = "\n\nHuman:"
# Without the space that follows: a cut after the colon keeps the response's tokens as they are.
ASSISTANT = "\n\nAssistant:"

_LAST_TRIED = 3
"""The context nearly always ends with one of the last markers, and to try them is cheaper than to
look how far the transcripts agree; a text of nothing but markers must not be tried at each."""

_MARKER = re.compile(r"\n\n(?:Human|Assistant):")


class Turn(NamedTuple):
    """One turn, in characters of its transcript: the marker, then the text [start, end)."""

    role: Role
    marker: int
    start: int
    end: int


def turns(transcript: str) -> tuple[Turn, ...]:
    """All turns in order. Text before the first marker belongs to none of them."""
    markers = list(_MARKER.finditer(transcript))
    ends = [*(marker.start() for marker in markers[1:]), len(transcript)]
    return tuple(
        Turn("human" if marker.group() == HUMAN else "assistant", *marker.span(), end)
        for marker, end in zip(markers, ends, strict=False)
    )


def common_prefix(left: str, right: str) -> int:
    """How many characters the two texts share from the start."""
    low, high = 0, min(len(left), len(right))
    # Halving compares slices in C: a character at a time takes milliseconds on a long pair.
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def split_pair(chosen: str, rejected: str) -> tuple[str, str, str]:
    """Context and both responses; context + response gives back either transcript.

    The context reaches up to and including the last `\\n\\nAssistant:` wholly inside the common
    prefix of both transcripts, and is empty where there is none.
    """
    end = len(chosen)
    for _ in range(_LAST_TRIED):
        marker = chosen.rfind(ASSISTANT, 0, end)
        cut = 0 if marker < 0 else marker + len(ASSISTANT)
        if rejected.startswith(context := chosen[:cut]):
            return context, chosen[cut:], rejected[cut:]
        end = marker
    marker = chosen.rfind(ASSISTANT, 0, min(end, common_prefix(chosen, rejected)))
    cut = 0 if marker < 0 else marker + len(ASSISTANT)
    return chosen[:cut], chosen[cut:], rejected[cut:]
