"""The top-k SAE: only the k strongest features of a token fire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from engine.models.sae.linear import LinearSae


@dataclass(frozen=True, eq=False)
class TopKSae(LinearSae):
    """`f` = the k largest of `W_e x + b_e`, of those only what is above zero (Gao et al. 2024)."""

    kind: ClassVar[str] = "topk"

    k: int

    def features(self, x: torch.Tensor) -> torch.Tensor:
        before = self.before(x)
        strongest = before.topk(self.k, dim=-1)
        return torch.zeros_like(before).scatter(-1, strongest.indices, torch.relu(strongest.values))
