"""How many examples a slow property tries: few with the suite, its share of them in a search."""

from __future__ import annotations

from hypothesis import settings

_IN_THE_SUITE = 100
"""What hypothesis tries by itself, and the suite with it."""


def few(count: int) -> int:
    """So many of the suite's hundred; where `make fuzz` tries more, as many times more.

    A bare `max_examples` would win over the search's, and its property would never be searched.
    """
    return count * settings().max_examples // _IN_THE_SUITE
