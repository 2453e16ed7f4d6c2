"""The child process of `outvoted score`: a request on stdin, JSON lines of progress on stdout.

Torch and the models live and die here; the command line that draws the progress loads neither.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from engine import log
from engine.cache.layout import IndexPaths
from engine.cache.training import Told
from engine.errors import FailedError, UserError
from engine.heuristics import Heuristic
from engine.measure.budget import first_line
from engine.measure.instrument import Positions
from engine.measure.known import KnownAnswer
from engine.measure.progress import Progress
from engine.measure.score import SaeSettings, ScoreRequest, score
from engine.models.tokens import Readout
from engine.shapes import build


@dataclass(frozen=True, slots=True)
class Request:
    """`ScoreRequest` in values that JSON has."""

    cache: str
    name: str
    heuristics: tuple[Heuristic, ...]
    pm: str
    saes: tuple[str, ...]
    hook: str | None
    readout: Readout
    positions: Positions
    pairs: str
    dtype: str
    device: str
    lm: str | None
    told: Told
    settings: tuple[SaeSettings, ...]
    chat_template: str | None
    known: tuple[KnownAnswer, ...]
    verbose: bool


_RESUME = "Finished parts are kept: run the same command again, and it goes on from them."


def main() -> int:
    """Measure what stdin asks for.

    0 done, 2 the user's input is at fault, 130 interrupted, 1 the disk or a device failed.
    """
    # What libraries print goes to stderr; stdout holds our lines alone.
    lines = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(kind: str, values: dict[str, object]) -> None:
        lines.write(json.dumps({"type": kind} | values) + "\n")
        lines.flush()

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    try:
        asked = build(Request, json.loads(sys.stdin.read()), "request")
        log.start(Path(asked.cache), verbose=asked.verbose)
        log.LOGGER.info("measuring on %s in %s with %s", asked.device, asked.dtype, log.versions())
        request = ScoreRequest(
            paths=IndexPaths(Path(asked.cache), asked.name),
            heuristics=asked.heuristics,
            pm=asked.pm,
            saes=asked.saes,
            hook=asked.hook,
            readout=asked.readout,
            positions=asked.positions,
            pairs=asked.pairs,
            dtype=asked.dtype,
            device=asked.device,
            lm=asked.lm,
            told=asked.told,
            settings=asked.settings,
            chat_template=asked.chat_template,
            known=asked.known,
        )

        def report(progress: Progress) -> None:
            say("progress", asdict(progress))

        for result in score(request, report):
            say("result", asdict(result))
    except UserError as error:
        say("error", {"what": error.what, "where": error.where, "todo": error.todo})
        return 2
    except (KeyboardInterrupt, BrokenPipeError):
        return 130
    except FailedError as error:
        say("failed", {"what": error.what, "where": error.where, "todo": error.todo})
        return 1
    except OSError as error:
        what = f"it could not go on: {error.strerror or error}"
        say("failed", {"what": what, "where": error.filename, "todo": _RESUME})
        return 1
    except (torch.AcceleratorError, torch.OutOfMemoryError, MemoryError) as error:
        what = f"the device failed: {first_line(error) or type(error).__name__}"
        say("failed", {"what": what, "where": None, "todo": _RESUME})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
