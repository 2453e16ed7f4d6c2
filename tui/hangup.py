"""A terminal that goes away: without it Textual would read its end for ever, at full load."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PATIENCE = 1.0
"""Seconds that the watching thread gets to end."""
_IGNORED = 128 + signal.SIGHUP
"""The exit status, as a shell tells it, where whoever started us has hangups ignored (nohup)."""
_TO_SAVE = 3.0
"""Seconds that saving gets: a browser that cannot answer any more ends without it."""


@contextmanager
def leaving_on_hangup(fileno: int, save: Callable[[], None]) -> Iterator[None]:
    """Watch a terminal from a thread; once it is gone, save, and end as a hangup ends a program.

    A program in the terminal's own session is sent SIGHUP anyway. One that was started beside it,
    by another program, is not, and reads nothing but the end of its input. The thread ends with
    the context: one that outlived it would keep modules alive that then complain of it at exit.
    """
    ended, end = os.pipe()
    thread = threading.Thread(target=_watch, args=(fileno, ended, save), daemon=True, name="hangup")
    thread.start()
    try:
        yield
    finally:
        os.close(end)
        thread.join(_PATIENCE)
        os.close(ended)


def _watch(fileno: int, ended: int, save: Callable[[], None]) -> None:
    poll = select.poll()
    for watched in (fileno, ended):
        poll.register(watched, 0)  # a hangup is reported without being asked for
    if any(found == ended for found, _ in poll.poll()):
        return
    late = threading.Timer(_TO_SAVE, _end)
    late.daemon = True
    late.start()
    try:
        save()
    finally:
        _end()


def _end() -> None:
    os.kill(os.getpid(), signal.SIGHUP)
    os._exit(_IGNORED)
