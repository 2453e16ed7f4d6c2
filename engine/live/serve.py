"""`outvoted worker`: the protocol on stdin and stdout, around a worker that is loaded after hello.

A thread reads stdin, so that `cancel` is seen while a measurement runs and the end of input ends
the process at once, even while torch is still being imported. Nothing but messages reaches the
real stdout: whatever a library prints goes to stderr.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from engine.errors import UserError
from engine.live.protocol import (
    LONGEST_LINE,
    NO_REQUEST,
    PROTOCOL,
    BreakDown,
    Cancel,
    Failed,
    Hello,
    Load,
    Measure,
    decode,
    encode,
)
from engine.presets import Preset

Request = Load | Measure | BreakDown


def serve(preset: Preset | None = None) -> None:
    """Answer requests on stdin until it ends; the end of stdin ends the process.

    `preset` says where this machine has the models.
    """
    requests_from, answers_to = _take_stdin(), _take_stdout()

    def say(line: bytes) -> None:
        # One write, whole: the reading thread may speak at the same time.
        answers_to.write(line)
        answers_to.flush()

    requests: queue.Queue[Request] = queue.Queue()
    # Written by the thread that reads; a set's single operations are atomic.
    cancelled: set[int] = set()

    def read() -> None:
        try:
            for line in _lines(requests_from):
                try:
                    message = decode(line)
                except UserError as error:
                    say(encode(Failed(NO_REQUEST, error.what, error.where, error.todo)))
                    continue
                if isinstance(message, Cancel):
                    cancelled.add(message.id)
                elif isinstance(message, Load | Measure | BreakDown):
                    requests.put(message)
        finally:
            # The other end is gone: nobody reads an answer, and a measurement may take minutes.
            os._exit(0)

    say(encode(Hello(PROTOCOL)))
    threading.Thread(target=read, daemon=True).start()
    # Threads that wait by spinning take the cores from whoever else is on them, the browser too;
    # those that sleep at once are woken all the time. Read when torch is loaded.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    from engine.live.worker import Worker  # torch: seconds, in which stdin may end

    worker = Worker(cancelled, preset)
    while True:
        say(worker.answer(requests.get()))


def _take_stdin() -> BinaryIO:
    """The real stdin for ourselves; what anything else reads is empty."""
    taken = os.fdopen(os.dup(0), "rb")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    return taken


def _take_stdout() -> BinaryIO:
    """The real stdout for ourselves; what anything else prints goes to stderr."""
    sys.stdout.flush()
    taken = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return taken


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines to the end of input. Of one that is too long only a beginning, which is no message."""
    while line := stream.readline(LONGEST_LINE + 1):
        beginning = line
        while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            line = stream.readline(LONGEST_LINE + 1)
        yield beginning
