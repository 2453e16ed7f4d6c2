"""The lab's queue: changes measured over many pairs, one after the other, and what came of them.

A worker that dies takes no work with it: its pair is asked once more of a new one. Where that dies
too, the pair has failed and the queue is held until somebody says to go on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Literal

from engine.errors import UserError
from engine.live.change import Change
from engine.live.edit import NoWorkerError, Rescored

Status = Literal["waiting", "measuring", "done", "cancelled"]
_RECENT = 20
"""Measurements whose median time the estimate is made of."""


@dataclass(frozen=True, slots=True)
class Result:
    """One pair with a change, measured."""

    pair: int
    rescored: Rescored


@dataclass(frozen=True, slots=True)
class Refusal:
    """One pair that could not be measured, and why."""

    pair: int
    error: UserError


@dataclass(slots=True, eq=False)
class Experiment:
    """One change over some pairs. The queue fills it in; everyone else only looks."""

    number: int
    change: Change
    pairs: tuple[int, ...]
    results: list[Result] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    status: Status = "waiting"
    kept: set[int] = field(default_factory=set)
    """The pairs whose result was kept as a custom pair."""

    @property
    def tried(self) -> int:
        """How many pairs have had their turn; the next one is `pairs[tried]`."""
        return len(self.results) + len(self.refusals)

    @property
    def left(self) -> int:
        """How many pairs are still to be measured."""
        return 0 if self.status in ("done", "cancelled") else len(self.pairs) - self.tried


Ask = Callable[[int, Change], Awaitable[Result]]


class Queue:
    """Measures one pair at a time. It lives in one event loop, and outlives any screen."""

    def __init__(
        self,
        ask: Ask,
        settle: Callable[[], Awaitable[None]],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`ask` measures a pair; `settle` waits until one that was cancelled has stopped."""
        self._ask = ask
        self._settle = settle
        self._clock = clock
        self.experiments: list[Experiment] = []
        """The oldest first; those that are over stay."""
        self.drifts: dict[int, float] = {}
        """By pair, what the margin of an unedited rescore differed from the stored one."""
        self.held: NoWorkerError | None = None
        """Why nothing is measured although pairs wait; None: nothing holds the queue."""
        self.changed: Callable[[], None] = lambda: None
        """Called after every change of the above; a screen that looks sets it."""
        self._runner: asyncio.Task[None] | None = None
        self._asking: asyncio.Future[Result] | None = None
        self._since = 0.0
        self._took: deque[float] = deque(maxlen=_RECENT)

    @property
    def busy(self) -> bool:
        """Whether a measurement is under way."""
        return self._asking is not None

    @property
    def elapsed(self) -> float:
        """Seconds since the pair that is being measured had its turn."""
        return self._clock() - self._since if self.busy else 0.0

    @property
    def left(self) -> int:
        """How many pairs are still to be measured, over all experiments."""
        return sum(made.left for made in self.experiments)

    @property
    def pace(self) -> float | None:
        """Seconds a pair: the median of the last ones; None before the first."""
        return sorted(self._took)[len(self._took) // 2] if self._took else None

    def add(self, change: Change, pairs: Sequence[int]) -> Experiment:
        """Queue a change over some pairs."""
        made = Experiment(len(self.experiments) + 1, change, tuple(pairs))
        self.experiments.append(made)
        self._start()
        self.changed()
        return made

    def remember(self, change: Change, result: Result) -> None:
        """Take in what was measured elsewhere, so that it is in the history."""
        made = Experiment(
            len(self.experiments) + 1, change, (result.pair,), [result], status="done"
        )
        self.experiments.append(made)
        self.remember_drift(result)
        self.changed()

    def remember_drift(self, result: Result) -> None:
        """Take in what a pair's margin differs by where nothing is edited; of an edit, nothing."""
        drift = result.rescored.drift
        if drift is not None:
            self.drifts[result.pair] = drift

    def cancel(self, experiment: Experiment) -> None:
        """Measure no more pairs of it; what was measured stays."""
        if experiment.status == "measuring" and self._asking is not None:
            self._asking.cancel()
        if experiment.left:
            experiment.status = "cancelled"
        if self.left == 0:
            self.held = None
        self.changed()

    def cancel_all(self) -> None:
        """Measure nothing more."""
        for made in self.experiments:
            self.cancel(made)

    def go_on(self) -> None:
        """Measure again after the queue was held."""
        self.held = None
        self._start()
        self.changed()

    async def close(self) -> None:
        """Stop. Nothing may be queued afterwards."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await runner

    def _start(self) -> None:
        if self._runner is None and self.held is None:
            self._runner = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            while self.held is None and (made := self._next()) is not None:
                made.status = "measuring"
                await self._measure(made, made.pairs[made.tried])
                if made.status == "measuring":
                    made.status = "waiting" if made.tried < len(made.pairs) else "done"
                self.changed()
        finally:
            self._runner = None

    def _next(self) -> Experiment | None:
        return next((made for made in self.experiments if made.left), None)

    async def _measure(self, made: Experiment, pair: int) -> None:
        """Give one pair its turn."""
        try:
            result = await self._answer(pair, made.change)
            if result is None:
                return
            self.remember_drift(result)
            made.results.append(result if len(made.pairs) == 1 else _light(result))
            if len(made.pairs) == 1 and pair not in self.drifts:
                await self._drift(pair)
        except NoWorkerError as error:
            made.refusals.append(Refusal(pair, error))
            self.held = error
        except UserError as error:
            made.refusals.append(Refusal(pair, error))

    async def _drift(self, pair: int) -> None:
        """An edit is held against the drift of its pair: measure that too, unedited."""
        with contextlib.suppress(UserError):  # the edit itself has its answer
            result = await self._answer(pair, Change())
            if result is not None:
                self.remember_drift(result)

    async def _answer(self, pair: int, change: Change) -> Result | None:
        """The result, of a second worker where the first is lost; None where it was cancelled."""
        try:
            return await self._once(pair, change)
        except NoWorkerError:
            return await self._once(pair, change)

    async def _once(self, pair: int, change: Change) -> Result | None:
        self._since = self._clock()
        self._asking = asking = asyncio.ensure_future(self._ask(pair, change))
        self.changed()
        try:
            await asyncio.wait({asking})
        finally:  # where the queue itself is closed
            asking.cancel()
            self._asking = None
        if asking.cancelled():
            await self._settle()
            return None
        result = asking.result()
        self._took.append(self._clock() - self._since)
        return result


def _light(result: Result) -> Result:
    """One of many: without the features, which nobody can look at for thousands of pairs."""
    rescored = result.rescored
    return replace(
        result,
        rescored=replace(
            rescored,
            before=replace(rescored.before, features=()),
            after=replace(rescored.after, features=()),
        ),
    )
