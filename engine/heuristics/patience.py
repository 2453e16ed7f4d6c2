"""A regular expression that does not come to an end on a text is given up.

`re` holds the interpreter while it tries, but lets a signal's handler run: in a main thread only.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

from engine.errors import UserError
from engine.heuristics.heuristic import Heuristic
from engine.heuristics.match import Bearing, Matcher, Span, bearing, compile_heuristic
from engine.hh import Pair

PATIENCE = 2.0
"""Seconds on one text, at least; twice as many at most."""


@contextmanager
def patient(matcher: Matcher, seconds: float = PATIENCE) -> Iterator[Matcher]:
    """The matcher, given up on a text that takes it so long.

    Outside a main thread it is as it was, and so is one of a text, which always comes to an end.

    Raises:
        UserError: it takes too long.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or not matcher.heuristic.regex:
        yield matcher
        return
    begun = seen = 0
    trying = False

    def find(text: str) -> Iterator[Span]:
        nonlocal begun, trying
        begun += 1
        trying = True
        try:
            for span in matcher.finder(text):
                trying = False
                yield span
                trying = True
        finally:
            trying = False

    def look(_number: int, _frame: FrameType | None) -> None:
        nonlocal seen
        # What takes long between two texts, such as reading them, is no fault of the pattern.
        if trying and begun == seen:
            raise too_slow(matcher, seconds)
        seen = begun

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield replace(matcher, finder=find)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def patient_bearing(heuristic: Heuristic, pair: Pair, seconds: float = PATIENCE) -> Bearing | None:
    """Which side of a pair bears a pattern, where exactly one does; given up as `patient` does.

    Raises:
        UserError: the pattern is at fault, or takes too long.
    """
    with patient(compile_heuristic(heuristic), seconds) as matcher:
        return bearing(matcher, pair)


def too_slow(matcher: Matcher, seconds: float) -> UserError:
    """Says which pattern it was, and what makes such patterns slow."""
    heuristic = matcher.heuristic
    return UserError(
        f"{heuristic.pattern!r} takes more than {seconds:g} s on a single text",
        where=f'heuristic "{heuristic.name}"',
        todo="Write it without a repeat inside a repeat, such as (a+)+, or look for a text.",
    )
