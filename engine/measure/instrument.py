"""A PM with one of its SAEs at one hook point, read in one way: what every figure is taken with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from engine.measure.forward import Captured
from engine.measure.packing import Packed
from engine.measure.prepare import Prepared
from engine.measure.rewarder import Rewarder
from engine.models.pm import PreferenceModel, block_index
from engine.models.sae.load import check_fits
from engine.models.sae.sae import Sae
from engine.models.tokens import Readout

Positions = Literal["all", "after-first"]
"""Where the reconstruction replaces the residual stream: everywhere, or not at a first token."""
POSITIONS: tuple[Positions, ...] = ("all", "after-first")


@dataclass(frozen=True, slots=True)
class View:
    """A batch of pairs after one forward, with the SAE's view of its residual stream.

    All of them are [rows, columns, ...] in float32: `residual` x and `reconstruction` x_hat with
    d_model, `activations` f with d_sae as their last dimension.
    """

    pairs: tuple[Prepared, ...]
    packed: Packed
    captured: Captured
    residual: Tensor
    activations: Tensor
    reconstruction: Tensor

    @property
    def margins(self) -> Tensor:
        """[rows] float32: delta = r(chosen) - r(rejected)."""
        return self.captured.rewards[:, 0] - self.captured.rewards[:, 1]

    def columns(self, row: int, side: int, positions: Sequence[int]) -> list[int]:
        """The columns of token positions of one side (0 chosen, 1 rejected)."""
        return [self.packed.column(row, side, position) for position in positions]

    def response_columns(self, row: int) -> tuple[list[int], list[int]]:
        """P as columns, for the chosen and for the rejected side."""
        prepared = self.pairs[row]
        chosen = self.columns(row, 0, prepared.response_positions("chosen"))
        return chosen, self.columns(row, 1, prepared.response_positions("rejected"))


class Instrument(Rewarder):
    """PM, SAE, hook point, readout and positions; the parts of a run's configuration."""

    def __init__(
        self, pm: PreferenceModel, sae: Sae, *, hook: str, readout: Readout, positions: Positions
    ) -> None:
        """Raises UserError where the SAE, the hook point or the readout does not fit the PM."""
        check_fits(sae, pm, hook)
        super().__init__(pm, readout, block=block_index(pm, hook))
        self.sae = sae
        self.hook = hook
        self.positions = positions

    def view(self, pairs: Sequence[Prepared], *, whole_memory: bool = False) -> View:
        """Run the batch once and encode what was captured."""
        packed = self.pack(pairs)
        captured = self.forward.capture(packed, whole_memory=whole_memory)
        return self.view_of(pairs, packed, captured)

    def view_of(self, pairs: Sequence[Prepared], packed: Packed, captured: Captured) -> View:
        """Encode what a batch's forward captured at the hook point."""
        residual = captured.residual.float()
        activations = self.sae.encode(residual)
        return View(
            pairs=tuple(pairs),
            packed=packed,
            captured=captured,
            residual=residual,
            activations=activations,
            reconstruction=self.sae.decode(activations, residual),
        )

    def margins_with(self, view: View, residual: Tensor) -> Tensor:
        """[rows] float32: delta with the residual stream replaced at every column."""
        with torch.no_grad():
            rewards = self.forward.resume(view.packed, residual.to(self.pm.dtype))
        return rewards[:, 0] - rewards[:, 1]

    def reconstructed_rewards(self, view: View) -> Tensor:
        """[rows, 2] float32: rewards with x_hat in place of x wherever this run replaces it."""
        with torch.no_grad():
            whole = self.replaced(view, view.reconstruction)
            return self.forward.resume(view.packed, whole.to(self.pm.dtype))

    def replaced(self, view: View, replacement: Tensor) -> Tensor:
        """x with `replacement` wherever this run replaces it; padding is left alone."""
        where = view.packed.real
        if self.positions == "after-first":
            where = where & (view.packed.position_ids > 0)
        return torch.where(where.unsqueeze(-1), replacement, view.residual)
