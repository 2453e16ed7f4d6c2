"""The number by which an SAE of SAELens scales its inputs while it is in training.

With `normalize_activations = expected_average_only_in` an SAE reads x times one number, which is
folded into its weights at the end. A checkpoint written before that keeps the number beside them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import torch

from engine.errors import UserError
from engine.models.weights import read_json, read_safetensor

SCALER = "activation_scaler.json"
STORE = "activations_store_state.safetensors"
_IN_STORE = "estimated_norm_scaling_factor"


def scale_file(folder: Path) -> Path | None:
    """The file that keeps the number: SAELens' of today, or of before version 6; None without."""
    for name in (SCALER, STORE):
        if (folder / name).exists():
            return folder / name
    return None


def read_scale(path: Path) -> float | None:
    """The number in such a file; None where it was folded already, or never needed.

    Raises:
        UserError: the file is damaged, the number is none above zero, or inputs were whitened.
    """
    if path.name == STORE:
        tensor = read_safetensor(path, _IN_STORE)
        scale: object = None if tensor is None else tensor.item()
    else:
        values = read_json(path)
        if values.get("has_whitening") is True:
            raise UserError(
                "its inputs were whitened, and that was not folded into its weights yet",
                where=str(path),
                todo="Take the SAE that SAELens wrote at the end of training.",
            )
        scale = values.get("scaling_factor")
    if scale is None:
        return None
    if not isinstance(scale, int | float) or not math.isfinite(scale) or scale <= 0:
        raise UserError(
            f"its scaling factor must be a number above zero, not {scale}",
            where=str(path),
            todo="Take the SAE that SAELens wrote at the end of training.",
        )
    return float(scale)


def folded_scale(tensors: Mapping[str, torch.Tensor], scale: float) -> dict[str, torch.Tensor]:
    """Weights that read x and write x_hat as they are; no feature changes.

    `decode(encode(x * scale)) / scale`, as sae-lens' ActivationScaler wraps an SAE.
    """
    changed = {
        "W_enc": tensors["W_enc"] * scale,
        "W_dec": tensors["W_dec"] / scale,
        "b_dec": tensors["b_dec"] / scale,
    }
    return dict(tensors) | changed


def folded_norms(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Features times the norm of their decoder direction, decoded by unit directions.

    What `rescale_acts_by_decoder_norm` does at run time; decoding stays f @ w_dec + b_dec.
    """
    norms = torch.linalg.vector_norm(tensors["W_dec"], dim=1)
    # A direction of no length writes nothing: its feature is 0, and 0 / 0 would be none.
    unit = tensors["W_dec"] / torch.where(norms > 0, norms, torch.ones_like(norms))[:, None]
    changed = {"W_enc": tensors["W_enc"] * norms, "b_enc": tensors["b_enc"] * norms, "W_dec": unit}
    return dict(tensors) | changed
