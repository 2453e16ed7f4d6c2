"""What a run was last asked for, kept beside its manifest: by its id alone it goes on with that."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.cache.manifest import LARGEST
from engine.canonical import Json
from engine.files import read_bounded, write_text
from engine.heuristics import Heuristic
from engine.shapes import build

_KEPT = "asked.json"


@dataclass(frozen=True, slots=True)
class Begun:
    """Which bearers and what other pairs, whether or not the measurement came to its end."""

    heuristics: tuple[Heuristic, ...]
    """With the pins of a preset or heuristics file; those judged in earlier sittings too."""
    pairs: str
    """As `--pairs` says it."""


def keep_begun(run: Path, begun: Begun) -> None:
    """Keep it in the run's folder, in one step."""
    write_text(run / _KEPT, json.dumps(asdict(begun), indent=2) + "\n")


def begun_with(run: Path) -> Begun | None:
    """What was kept; None of a run of an earlier version, or where the file was edited."""
    try:
        values: Json = json.loads(read_bounded(run / _KEPT, LARGEST))
        return build(Begun, values, _KEPT)
    except (OSError, ValueError, RecursionError):
        return None
