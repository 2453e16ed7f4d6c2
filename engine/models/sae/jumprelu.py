"""The JumpReLU SAE: a feature fires where it is above a threshold of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from engine.models.sae.linear import LinearSae


@dataclass(frozen=True, eq=False)
class JumpReluSae(LinearSae):
    """`h = W_e x + b_e`, `f = relu(h) * 1[h > threshold]` (Rajamanoharan et al. 2024).

    SAELens writes its batch top-k and Matryoshka SAEs in this form.
    """

    kind: ClassVar[str] = "jumprelu"

    threshold: torch.Tensor
    """[d_sae], or [] where one number holds for all features."""

    def features(self, x: torch.Tensor) -> torch.Tensor:
        before = self.before(x)
        return torch.relu(before) * (before > self.threshold)
