"""The standard SAE: a linear map and a ReLU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from engine.models.sae.linear import LinearSae


@dataclass(frozen=True, eq=False)
class StandardSae(LinearSae):
    """`f = relu(W_e x + b_e)`.

    Source: Bricken et al. 2023, where x is centred by b_dec; dictionary_learning's AutoEncoderNew
    does not centre it (the April 2024 update on the same pages).
    """

    kind: ClassVar[str] = "standard"

    def features(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.before(x))
