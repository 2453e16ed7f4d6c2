"""What most SAEs share: one affine encoder, and a nonlinearity that each variant makes its own."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from engine.models.sae.sae import Sae


@dataclass(frozen=True, eq=False)
class LinearSae(Sae):
    """Before its nonlinearity, a feature is `W_e x + b_e`."""

    w_enc: torch.Tensor
    """[d_in, d_sae]"""
    b_enc: torch.Tensor
    """[d_sae]"""
    centred: bool
    """Whether b_dec is subtracted from x first: each layout says so in its own way."""

    def before(self, x: torch.Tensor) -> torch.Tensor:
        """[..., d_in] to pre-activations [..., d_sae], fp32."""
        return (x - self.b_dec if self.centred else x) @ self.w_enc + self.b_enc
