"""What every sparse autoencoder here is: an encoder of its own, and a linear decoder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch


@dataclass(frozen=True, eq=False)
class Sae(ABC):
    """An SAE in fp32. x is the residual stream at its hook point, f its features.

    `x_hat = decode(encode(x))`, and decoding is linear: setting f_i to zero takes exactly
    `f_i * w_dec[i]` out of x_hat. Weights carry no gradient; x may.
    """

    kind: ClassVar[str]

    name: str
    """The name of its file or folder."""
    hash: str
    """16 hex digits over its files."""
    hook: str | None
    """Where its config says it was trained: a module's output. None where no config says."""
    w_dec: torch.Tensor
    """[d_sae, d_in]"""
    b_dec: torch.Tensor
    """[d_in]"""

    @property
    def d_sae(self) -> int:
        """How many features it has."""
        return self.w_dec.shape[0]

    @property
    def d_in(self) -> int:
        """The width of the residual stream that it reads."""
        return self.w_dec.shape[1]

    @cached_property
    def decoder_norms(self) -> torch.Tensor:
        """[d_sae], the Euclidean norm of each feature's decoder direction."""
        norms: torch.Tensor = torch.linalg.vector_norm(self.w_dec, dim=1)
        return norms

    @abstractmethod
    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Residuals [..., d_in] of any float dtype to features [..., d_sae] in fp32, none < 0."""

    def decode(self, f: torch.Tensor) -> torch.Tensor:
        """Features [..., d_sae] to reconstructed residuals x_hat [..., d_in], fp32."""
        return f @ self.w_dec + self.b_dec
