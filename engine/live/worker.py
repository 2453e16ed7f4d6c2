"""What answers the requests of `outvoted worker`: a PM and an SAE, held between two of them."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import asdict
from typing import TypeVar

import torch

from engine.demo.place import resolve
from engine.errors import UserError
from engine.hh import Pair, PairName
from engine.live.placed import placed
from engine.live.protocol import (
    Asked,
    BreakDown,
    BrokenDown,
    Cancelled,
    Failed,
    Load,
    Loaded,
    Measure,
    Measured,
    MeasuredHeuristic,
    encode,
)
from engine.measure.breakdown import break_down_pair
from engine.measure.budget import is_out_of_memory
from engine.measure.instrument import POSITIONS, Instrument
from engine.measure.loading import make_instrument, run_config
from engine.measure.one import Changed, OneHeuristic, measure_one
from engine.models.device import check_device
from engine.models.dtypes import DTYPES
from engine.models.pm import load_pm
from engine.models.tokens import READOUTS
from engine.models.weights import first_line
from engine.presets import Preset


class _CancelledError(Exception):
    """Raised at a pause of a measurement that nobody waits for any more."""


class Worker:
    """Answers one request at a time."""

    def __init__(self, cancelled: Container[int], preset: Preset | None = None) -> None:
        """`cancelled` holds the requests to stop; another thread may add to it at any time.

        `preset` says where this machine has the models.
        """
        self._cancelled = cancelled
        self._preset = preset
        self._instrument: Instrument | None = None

    def answer(self, message: Load | Measure | BreakDown) -> bytes:
        """The line that answers one request; a `UserError` is an answer too."""
        try:
            return encode(self._answer(message))
        except _CancelledError:
            return encode(Cancelled(message.id))
        except UserError as error:
            failed = Failed(message.id, error.what, error.where, error.todo)
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            todo = _SMALLER if isinstance(message, Load) else f"{_LEAVE_OUT} {_SMALLER}"
            failed = Failed(message.id, f"out of memory ({first_line(error)})", None, todo)
        return encode(failed)

    def _answer(self, message: Load | Measure | BreakDown) -> Loaded | Measured | BrokenDown:
        match message:
            case Load():
                return self._load(message)
            case Measure():
                return self._measure(message)
            case BreakDown():
                return self._break_down(message)

    def _load(self, asked: Load) -> Loaded:
        message = placed(asked, self._preset)
        readout = _one_of("readout", message.readout, READOUTS)
        positions = _one_of("positions", message.positions, POSITIONS)
        if message.dtype not in DTYPES:
            raise UserError(
                f'there is no dtype "{message.dtype}"', todo=f"There are: {', '.join(DTYPES)}."
            )
        check_device(message.device)
        self._instrument = None  # the old models make room first
        pm = load_pm(
            resolve(message.pm),
            dtype=DTYPES[message.dtype],
            device=message.device,
            chat_template=message.chat_template,
        )
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
        instrument = self._knowing(message.asked, *message.scales, *message.pins)
        pair = _pair(message, message.pair)
        asked = [(one.heuristic, one.features) for one in message.asked]
        pause = self._pause(message.id)
        made = measure_one(instrument, pair, asked, Changed(message.scales, message.pins), pause)
        return Measured(
            id=message.id,
            reward_chosen=made.reward_chosen,
            reward_rejected=made.reward_rejected,
            reward_chosen_sae=made.reward_chosen_sae,
            reward_rejected_sae=made.reward_rejected_sae,
            truncated=made.truncated,
            feature=tuple(made.features.feature.tolist()),
            activation_chosen=tuple(made.features.activation_chosen.tolist()),
            activation_rejected=tuple(made.features.activation_rejected.tolist()),
            attribution=tuple(made.features.attribution.tolist()),
            heuristics=tuple(_heuristic(one, len(pair.context)) for one in made.heuristics),
        )

    def _break_down(self, message: BreakDown) -> BrokenDown:
        instrument = self._knowing(message.asked)
        pair, pause = _pair(message, 0), self._pause(message.id)
        asked = [(one.heuristic, one.features) for one in message.asked]
        return BrokenDown(message.id, break_down_pair(instrument, pair, asked, pause))

    def _knowing(self, asked: tuple[Asked, ...], *changed: int) -> Instrument:
        """The PM and its SAE, which has all of these features."""
        instrument = self._instrument
        if instrument is None:
            raise UserError("no PM is loaded yet", todo="Send `load` first.")
        named = {feature for one in asked for feature in one.features}
        for feature in sorted(named | set(changed)):
            if not 0 <= feature < instrument.sae.d_sae:
                raise UserError(
                    f"feature {feature} does not exist in this SAE",
                    todo=f"It has {instrument.sae.d_sae}: 0 to {instrument.sae.d_sae - 1}.",
                )
        return instrument

    def _pause(self, identifier: int) -> Callable[[], None]:
        """What a measurement calls between its batches; it has been called once."""

        def pause() -> None:
            if identifier in self._cancelled:
                raise _CancelledError

        pause()
        return pause


def _pair(message: Measure | BreakDown, identifier: int) -> Pair:
    pair = Pair(
        id=identifier,
        name=PairName("request", "live", message.id),
        tranche="",
        context=message.context,
        chosen=message.chosen,
        rejected=message.rejected,
    )
    if not all(pair.transcripts):
        raise UserError("a transcript is empty: there is no token to read a reward at")
    return pair


def _heuristic(made: OneHeuristic, context: int) -> MeasuredHeuristic:
    return MeasuredHeuristic(
        name=made.name,
        bearer=made.borne.bearer,
        spans=tuple((start - context, end - context) for start, end in made.borne.spans),
        **asdict(made.effects),
        reward_deleted=made.deletion.reward_deleted if made.deletion else None,
        reward_control=made.deletion.reward_control if made.deletion else None,
    )


_LEAVE_OUT = "The PM stays loaded: other pairs can be measured."
_SMALLER = "Score with a smaller dtype, or name another --device."


Name = TypeVar("Name", bound=str)


def _one_of(what: str, value: str, known: tuple[Name, ...]) -> Name:
    for name in known:
        if name == value:
            return name
    raise UserError(f'there is no {what} "{value}"', todo=f"There are: {', '.join(known)}.")
