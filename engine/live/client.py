"""A running PM as a screen sees it: a child process, asked one thing at a time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from engine.cache.breakdown import Breakdown
from engine.cache.manifest import Manifest
from engine.cache.pair_records import PairDetail
from engine.errors import UserError
from engine.hh import Pair
from engine.live.child import Child, start
from engine.live.edit import Edit, NoWorkerError, Rescored
from engine.live.outcome import Standing, detail, standings_on
from engine.live.protocol import (
    Asked,
    BreakDown,
    BrokenDown,
    Failed,
    Load,
    Loaded,
    Measure,
    Measured,
)

GRACE = 3.0
"""Seconds a measurement that nobody awaits gets to stop at a pause; then its process is killed."""
LATE = 0.1
"""Seconds to read what came in time and nobody read."""

Answer = TypeVar("Answer", Measured, BrokenDown)


class LiveRescorer:
    """Starts `outvoted worker` (or any command that speaks its protocol) when first asked.

    Whatever ends a call of `rescore` (an answer, an error, the cancellation of the calling task,
    the death of the child), the next call works: with the same child where it is still sound, else
    with a new one.
    """

    def __init__(
        self,
        command: Sequence[str],
        manifest: Manifest,
        standings: Callable[[], Sequence[Standing]],
        *,
        device: str = "cpu",
        labels: Mapping[int, str] | None = None,
    ) -> None:
        """Nothing is started yet.

        Args:
            command: what speaks the worker's protocol, as words.
            manifest: of the run.
            standings: how heuristics are judged by now; each question asks for them anew.
            device: where the worker puts the models.
            labels: what features of the run's SAE are called.
        """
        self._labels = labels or {}
        self._command = tuple(command)
        self._manifest = manifest
        self._standings = standings
        self._device = device
        self._child: Child | None = None
        """One that has loaded the models, or is about to."""
        self._killed: list[Child] = []
        """Not yet collected by the event loop."""
        self._busy = asyncio.Lock()
        self._loading = False
        self._measuring: int | None = None
        """The id of the measurement that the worker has been asked for."""
        self._asked = 0
        self._state = "not started"

    @property
    def state(self) -> str:
        """One line for the status bar."""
        if self._child is not None and not self._child.alive:
            return "gone: the next rescore starts it again"
        return self._state

    async def rescore(self, before: PairDetail, edit: Edit) -> Rescored:
        """Measure a pair, edited or not. Calls wait for one another.

        To stop it, cancel the calling task: a worker that measures is asked to stop and keeps its
        models, one that is still loading them is killed.

        Raises:
            NoWorkerError: the worker cannot be started, cannot load the models, or died.
            UserError: the worker says no to this pair.
        """
        started = time.perf_counter()
        pair = replace(
            before.pair,
            chosen=_or(edit.response_chosen, before.pair.chosen),
            rejected=_or(edit.response_rejected, before.pair.rejected),
        )
        standings = standings_on(before, self._standings())
        answer = await self._ask(lambda number: _request(number, pair, edit, standings), Measured)
        after = detail(before, pair, answer, standings, self._labels)
        return Rescored(before, after, time.perf_counter() - started, edit)

    async def break_down(self, before: PairDetail) -> Breakdown:
        """Take a pair's margin apart: by token, and as a waterfall for each heuristic.

        Calls wait for one another and are stopped as `rescore` is, and raise what it raises.
        """
        asked = _asked(standings_on(before, self._standings()))
        pair = before.pair

        def request(number: int) -> BreakDown:
            return BreakDown(number, pair.context, pair.chosen, pair.rejected, asked)

        return (await self._ask(request, BrokenDown)).breakdown

    async def _ask(
        self, request: Callable[[int], Measure | BreakDown], kind: type[Answer]
    ) -> Answer:
        """The answer to one request, which is given its number; started and settled as needed."""
        async with self._busy:
            try:
                return await self._answer(request, kind)
            except asyncio.CancelledError:
                self._abandon()
                raise
            finally:
                self._loading, self._measuring = False, None

    async def settle(self) -> None:
        """Wait until a measurement that nobody awaits any more has stopped.

        A worker that does not stop in time is killed; the next call starts another.
        """
        async with self._busy:
            await self._settled()

    async def close(self) -> None:
        """End the worker: it ends by itself when its input does, killing is the fallback."""
        child, self._child = self._child, None
        self._state = "closed"
        for ending in [*self._killed, *([child] if child else [])]:
            await ending.end()

    async def _answer(
        self, request: Callable[[int], Measure | BreakDown], kind: type[Answer]
    ) -> Answer:
        child = await self._ready()
        message = request(self._next())
        child.post(message)
        self._measuring, self._state = message.id, "measuring"
        await child.drain()
        answer = await child.answer(message.id)
        self._state = "ready"
        if isinstance(answer, Failed):
            raise UserError(answer.what, where=answer.where, todo=answer.todo)
        if not isinstance(answer, kind):
            raise await child.gone(f"it answered with {type(answer).__name__.lower()}")
        return answer

    async def _ready(self) -> Child:
        """A child that has loaded the models and owes no answer: the one there is, or a new one."""
        await self._settled()
        if self._child is not None and self._child.alive:
            return self._child
        self._kill("starting")  # of a dead one the pipes are left
        self._loading = True
        try:
            self._child = child = await start(self._command)
        except UserError as error:
            self._state = f"gone: {error.what}"
            raise
        await child.hello()
        self._state = f"loading {self._manifest.pm}"
        await self._load(child)
        self._loading, self._state = False, "ready"
        return child

    async def _load(self, child: Child) -> None:
        manifest, config = self._manifest, self._manifest.config
        load = Load(
            id=self._next(),
            pm=manifest.pm_path,
            sae=manifest.sae_path,
            hook=config.hook,
            readout=config.readout,
            positions=config.positions,
            dtype=config.dtype,
            device=self._device,
            chat_template=manifest.chat_template,
        )
        child.post(load)
        await child.drain()
        loaded = await child.answer(load.id)
        if isinstance(loaded, Failed):
            self._kill(f"gone: {loaded.what}")
            raise NoWorkerError(loaded.what, where=loaded.where, todo=loaded.todo)
        if not isinstance(loaded, Loaded):
            raise await child.gone(f"it answered with {type(loaded).__name__.lower()}")
        if loaded.run != config.run:
            self._kill("gone: other models")
            raise NoWorkerError(
                f"what is there now measures run {loaded.run}, not {config.run}",
                where=manifest.pm_path,
                todo="The PM, its tokenizer or the SAE changed since: score again.",
            )

    async def _settled(self) -> None:
        """Wait for what is owed to an asker that went away; kill the child if that is late."""
        if self._child is None:
            return
        try:
            # Twice: the loop may have stood still all the while, as it does while an editor has
            # the terminal, and then what the worker said in time is read by the second alone.
            for patience in (GRACE, LATE):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(patience):
                        await self._child.settle()
                        return
            self._kill("stopped")
        except NoWorkerError:
            return  # it died of it; the state says so, and nobody asked for more

    def _abandon(self) -> None:
        """The asker was cancelled. Nothing is awaited here: it may be cancelled again."""
        child = self._child
        if self._loading:
            self._kill("stopped")
        elif child is not None and child.alive and self._measuring is not None:
            child.cancel(self._measuring)
            self._state = "ready"

    def _kill(self, state: str) -> None:
        child, self._child = self._child, None
        self._state = state
        if child is not None:
            child.kill()
            self._killed = [made for made in (*self._killed, child) if not made.collected]

    def _next(self) -> int:
        self._asked += 1
        return self._asked


def _request(identifier: int, pair: Pair, edit: Edit, standings: Sequence[Standing]) -> Measure:
    return Measure(
        id=identifier,
        pair=pair.id,
        context=pair.context,
        chosen=pair.chosen,
        rejected=pair.rejected,
        asked=_asked(standings),
        scales=dict.fromkeys(edit.ablate, 0.0) | edit.scale,
        pins=edit.pin,
    )


def _asked(standings: Sequence[Standing]) -> tuple[Asked, ...]:
    return tuple(
        Asked(standing.heuristic, standing.features)
        for standing in standings
        if standing.thresholds is not None
    )


def _or(edited: str | None, stored: str) -> str:
    return stored if edited is None else edited
