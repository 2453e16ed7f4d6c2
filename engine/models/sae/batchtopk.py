"""The batch top-k SAE: k features a token on average in training, cut at one threshold after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.models.sae.jumprelu import JumpReluSae


@dataclass(frozen=True, eq=False)
class BatchTopKSae(JumpReluSae):
    """`f = relu(h) * 1[h > threshold]` with the one threshold that training estimated.

    A top-k over a batch would make a token's features depend on what it is batched with; at
    inference dictionary_learning's BatchTopKSAE uses the threshold too (Bussmann et al. 2024).
    """

    kind: ClassVar[str] = "batchtopk"
