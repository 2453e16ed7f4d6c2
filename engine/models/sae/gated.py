"""The gated SAE: one projection decides which features fire, its rescaling how strongly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from engine.models.sae.sae import Sae


@dataclass(frozen=True, eq=False)
class GatedSae(Sae):
    """`h = W_e (x - b_dec)`, `f = 1[h + gate_bias > 0] * relu(exp(r_mag) * h + mag_bias)`.

    Source: Rajamanoharan et al. 2024, as dictionary_learning's GatedAutoEncoder and SAELens'
    GatedSAE compute it. Older versions of the former multiplied f by the norm of its decoder
    direction, and divided it out again on decoding: x_hat and every effect are the same, and their
    f is ours times `decoder_norms`, which is how activations are compared here anyway (a_F).
    """

    kind: ClassVar[str] = "gated"

    w_enc: torch.Tensor
    """[d_in, d_sae]"""
    r_mag: torch.Tensor
    """[d_sae], as are the two biases."""
    gate_bias: torch.Tensor
    mag_bias: torch.Tensor
    centred: bool = True
    """Whether b_dec is subtracted from x: SAELens may be told not to."""

    def features(self, x: torch.Tensor) -> torch.Tensor:
        h = (x - self.b_dec if self.centred else x) @ self.w_enc
        # d_sae is wide: every pass over it costs as much as a tenth of the product.
        magnitude = (self.r_mag.exp() * h).add_(self.mag_bias).relu_()
        return torch.where(h > -self.gate_bias, magnitude, 0.0)
