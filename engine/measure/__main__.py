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

from engine.cache.layout import IndexPaths
from engine.cache.training import Told
from engine.errors import UserError
from engine.heuristics import Heuristic
from engine.measure.instrument import Positions
from engine.measure.progress import Progress
from engine.measure.score import ScoreRequest, score
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


def main() -> int:
    """Measure what stdin asks for; 0, 2 where the user's input is at fault, 130 interrupted."""
    # What libraries print goes to stderr; stdout holds our lines alone.
    lines = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(kind: str, values: dict[str, object]) -> None:
        lines.write(json.dumps({"type": kind} | values) + "\n")
        lines.flush()

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    try:
        asked = build(Request, json.loads(sys.stdin.read()), "request")
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
    return 0


if __name__ == "__main__":
    sys.exit(main())
