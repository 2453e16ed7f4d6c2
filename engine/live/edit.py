"""What a running PM is asked to measure, and its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from engine.cache.pair_records import PairDetail
from engine.errors import UserError

if TYPE_CHECKING:
    from engine.cache.breakdown import Breakdown


@dataclass(frozen=True, slots=True)
class Edit:
    """Changes to one pair. All defaults: the pair as it is stored."""

    response_chosen: str | None = None
    response_rejected: str | None = None
    ablate: tuple[int, ...] = ()
    """Features to set to 0 over the responses."""
    scale: dict[int, float] = field(default_factory=dict)
    """By feature, what its activations over the responses are multiplied by."""
    pin: dict[int, float] = field(default_factory=dict)
    """By feature, what its activations over the responses are set to."""

    @property
    def is_none(self) -> bool:
        return self == Edit()


@dataclass(frozen=True, slots=True)
class Rescored:
    """Fresh figures beside the stored ones."""

    before: PairDetail
    after: PairDetail
    seconds: float
    edit: Edit = field(default_factory=Edit)
    """What was asked for."""

    @property
    def drift(self) -> float | None:
        """The fresh margin less the stored one; None where either is missing, or after an edit."""
        if self.before.margin is None or self.after.margin is None or not self.edit.is_none:
            return None
        return self.after.margin - self.before.margin


class NoWorkerError(UserError):
    """There is no running PM: it could not be started, could not load its models, or died.

    The next question starts it again. Any other `UserError` is an answer: the PM is there.
    """


class Rescorer(Protocol):
    """A running PM, as a screen sees it."""

    async def rescore(self, before: PairDetail, edit: Edit) -> Rescored:
        """Measure; calls wait for one another. Cancelling the calling task stops it.

        Raises:
            NoWorkerError: there is no PM any more; the next call starts it again.
            UserError: it says no to this pair.
        """
        ...

    async def break_down(self, before: PairDetail) -> Breakdown:
        """Take the margin of a pair apart, its texts as they are here; stopped as `rescore` is.

        Raises:
            UserError: what `rescore` raises.
        """
        ...

    async def settle(self) -> None:
        """Wait until what was stopped has stopped; kill a PM that does not."""
        ...

    async def close(self) -> None: ...

    @property
    def state(self) -> str:
        """One line for the status bar: `not started`, `loading ...`, `ready`, `gone: ...`."""
        ...
