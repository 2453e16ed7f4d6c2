"""A terminal that goes away: without it Textual would read its end for ever, at full load."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable


def leave_on_hangup(fileno: int, save: Callable[[], None]) -> None:
    """Watch a terminal from a thread; once it is gone, save, and end as a hangup ends a program.

    A program in the terminal's own session is sent SIGHUP anyway. One that was started beside it,
    by another program, is not, and reads nothing but the end of its input.
    """
    threading.Thread(target=_watch, args=(fileno, save), daemon=True, name="hangup").start()


def _watch(fileno: int, save: Callable[[], None]) -> None:
    poll = select.poll()
    poll.register(fileno, 0)  # a hangup is reported without being asked for
    poll.poll()
    try:
        save()
    finally:
        os.kill(os.getpid(), signal.SIGHUP)
