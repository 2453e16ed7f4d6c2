"""The features that a user pinned for heuristics of one SAE, as whoever judges takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.cache.triage import TriageFile, user_name
from engine.heuristics import Heuristic


@dataclass(frozen=True, slots=True)
class UserPins:
    """What stands for heuristics in one SAE, by one user's word. It goes before a file's pins."""

    user: str
    by_key: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By `Heuristic.key`, ascending."""
    file: Path | None = None
    """Where they are said."""

    def of(self, heuristic: Heuristic) -> tuple[int, ...]:
        """The features pinned for a heuristic; none: nothing was said of it.

        A feature as heuristic stands for itself, whoever says what.
        """
        return () if heuristic.feature is not None else self.by_key.get(heuristic.key, ())

    def features(self, heuristic: Heuristic) -> tuple[int, ...]:
        """The pins that count: the user's, or else those it was written with."""
        return self.of(heuristic) or heuristic.features


def user_pins(folder: Path, sae_hash: str) -> UserPins:
    """What the user who runs this pinned of one SAE.

    Args:
        folder: of the index's triage files.
        sae_hash: as a run's manifest has it.

    Raises:
        UserError: the user's file cannot be read.
    """
    user = user_name()
    file = TriageFile(folder, user)
    return UserPins(user, pins_of(file, sae_hash), file.path)


def pins_of(file: TriageFile, sae_hash: str) -> dict[str, tuple[int, ...]]:
    """What one user's file pins of one SAE now, by `Heuristic.key`; no heuristic without pins.

    Raises:
        UserError: the file cannot be read.
    """
    return {
        key: said.features
        for (key, sae), said in file.pins().items()
        if sae == sae_hash and said.features
    }
