"""What a running PM is asked to measure, and its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from engine.cache.records import PairDetail


@dataclass(frozen=True, slots=True)
class Edit:
    """Changes to one pair. All defaults: the pair as it is stored."""

    response_chosen: str | None = None
    response_rejected: str | None = None
    ablate: tuple[int, ...] = ()
    scale: dict[int, float] = field(default_factory=dict)

    @property
    def is_none(self) -> bool:
        return self == Edit()


@dataclass(frozen=True, slots=True)
class Rescored:
    """Fresh figures beside the stored ones."""

    before: PairDetail
    after: PairDetail
    seconds: float

    @property
    def drift(self) -> float | None:
        """The fresh margin less the stored one, where both exist."""
        if self.before.margin is None or self.after.margin is None:
            return None
        return self.after.margin - self.before.margin


class Rescorer(Protocol):
    """A running PM, as a screen sees it. Any method may raise `UserError` with what happened."""

    async def rescore(self, before: PairDetail, edit: Edit) -> Rescored: ...

    async def cancel(self) -> None:
        """Stop the measurement under way, if any."""
        ...

    async def close(self) -> None: ...

    @property
    def state(self) -> str:
        """One line for the status bar: `not started`, `loading ...`, `ready`, `gone: ...`."""
        ...
