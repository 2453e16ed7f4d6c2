"""The child process of `outvoted score`: a request on stdin, JSON lines of progress on stdout.

Torch and the models live and die here; the command line that draws the progress loads neither.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass

from engine import log
from engine.canonical import Json
from engine.measure.child import Say, answer
from engine.measure.progress import Progress
from engine.measure.request import ScoreRequest
from engine.measure.score import score
from engine.shapes import build


@dataclass(frozen=True, slots=True)
class Request:
    """What stdin asks for."""

    score: ScoreRequest
    verbose: bool


_RESUME = "Finished parts are kept: run the same command again, and it goes on from them."


def main() -> int:
    """Measure what stdin asks for; the exit status."""
    return answer(_measure, after_failure=_RESUME)


def _measure(values: Json, say: Say) -> None:
    asked = build(Request, values, "request")
    request = asked.score
    log.start(request.paths.cache, verbose=asked.verbose)
    dtype = request.dtype or "its usual dtype"
    log.LOGGER.info("measuring on %s in %s with %s", request.device, dtype, log.versions())

    def report(progress: Progress) -> None:
        say("progress", asdict(progress))

    for result in score(request, report):
        say("result", asdict(result))


if __name__ == "__main__":
    sys.exit(main())
