"""A running PM as a screen sees it: a child process, asked one thing at a time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from engine.cache.manifest import Manifest
from engine.cache.records import PairDetail
from engine.errors import UserError
from engine.live.edit import Edit, Rescored
from engine.live.outcome import Standing, detail
from engine.live.protocol import (
    LONGEST_LINE,
    PROTOCOL,
    Asked,
    Cancel,
    Cancelled,
    Failed,
    Hello,
    Load,
    Loaded,
    Measure,
    Measured,
    Message,
    decode,
    encode,
)

_LINES_KEPT = 5
"""Of the child's stderr, for the message that says why it died."""
_GRACE = 3.0
"""Seconds a cancelled measurement gets before its process is killed."""


class LiveRescorer:
    """Starts `outvoted worker` (or any command that speaks its protocol) when first asked.

    The child has a session of its own, so that an ssh prompt cannot paint over the screen.
    """

    def __init__(
        self,
        command: Sequence[str],
        manifest: Manifest,
        standings: Sequence[Standing],
        *,
        device: str = "cpu",
    ) -> None:
        self._command = list(command)
        self._manifest = manifest
        self._standings = list(standings)
        self._device = device
        self._process: asyncio.subprocess.Process | None = None
        self._errors: deque[str] = deque(maxlen=_LINES_KEPT)
        self._draining: asyncio.Task[None] | None = None
        self._asked = 0
        self._busy = asyncio.Lock()
        self._state = "not started"

    @property
    def state(self) -> str:
        """One line for the status bar."""
        return self._state

    async def rescore(self, before: PairDetail, edit: Edit) -> Rescored:
        """Measure a pair, edited or not.

        Raises:
            UserError: the worker cannot be started, died, was cancelled, or says no.
        """
        async with self._busy:
            started = time.perf_counter()
            await self._ready()
            pair = replace(
                before.pair,
                chosen=_or(edit.response_chosen, before.pair.chosen),
                rejected=_or(edit.response_rejected, before.pair.rejected),
            )
            standings = self._standings_for(before)
            self._state = "measuring"
            answer = await self._ask(
                Measure(
                    id=self._next(),
                    pair=pair.id,
                    context=pair.context,
                    chosen=pair.chosen,
                    rejected=pair.rejected,
                    asked=tuple(
                        Asked(standing.heuristic, standing.features) for standing in standings
                    ),
                    scales=dict.fromkeys(edit.ablate, 0.0) | edit.scale,
                )
            )
            if not isinstance(answer, Measured):
                raise await self._gone(f"it answered with {type(answer).__name__.lower()}")
            self._state = "ready"
            after = detail(before, pair, answer, standings)
            return Rescored(before, after, time.perf_counter() - started)

    def _standings_for(self, before: PairDetail) -> list[Standing]:
        """What the pair was judged with, so that an unedited rescore differs by noise alone."""
        known = {
            made.heuristic.name: (made.features, made.in_sample, made.thresholds)
            for made in before.heuristics
        }
        found = []
        for standing in self._standings:
            features, in_sample, thresholds = known.get(
                standing.heuristic.name,
                (standing.features, standing.in_sample, standing.thresholds),
            )
            if thresholds is not None:
                found.append(Standing(standing.heuristic, features, in_sample, thresholds))
        return found

    async def cancel(self) -> None:
        """Stop the measurement under way; a worker that does not stop is killed."""
        process = self._process
        if process is None or not self._busy.locked():
            return
        if self._state == "measuring":
            await self._send(Cancel(self._asked))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE), self._busy:
                    return
        await self._stop("stopped")

    async def close(self) -> None:
        """End the worker: it ends by itself when its input does, killing is the fallback."""
        process = self._process
        if process is not None and process.stdin is not None:
            process.stdin.close()
            try:
                async with asyncio.timeout(_GRACE):
                    await process.wait()
            except TimeoutError:
                process.kill()
        await self._stop("closed")

    async def _ready(self) -> None:
        if self._process is not None and self._process.returncode is None:
            return
        self._state = "starting"
        self._errors.clear()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LONGEST_LINE,
                start_new_session=True,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        except OSError as error:
            self._state = f"gone: {error.strerror}"
            raise UserError(
                f"the worker cannot be started: {error.strerror}",
                where=self._command[0],
                todo="Look at --worker, or leave it out to run the PM on this machine.",
            ) from None
        self._draining = asyncio.create_task(self._drain(self._process))
        hello = await self._receive()
        if not isinstance(hello, Hello) or hello.protocol != PROTOCOL:
            raise await self._gone(f"it does not speak protocol {PROTOCOL}")
        await self._load()

    async def _load(self) -> None:
        config = self._manifest.config
        self._state = f"loading {self._manifest.pm}"
        loaded = await self._ask(
            Load(
                id=self._next(),
                pm=self._manifest.pm_path,
                sae=self._manifest.sae_path,
                hook=config.hook,
                readout=config.readout,
                positions=config.positions,
                dtype=config.dtype,
                device=self._device,
            )
        )
        if not isinstance(loaded, Loaded):
            raise await self._gone("it answered out of turn")
        if loaded.run != config.run:
            await self._stop("gone: other models")
            raise UserError(
                f"what is there now measures run {loaded.run}, not {config.run}",
                where=self._manifest.pm_path,
                todo="The PM, its tokenizer or the SAE changed since: score again.",
            )
        self._state = "ready"

    async def _ask(self, message: Load | Measure) -> Message:
        await self._send(message)
        answer = await self._receive()
        # An asker that went away leaves its answer behind; -1 is the worker's word on a line.
        while not isinstance(answer, Hello) and answer.id not in (message.id, -1):
            answer = await self._receive()
        if isinstance(answer, Failed):
            if isinstance(message, Load):
                await self._stop(f"gone: {answer.what}")
            else:
                self._state = "ready"
            raise UserError(answer.what, where=answer.where, todo=answer.todo)
        if isinstance(answer, Cancelled):
            self._state = "ready"
            raise UserError("the measurement was stopped")
        return answer

    async def _send(self, message: Message) -> None:
        process = self._process
        if process is None or process.stdin is None:
            raise UserError("the worker is not running")
        try:
            process.stdin.write(encode(message))
            await process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise await self._gone("it closed its input") from None

    async def _receive(self) -> Message:
        process = self._process
        if process is None or process.stdout is None:
            raise UserError("the worker is not running")
        try:
            line = await process.stdout.readline()
        except ValueError:
            raise await self._gone(f"it sent a line of over {LONGEST_LINE} bytes") from None
        if not line:
            raise await self._gone("it ended")
        try:
            return decode(line)
        except UserError as error:
            await self._stop("gone: it speaks another language")
            raise error from None

    async def _drain(self, process: asyncio.subprocess.Process) -> None:
        if process.stderr is None:
            return
        while chunk := await process.stderr.read(1 << 16):
            self._errors.extend(chunk.decode(errors="replace").splitlines())

    async def _gone(self, why: str) -> UserError:
        """Clean up after a worker that is no use any more; what to tell the user."""
        if self._draining is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE):
                    await self._draining
        last = next((line for line in reversed(self._errors) if line.strip()), "")
        await self._stop(f"gone: {why}")
        return UserError(
            f"the worker is gone: {why}{f' ({last.strip()})' if last else ''}",
            where=" ".join(self._command),
            todo="The next rescore starts it again.",
        )

    async def _stop(self, state: str) -> None:
        process, self._process = self._process, None
        self._state = state
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()
        if self._draining is not None:
            self._draining.cancel()
            self._draining = None

    def _next(self) -> int:
        self._asked += 1
        return self._asked


def _or(edited: str | None, stored: str) -> str:
    return stored if edited is None else edited
