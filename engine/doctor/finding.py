"""What one check found, and the units that findings speak in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's: what was looked at, what is so, and what to do about it."""

    level: Level
    check: str
    what: str
    todo: str | None = None


def gib(count: float) -> str:
    """Bytes, told in GiB."""
    return f"{count / 2**30:,.1f} GiB"
