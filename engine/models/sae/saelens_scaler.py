"""What stands before and after an SAE of SAELens while it is in training, folded into its weights.

It scales its inputs by one number (`expected_average_only_in`), or whitens them
(`covariance_whitening`), and undoes that on what it writes. SAELens folds both in at the end; a
checkpoint written before that keeps them beside its weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.errors import UserError
from engine.models.weights import check_finite, read_json, read_safetensor

SCALER = "activation_scaler.json"
WHITENING = "activation_whitening.safetensors"
STORE = "activations_store_state.safetensors"
_IN_STORE = "estimated_norm_scaling_factor"
_ANOTHER = "Take the SAE that SAELens wrote at the end of training."


@dataclass(frozen=True, slots=True)
class Whitening:
    """z = (x - mean) @ matrix, and back by x = z @ inverse + mean."""

    mean: torch.Tensor
    """[d_in] float64, as are the two matrices [d_in, d_in]."""
    matrix: torch.Tensor
    inverse: torch.Tensor


@dataclass(frozen=True, slots=True)
class Scaler:
    """What a checkpoint keeps beside its weights; nothing, where training has ended."""

    files: tuple[Path, ...] = ()
    scale: float | None = None
    whitening: Whitening | None = None


def read_scaler(folder: Path, d_in: int) -> Scaler:
    """The files of today's SAELens, or the one of before version 6.

    Raises:
        UserError: a file is damaged, the number is none above zero, or a matrix has another width.
    """
    path = folder / SCALER
    if path.exists():
        values = read_json(path)
        scale = _number(values.get("scaling_factor"), path)
        if values.get("has_whitening") is not True:
            return Scaler((path,), scale)
        return Scaler((path, folder / WHITENING), scale, _whitening(folder / WHITENING, d_in))
    path = folder / STORE
    tensor = read_safetensor(path, _IN_STORE) if path.exists() else None
    return Scaler() if tensor is None else Scaler((path,), _number(tensor.item(), path))


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


def folded_whitening(
    tensors: Mapping[str, torch.Tensor], whitening: Whitening, *, centred: bool
) -> dict[str, torch.Tensor]:
    """The same for whitened inputs; the map is affine, and so is all that comes before a gate."""
    device = tensors["W_enc"].device
    mean = whitening.mean.to(device)
    w_enc = whitening.matrix.to(device) @ tensors["W_enc"].double()
    inverse = whitening.inverse.to(device)
    changed = dict(tensors) | {
        "W_enc": w_enc,
        "W_dec": tensors["W_dec"].double() @ inverse,
        "b_dec": tensors["b_dec"].double() @ inverse + mean,
    }
    if not centred:  # else the new b_dec takes the mean off the input
        shift = mean @ w_enc
        for name in {"b_enc", "b_gate"} & tensors.keys():
            changed[name] = tensors[name].double() - shift
        if "b_mag" in tensors:
            changed["b_mag"] = tensors["b_mag"].double() - shift * tensors["r_mag"].double().exp()
    return {name: tensor.float() for name, tensor in changed.items()}


def folded_norms(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Features times the norm of their decoder direction, decoded by unit directions.

    What `rescale_acts_by_decoder_norm` does at run time; decoding stays f @ w_dec + b_dec.
    """
    norms = torch.linalg.vector_norm(tensors["W_dec"], dim=1)
    # A direction of no length writes nothing: its feature is 0, and 0 / 0 would be none.
    unit = tensors["W_dec"] / torch.where(norms > 0, norms, torch.ones_like(norms))[:, None]
    changed = {"W_enc": tensors["W_enc"] * norms, "b_enc": tensors["b_enc"] * norms, "W_dec": unit}
    return dict(tensors) | changed


def _number(scale: object, path: Path) -> float | None:
    if scale is None:
        return None
    if not isinstance(scale, int | float) or not math.isfinite(scale) or scale <= 0:
        raise UserError(
            f"its scaling factor must be a number above zero, not {scale!r}",
            where=str(path),
            todo=_ANOTHER,
        )
    return float(scale)


def _whitening(path: Path, d_in: int) -> Whitening:
    parts = []
    for name, shape in (
        ("mean", (d_in,)),
        ("matrix", (d_in,) * 2),
        ("inverse_matrix", (d_in,) * 2),
    ):
        tensor = read_safetensor(path, name)
        if tensor is None or tuple(tensor.shape) != shape:
            found = "is missing" if tensor is None else f"has shape {list(tensor.shape)}"
            raise UserError(
                f"the tensor {name} {found}, but the SAE reads vectors of width {d_in}",
                where=str(path),
                todo=_ANOTHER,
            )
        check_finite([(name, tensor)], str(path))
        parts.append(tensor.double())
    return Whitening(*parts)
