"""The child process of `outvoted score`: a request on stdin, JSON lines of progress on stdout.

Torch and the models live and die here; the command line that draws the progress loads neither.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from engine import log
from engine.cache.layout import IndexPaths
from engine.cache.training import Told
from engine.canonical import Json
from engine.heuristics import Heuristic
from engine.measure.child import Say, answer
from engine.measure.instrument import Positions
from engine.measure.known import KnownAnswer
from engine.measure.progress import Progress
from engine.measure.request import SaeSettings, ScoreRequest
from engine.measure.score import score
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
    run: str | None
    parts: str | None
    ray: str | None
    verbose: bool


_RESUME = "Finished parts are kept: run the same command again, and it goes on from them."


def main() -> int:
    """Measure what stdin asks for; the exit status."""
    return answer(_measure, after_failure=_RESUME)


def _measure(values: Json, say: Say) -> None:
    asked = build(Request, values, "request")
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
        run=asked.run,
        parts=asked.parts,
        ray=asked.ray,
    )

    def report(progress: Progress) -> None:
        say("progress", asdict(progress))

    for result in score(request, report):
        say("result", asdict(result))


if __name__ == "__main__":
    sys.exit(main())
