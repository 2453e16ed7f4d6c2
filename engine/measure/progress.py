"""How far a measurement is: events that the child process writes and the command line draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """One step forward."""

    run: str
    stage: str
    done: int
    """Pairs finished of this stage, those of earlier sittings included."""
    total: int
    tokens: int
    """Tokens computed by this sitting for this step."""


Report = Callable[[Progress], None]
