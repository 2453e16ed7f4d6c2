"""How large batches may be on a GPU: one pair's peak memory, scaled to what is free.

On a CPU larger batches are no faster (see engine.measure.batches), so the usual
number stands there, and only running out of memory changes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch

from engine.hh import Pair, PairName
from engine.measure.base import gradient_of_margin
from engine.measure.budget import LEAST
from engine.measure.instrument import Instrument

SHARE = 0.6
"""Of the free memory: attention masks grow with the square of a row, and fragments stay behind."""
MOST = 65536
PROBED_WORDS = 400
"""How long the probing pair's context is: a usual one."""


class Meter(Protocol):
    """A device's memory, in bytes."""

    def free(self) -> int: ...

    def peak_of(self, run: Callable[[], object]) -> int:
        """How much more than before was allocated at once while it ran."""
        ...


class CudaMeter:
    """Of one CUDA device."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def free(self) -> int:
        # What torch holds in reserve without using it can be had too.
        spare = torch.cuda.memory_reserved(self._device) - torch.cuda.memory_allocated(self._device)
        return torch.cuda.mem_get_info(self._device)[0] + spare

    def peak_of(self, run: Callable[[], object]) -> int:
        torch.cuda.synchronize(self._device)
        before = torch.cuda.memory_allocated(self._device)
        torch.cuda.reset_peak_memory_stats(self._device)
        run()
        torch.cuda.synchronize(self._device)
        return torch.cuda.max_memory_allocated(self._device) - before


def meter_of(device: torch.device) -> Meter | None:
    """The device's meter; None where the usual number of columns stands."""
    return CudaMeter(device) if device.type == "cuda" else None


def find_budget(instrument: Instrument, meter: Meter | None) -> None:
    """Set the instrument's budget to what its device has room for, at least `LEAST` columns."""
    if meter is None:
        return
    words = min(PROBED_WORDS, instrument.pm.max_tokens // 2)
    context = "\n\nHuman:" + " so" * words + "\n\nAssistant:"
    name = PairName(source="probe", split="probe", row=0)
    pair = Pair(id=0, name=name, context=context, chosen=" yes", rejected=" no", tranche="")
    prepared = instrument.prepare(pair)
    columns = prepared.bundle().tokens

    def run() -> None:
        view = instrument.view([prepared])
        instrument.reconstructed_rewards(view)
        gradient_of_margin(instrument, view)

    run()  # what is allocated once, such as workspaces, belongs to no column
    bytes_each = max(1, meter.peak_of(run)) / columns
    room = int(SHARE * meter.free() / bytes_each)
    instrument.budget.columns = max(LEAST, min(MOST, room))
