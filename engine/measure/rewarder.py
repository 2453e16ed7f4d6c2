"""A PM read in one way: what any figure is taken with, and all that rewards alone need."""

from __future__ import annotations

from collections.abc import Sequence

from engine.hh import Pair
from engine.measure.budget import Budget
from engine.measure.forward import Forward
from engine.measure.packing import Packed, pack
from engine.measure.prepare import Prepared, prepare
from engine.models.pm import PreferenceModel
from engine.models.tokens import Readout, check_chat


class Rewarder:
    """A PM and a readout; with an SAE at a hook point, an `Instrument`."""

    def __init__(self, pm: PreferenceModel, readout: Readout, *, block: int = 0) -> None:
        """Resumed runs go on after block number `block`; rewards alone never are resumed.

        Raises:
            UserError: the PM has no chat template that the readout needs.
        """
        if readout == "chat-template":
            check_chat(pm.chat)
        self.pm = pm
        self.readout = readout
        self.budget = Budget()
        self.forward = Forward(pm, block)

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
