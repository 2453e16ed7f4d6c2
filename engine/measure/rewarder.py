"""A PM read in one way, without an SAE: rewards of texts and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.hh import Pair
from engine.measure.forward import Forward
from engine.measure.packing import Packed, pack
from engine.measure.prepare import Prepared, prepare
from engine.models.pm import PreferenceModel
from engine.models.tokens import Readout, check_chat


class Reads(Protocol):
    """What gives rewards: a rewarder, or an instrument."""

    @property
    def forward(self) -> Forward: ...

    def prepare(self, pair: Pair, *, least_cut: int = 0) -> Prepared:
        """Tokenise a pair."""
        ...

    def pack(self, pairs: Sequence[Prepared]) -> Packed:
        """One batch: chosen is branch 0, rejected branch 1."""
        ...


class Rewarder:
    """The PM alone."""

    def __init__(self, pm: PreferenceModel, readout: Readout) -> None:
        """Raises UserError where the PM has no chat template that the readout needs."""
        if readout == "chat-template":
            check_chat(pm.chat)
        self.pm = pm
        self.readout = readout
        self.forward = Forward(pm, 0)

    def prepare(self, pair: Pair, *, least_cut: int = 0) -> Prepared:
        """Tokenise a pair for this PM and readout."""
        return prepare(self.pm, pair, self.readout, least_cut=least_cut)

    def pack(self, pairs: Sequence[Prepared]) -> Packed:
        """One batch: chosen is branch 0, rejected branch 1."""
        return pack(
            [prepared.bundle() for prepared in pairs],
            padding=self.pm.end_of_text,
            dtype=self.pm.dtype,
            device=self.pm.device,
        )
