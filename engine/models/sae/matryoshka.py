"""The Matryoshka batch top-k SAE: trained so that its first groups of features suffice alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.models.sae.batchtopk import BatchTopKSae


@dataclass(frozen=True, eq=False)
class MatryoshkaSae(BatchTopKSae):
    """All groups together, cut at the threshold: what dictionary_learning's class does by default.

    The groups shape the training loss (Bussmann et al. 2025); a finished SAE is its whole width.
    """

    kind: ClassVar[str] = "matryoshka"
