"""`outvoted worker`: a PM and an SAE behind JSON lines on stdin and stdout.

A thread reads stdin, so that `cancel` is seen while a measurement runs and the end of input ends
the worker at once. Nothing but messages reaches the real stdout: whatever a library prints goes
to stderr.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from dataclasses import asdict
from typing import BinaryIO, TypeVar

import torch

from engine.errors import UserError
from engine.hh import Pair, PairName
from engine.live.protocol import (
    LONGEST_LINE,
    PROTOCOL,
    Cancel,
    Cancelled,
    Failed,
    Hello,
    Load,
    Loaded,
    Measure,
    Measured,
    MeasuredHeuristic,
    Message,
    decode,
    encode,
)
from engine.measure.instrument import POSITIONS, Instrument
from engine.measure.one import OneHeuristic, measure_one
from engine.measure.score import DTYPES, make_instrument, run_config
from engine.models.pm import load_pm
from engine.models.tokens import READOUTS


class _CancelledError(Exception):
    """Raised between two batches of a measurement that nobody waits for any more."""


class Worker:
    """Answers one request at a time, in the order in which they came."""

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._instrument: Instrument | None = None
        self._cancelled: set[int] = set()

    def cancel(self, identifier: int) -> None:
        """Called by the reading thread."""
        self._cancelled.add(identifier)

    def say(self, message: Message) -> None:
        self._output.write(encode(message))
        self._output.flush()

    def answer(self, message: Message) -> None:
        """Answer one request; a `UserError` is an answer too."""
        if not isinstance(message, Load | Measure):
            return
        try:
            self.say(self._load(message) if isinstance(message, Load) else self._measure(message))
        except _CancelledError:
            self.say(Cancelled(message.id))
        except UserError as error:
            self.say(Failed(message.id, error.what, error.where, error.todo))
        except torch.OutOfMemoryError as error:
            what = f"out of memory on the device ({str(error).splitlines()[0]})"
            self.say(Failed(message.id, what, None, "Use a smaller dtype or another device."))
        finally:
            self._cancelled.discard(message.id)

    def _load(self, message: Load) -> Loaded:
        readout = _one_of("readout", message.readout, READOUTS)
        positions = _one_of("positions", message.positions, POSITIONS)
        if message.dtype not in DTYPES:
            raise UserError(f'there is no dtype "{message.dtype}"', todo=", ".join(DTYPES))
        self._instrument = None  # the old models make room first
        pm = load_pm(message.pm, dtype=DTYPES[message.dtype], device=message.device)
        self._instrument = make_instrument(
            pm,
            message.sae,
            hook=message.hook,
            readout=readout,
            positions=positions,
            device=message.device,
        )
        return Loaded(message.id, run_config(self._instrument).run)

    def _measure(self, message: Measure) -> Measured:
        instrument = self._instrument
        if instrument is None:
            raise UserError("no PM is loaded yet", todo="Send `load` first.")
        features = [feature for asked in message.asked for feature in asked.features]
        for feature in [*features, *message.scales]:
            if not 0 <= feature < instrument.sae.d_sae:
                raise UserError(f"feature {feature} does not exist in this SAE")

        def pause() -> None:
            if message.id in self._cancelled:
                raise _CancelledError

        pause()
        pair = Pair(
            id=message.pair,
            name=PairName("request", "live", message.id),
            tranche="",
            context=message.context,
            chosen=message.chosen,
            rejected=message.rejected,
        )
        asked = [(one.heuristic, one.features) for one in message.asked]
        made = measure_one(instrument, pair, asked, message.scales, pause)
        return Measured(
            id=message.id,
            reward_chosen=made.reward_chosen,
            reward_rejected=made.reward_rejected,
            reward_chosen_sae=made.reward_chosen_sae,
            reward_rejected_sae=made.reward_rejected_sae,
            feature=tuple(made.features.feature.tolist()),
            activation_chosen=tuple(made.features.activation_chosen.tolist()),
            activation_rejected=tuple(made.features.activation_rejected.tolist()),
            attribution=tuple(made.features.attribution.tolist()),
            heuristics=tuple(_heuristic(one, len(pair.context)) for one in made.heuristics),
        )


def _heuristic(made: OneHeuristic, context: int) -> MeasuredHeuristic:
    return MeasuredHeuristic(
        name=made.name,
        bearer=made.borne.bearer,
        spans=tuple((start - context, end - context) for start, end in made.borne.spans),
        **asdict(made.effects),
        **asdict(made.deletion),
    )


Name = TypeVar("Name", bound=str)


def _one_of(what: str, value: str, known: tuple[Name, ...]) -> Name:
    for name in known:
        if name == value:
            return name
    raise UserError(f'there is no {what} "{value}"', todo=f"There are: {', '.join(known)}.")


def serve() -> None:
    """Answer requests on stdin until it ends."""
    torch.set_num_threads(min(torch.get_num_threads(), len(os.sched_getaffinity(0))))
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    worker = Worker(output)
    requests: queue.Queue[Message] = queue.Queue()
    threading.Thread(target=_read, args=(worker, requests), daemon=True).start()
    worker.say(Hello(PROTOCOL))
    while True:
        worker.answer(requests.get())


def _read(worker: Worker, requests: queue.Queue[Message]) -> None:
    try:
        while line := sys.stdin.buffer.readline(LONGEST_LINE + 1):
            try:
                if len(line) > LONGEST_LINE:
                    raise UserError(f"a line is longer than {LONGEST_LINE} bytes")
                message = decode(line)
            except UserError as error:
                worker.say(Failed(-1, error.what, error.where, error.todo))
                continue
            if isinstance(message, Cancel):
                worker.cancel(message.id)
            else:
                requests.put(message)
    finally:
        # The other end is gone: nobody reads an answer, and a measurement may take minutes.
        os._exit(0)
