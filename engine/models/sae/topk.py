"""The top-k SAE: only the k strongest features of a token fire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from engine.models.sae.sae import Sae


@dataclass(frozen=True, eq=False)
class TopKSae(Sae):
    """`f` = the k largest of `W_e x + b_e`, and of those only what is above zero (Gao et al. 2024).

    x is centred by b_dec first if the config says so.
    """

    kind: ClassVar[str] = "topk"

    w_enc: torch.Tensor
    """[d_in, d_sae]"""
    b_enc: torch.Tensor
    """[d_sae]"""
    centred: bool
    k: int

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        x = x.float() - self.b_dec if self.centred else x.float()
        before = x @ self.w_enc + self.b_enc
        strongest = before.topk(self.k, dim=-1)
        return torch.zeros_like(before).scatter(-1, strongest.indices, torch.relu(strongest.values))
