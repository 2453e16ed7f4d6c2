"""What every sparse autoencoder here is: an encoder of its own, and a linear decoder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import torch

from engine.errors import UserError
from engine.models.sae.active import written
from engine.models.sae.norm import Norm, normalised


@dataclass(frozen=True, eq=False)
class Sae(ABC):
    """An SAE in fp32. x is the residual stream at its hook point, f its features.

    `x_hat = decode(encode(x), x)`, and decoding is linear in f: setting f_i to zero takes exactly
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
    norm: Norm | None = field(default=None, kw_only=True)
    """How it normalises each token's x before it reads it, and undoes that as it writes x_hat."""

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
    def features(self, x: torch.Tensor) -> torch.Tensor:
        """What the SAE makes of vectors [..., d_in] in fp32 as it was trained to read them."""

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Residuals [..., d_in] of any float dtype to features [..., d_sae] in fp32, none < 0.

        Where the SAE normalises a token's x, its features are given in the units of x itself: times
        what x_hat is scaled back by, so that f_i * w_dec[i] is what feature i writes.
        """
        if self.norm is None:
            return self.features(x.float())
        read, scale, _ = normalised(x.float(), self.norm)
        return self.features(read) * scale

    def decode(self, f: torch.Tensor, x: torch.Tensor | None = None) -> torch.Tensor:
        """Features [..., d_sae] to reconstructed residuals x_hat [..., d_in], fp32.

        x is what f was encoded from; only an SAE with a `norm` needs it.

        Raises:
            UserError: x_hat holds NaN or infinity: finite weights may overflow.
        """
        x_hat = written(f, self.w_dec) + self.baseline(x)
        if not bool(torch.isfinite(x_hat).all()):
            raise UserError(
                f"the reconstruction of this {self.kind} SAE holds NaN or infinity",
                where=self.name,
                todo="Such an SAE tells nothing here; take a sound one, or --hook as it was "
                "trained.",
            )
        return x_hat

    def baseline(self, x: torch.Tensor | None = None) -> torch.Tensor:
        """x_hat without any feature: [d_in], or [..., d_in] where it hangs on the token's x.

        Raises:
            ValueError: it does, and x was not given.
        """
        if self.norm is None:
            return self.b_dec
        if x is None:
            raise ValueError("what this SAE writes hangs on the x that it read")
        _, scale, mean = normalised(x.float(), self.norm)
        return self.b_dec * scale + mean
