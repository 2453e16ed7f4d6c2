"""What is measured of every pair of a run: rewards, reconstruction, activations, attributions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.hh import SIDES
from engine.measure.finite import all_finite, no_number
from engine.measure.instrument import Instrument, View
from engine.measure.subset import after_prefix
from engine.models.sae.active import attributed

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over tokens from which FVU is pooled, in float64; x is [d_model]."""

    tokens: int
    error: float
    """sum of ||x - x_hat||^2"""
    square: float
    """sum of ||x||^2"""
    total: npt.NDArray[np.float64]
    """sum of x, [d_model]"""


@dataclass(frozen=True, slots=True)
class ActiveFeatures:
    """The features active over P on either side of one pair, ascending; parallel arrays."""

    feature: Ints
    activation_chosen: Floats
    """The largest activation over P on the chosen side."""
    activation_rejected: Floats
    attribution: Floats


@dataclass(frozen=True, slots=True)
class PairFigures:
    """One pair's base figures."""

    id: int
    tokens: int
    truncated: int
    reward_chosen: float
    reward_rejected: float
    reward_chosen_sae: float
    reward_rejected_sae: float
    margin_random_error: float
    """The margin with a random vector of e's norm in place of e: the control of `sae-miss`."""
    features: ActiveFeatures


@dataclass(frozen=True, slots=True)
class TextActivations:
    """Sparse activations over the response texts of one pair, one entry an active feature."""

    side: npt.NDArray[np.int8]
    """0 chosen, 1 rejected."""
    position: Ints
    """The token's position in its transcript."""
    feature: Ints
    value: Floats


def measure(
    instrument: Instrument, view: View, gradient: Tensor | None = None
) -> list[PairFigures]:
    """The base figures of a batch; `gradient` is that of delta, where it is already known."""
    rewards_sae = instrument.reconstructed_rewards(view)
    randomised = instrument.replaced(view, view.residual - random_error(view))
    margins_random = instrument.margins_with(view, randomised)
    attributed = attributions(instrument, view, gradient)
    return [
        PairFigures(
            id=prepared.pair.id,
            tokens=view.packed.bundles[row].tokens,
            truncated=prepared.truncated,
            reward_chosen=float(view.captured.rewards[row, 0]),
            reward_rejected=float(view.captured.rewards[row, 1]),
            reward_chosen_sae=float(rewards_sae[row, 0]),
            reward_rejected_sae=float(rewards_sae[row, 1]),
            margin_random_error=float(margins_random[row]),
            features=attributed[row],
        )
        for row, prepared in enumerate(view.pairs)
    ]


def attributions(
    instrument: Instrument, view: View, gradient: Tensor | None = None
) -> list[ActiveFeatures]:
    """For each pair of a batch, the features active over P and their first-order effects.

    A_i = sum over P of f_i * (W_dec[i] . d delta / d x) (docs/verdicts.md); one backward pass of
    delta gives it for both sides. It is a screen, never a verdict.
    """
    gradient = gradient_of_margin(instrument, view) if gradient is None else gradient
    found = []
    for row in range(len(view.pairs)):
        attribution = torch.zeros(instrument.sae.d_sae, device=gradient.device)
        strongest = []
        for columns in view.response_columns(row):
            active = view.activations[row, columns]
            attribution += attributed(active, gradient[row, columns], instrument.sae.w_dec)
            strongest.append(active.amax(0) if columns else torch.zeros_like(attribution))
        feature = (torch.maximum(*strongest) > 0).nonzero().squeeze(-1)
        found.append(
            ActiveFeatures(
                feature=_ints(feature),
                activation_chosen=_floats(strongest[0][feature]),
                activation_rejected=_floats(strongest[1][feature]),
                attribution=_floats(attribution[feature]),
            )
        )
    return found


def gradient_of_margin(instrument: Instrument, view: View) -> Tensor:
    """d delta / d x, [rows, columns, d_model] float32; zero over the prefix, which is not in P.

    Raises UserError where it is NaN or infinite.
    """
    packed = view.packed
    rest = after_prefix(packed)
    if rest.columns.shape[1] == 0:
        return torch.zeros_like(view.residual)
    given = rest.of(view.captured.residual).requires_grad_()
    rewards = instrument.forward.resume_at(packed, rest, given, view.captured)
    (gradient,) = torch.autograd.grad((rewards[:, 0] - rewards[:, 1]).sum(), given)
    if not all_finite(gradient):
        raise no_number(instrument.pm, f"the gradient of the margin at {instrument.hook} is")
    return rest.put(gradient.float(), view.residual.shape[1])


def random_error(view: View) -> Tensor:
    """Random directions with the norms of the SAE error, seeded by each pair's content hash."""
    error = view.residual - view.reconstruction
    out = torch.zeros_like(error)
    for row, prepared in enumerate(view.pairs):
        generator = torch.Generator().manual_seed(int(prepared.pair.content_hash, 16) % 2**63)
        columns = view.packed.real[row].nonzero().squeeze(-1)
        drawn = torch.randn(len(columns), error.shape[-1], generator=generator).to(error)
        norms = error[row, columns].norm(dim=-1, keepdim=True)
        out[row, columns] = drawn * (norms / drawn.norm(dim=-1, keepdim=True))
    return out


def moments(view: View, *, after_first: bool = False) -> Moments:
    """FVU's sums over a batch's real tokens, or over those that are not first in their text."""
    where = view.packed.real
    if after_first:
        where = where & (view.packed.position_ids > 0)
    residual = view.residual[where].double()
    error = residual - view.reconstruction[where].double()
    return Moments(
        tokens=int(where.sum()),
        error=float(error.square().sum()),
        square=float(residual.square().sum()),
        total=residual.sum(0).cpu().numpy(),
    )


def text_activations(view: View, row: int) -> TextActivations:
    """The sparse activations over both response texts of one pair of a batch."""
    sides, positions, features, values = [], [], [], []
    for number, side in enumerate(SIDES):
        places = view.pairs[row].text_positions(side)
        active = view.activations[row, view.columns(row, number, places)]
        token, feature = active.nonzero(as_tuple=True)
        sides.append(np.full(len(token), number, dtype=np.int8))
        positions.append(np.asarray(places, dtype=np.int32)[token.cpu().numpy()])
        features.append(_ints(feature))
        values.append(_floats(active[token, feature]))
    return TextActivations(
        side=np.concatenate(sides),
        position=np.concatenate(positions),
        feature=np.concatenate(features),
        value=np.concatenate(values),
    )


def _ints(tensor: Tensor) -> Ints:
    return tensor.cpu().numpy().astype(np.int32)


def _floats(tensor: Tensor) -> Floats:
    return tensor.detach().cpu().numpy().astype(np.float32)
