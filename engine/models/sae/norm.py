"""Normalising each token's residual before an SAE reads it, as SAELens does at run time."""

from __future__ import annotations

from typing import Literal

import torch

Norm = Literal["constant_norm_rescale", "layer_norm"]
NORMS: tuple[Norm, ...] = ("constant_norm_rescale", "layer_norm")
_EPSILON = 1e-5


def normalised(x: torch.Tensor, norm: Norm) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What the SAE reads [..., d_in], and by what its x_hat is scaled back and shifted [..., 1].

    `constant_norm_rescale` gives every x the norm sqrt(d_in). `layer_norm` takes the mean off and
    divides by the (unbiased) standard deviation plus 1e-5; undone without the 1e-5, as there.
    """
    if norm == "constant_norm_rescale":
        scale = torch.linalg.vector_norm(x, dim=-1, keepdim=True) / x.shape[-1] ** 0.5
        return x / scale, scale, torch.zeros_like(scale)
    mean = x.mean(dim=-1, keepdim=True)
    deviation = x.std(dim=-1, keepdim=True)
    return (x - mean) / (deviation + _EPSILON), deviation, mean
