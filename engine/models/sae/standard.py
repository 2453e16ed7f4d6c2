"""The standard SAE: a linear map and a ReLU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from engine.models.sae.sae import Sae


@dataclass(frozen=True, eq=False)
class StandardSae(Sae):
    """`f = relu(W_e x + b_e)`, where x is centred by b_dec first if the layout says so."""

    kind: ClassVar[str] = "standard"

    w_enc: torch.Tensor
    """[d_in, d_sae]"""
    b_enc: torch.Tensor
    """[d_sae]"""
    centred: bool
    """Whether b_dec is subtracted from x: always in dictionary_learning, by config in SAELens."""

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        x = x.float() - self.b_dec if self.centred else x.float()
        return torch.relu(x @ self.w_enc + self.b_enc)
