"""A child process of the engine's: a request on its stdin, JSON lines from its stdout."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

from engine.canonical import Json
from engine.errors import FailedError, UserError

Event = dict[str, Json]


def run_child(
    module: str,
    request: Event,
    take: Callable[[Event], None],
    around: AbstractContextManager[object] | None = None,
) -> None:
    """Run `python -m module` to its end.

    Args:
        module: its name.
        request: what it is asked.
        take: told each event, `type` included, but the one that says what went wrong.
        around: entered while it runs: what draws its progress.

    Raises:
        UserError: the child says the user's input is at fault.
        FailedError: it says that the disk or a device failed, or it was killed.
    """
    with (
        subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            # torch's threads spin while they wait. On a shared machine that takes the cores from
            # others, and in turn from themselves; so they sleep after a short while.
            env={"GOMP_SPINCOUNT": "10000"} | os.environ,
        ) as child,
        around or nullcontext(),
    ):
        try:
            for event in _events(child, request):
                if event["type"] in ("error", "failed"):
                    raise _said(event)
                take(event)
        except KeyboardInterrupt:
            child.wait()
            raise
    if child.returncode == 130:
        raise KeyboardInterrupt
    if child.returncode:
        raise _lost(child.returncode)


def _lost(status: int) -> FailedError:
    """The child ended without a word; a signal's number is negative."""
    how = f"ended with status {status}"
    if status < 0:
        how = f"was killed ({signal.Signals(-status).name})"
    todo = "Finished parts are kept: the same command goes on from them."
    if status == -signal.SIGKILL:
        todo += " Where nobody killed it, memory ran out: `outvoted doctor --pm` does the sum."
    return FailedError(f"the measurement {how}", todo=todo)


def _events(child: subprocess.Popen[str], request: Event) -> Iterator[Event]:
    if child.stdin is None or child.stdout is None:
        raise RuntimeError("the measurement has no pipes")
    with contextlib.suppress(BrokenPipeError):  # it is dead already; its status tells
        child.stdin.write(json.dumps(request))
        child.stdin.close()
    for line in child.stdout:
        if line.endswith("\n"):  # the last line of one that was killed may be half a line
            yield json.loads(line)


def _said(event: Event) -> UserError | FailedError:
    where, todo = (None if event[key] is None else str(event[key]) for key in ("where", "todo"))
    kind = UserError if event["type"] == "error" else FailedError
    return kind(str(event["what"]), where=where, todo=todo)
