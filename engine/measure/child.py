"""What the engine's child processes share: one request on stdin, JSON lines on stdout, an ending.

Torch and the models live and die in such a process; the command line that started it loads neither.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

import torch

from engine.canonical import Json
from engine.errors import FailedError, UserError
from engine.interrupted import interruptible
from engine.models.weights import first_line

Say = Callable[[str, dict[str, object]], None]
"""Write one line: what kind it is, and its values."""


def answer(work: Callable[[Json, Say], None], *, after_failure: str) -> int:
    """Do what stdin asks for; the exit status.

    0 done, 2 the user's input is at fault, 130 interrupted, 1 the disk or a device failed. The
    last line of a process that did not end well is of kind `error` or `failed`, and says why.

    Args:
        work: given the request as JSON has it.
        after_failure: what to do where disk or device failed.
    """
    # What libraries print goes to stderr; stdout holds our lines alone.
    lines = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(kind: str, values: dict[str, object]) -> None:
        lines.write(json.dumps({"type": kind} | values) + "\n")
        lines.flush()

    def fail(what: str, where: str | None, todo: str | None) -> int:
        say("failed", {"what": what, "where": where, "todo": todo})
        return 1

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    try:
        with interruptible():
            work(json.loads(sys.stdin.read()), say)
    except UserError as error:
        say("error", {"what": error.what, "where": error.where, "todo": error.todo})
        return 2
    except (KeyboardInterrupt, BrokenPipeError):
        return 130
    except FailedError as error:
        return fail(error.what, error.where, error.todo)
    except OSError as error:
        where = None if error.filename is None else str(error.filename)
        return fail(f"it could not go on: {error.strerror or error}", where, after_failure)
    except (torch.AcceleratorError, torch.OutOfMemoryError, MemoryError) as error:
        what = f"the device failed: {first_line(error)}"
        return fail(what, None, after_failure)
    return 0
