"""SAEs in SAELens' layout: a folder with cfg.json and sae_weights.safetensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from engine.canonical import file_hash
from engine.errors import UserError
from engine.models.sae.sae import Sae
from engine.models.sae.shapes import check_shapes, matrix_shape
from engine.models.sae.standard import StandardSae
from engine.models.sae.topk import TopKSae
from engine.models.weights import check_finite, read_json, read_safetensors
from engine.plain import plain

CONFIG = "cfg.json"
WEIGHTS = "sae_weights.safetensors"
_TENSORS = frozenset({"W_enc", "b_enc", "W_dec", "b_dec"})


def read(folder: Path, supported: str, device: torch.device) -> Sae:
    """The SAE of a folder, in fp32 on the device.

    Raises:
        UserError: a file is missing or damaged, the architecture is not supported, the inputs
            would have to be normalised, or a tensor has NaN.
    """
    config_path, path = folder / CONFIG, folder / WEIGHTS
    config = read_json(config_path)
    architecture = config.get("architecture", "standard")
    _check_config(config, architecture, config_path, supported)
    _check_scaler(folder)
    tensors = read_safetensors(path)
    if frozenset(tensors) != _TENSORS:
        keys = plain(", ".join(sorted(tensors)), keep_newlines=False)
        raise UserError(
            f"no supported SAE has exactly these tensors: {keys}", where=str(path), todo=supported
        )
    check_finite(tensors.items(), str(path))
    d_in, d_sae = matrix_shape(tensors, "W_enc", path)
    expected: dict[str, tuple[int, ...]] = {"W_enc": (d_in, d_sae), "b_enc": (d_sae,)}
    check_shapes(tensors, expected | {"W_dec": (d_sae, d_in), "b_dec": (d_in,)}, path)

    tensors = {name: tensor.to(device, torch.float32) for name, tensor in tensors.items()}
    if architecture == "topk" and config.get("rescale_acts_by_decoder_norm") is True:
        tensors = _folded(tensors)
    w_enc, b_enc, w_dec, b_dec = (tensors[name] for name in ("W_enc", "b_enc", "W_dec", "b_dec"))
    name, identity, hook = folder.name, file_hash(config_path, path), _hook(config)
    # SAELens: true where the key is left out.
    centred = config.get("apply_b_dec_to_input", True) is True
    if architecture == "standard":
        return StandardSae(name, identity, hook, w_dec, b_dec, w_enc, b_enc, centred)
    k = config.get("k")
    if not isinstance(k, int) or isinstance(k, bool) or not 0 < k <= d_sae:
        raise UserError(
            f"k must be a whole number from 1 to {d_sae}, not {plain(str(k), keep_newlines=False)}",
            where=str(config_path),
        )
    return TopKSae(name, identity, hook, w_dec, b_dec, w_enc, b_enc, centred, k)


def _check_config(
    config: Mapping[str, object], architecture: object, where: Path, supported: str
) -> None:
    def refuse(what: str, todo: str) -> UserError:
        return UserError(plain(what, keep_newlines=False), where=str(where), todo=todo)

    if architecture not in ("standard", "topk"):
        raise refuse(f"the architecture {architecture!r} is not supported", supported)
    activation = config.get("activation_fn", config.get("activation_fn_str", "relu"))
    if architecture == "standard" and activation != "relu":
        raise refuse(f"a standard SAE with activation {activation!r} is not supported", supported)
    normalise = config.get("normalize_activations", "none")
    if normalise not in ("none", None, False):
        raise refuse(
            f"normalize_activations {normalise!r} is not supported: a spliced residual could not "
            "be scaled back exactly",
            "Fold the normalisation into the weights with SAELens, and save it again.",
        )
    reshape = config.get("reshape_activations", "none")
    if reshape not in ("none", None):
        raise refuse(
            f"reshape_activations {reshape!r} is not supported: it is no SAE of the residual "
            "stream",
            "Take an SAE of a block's output.",
        )


def _check_scaler(folder: Path) -> None:
    # Checkpoints written in the middle of training keep the scale of their inputs beside them.
    scaler = folder / "activation_scaler.json"
    if scaler.exists() and read_json(scaler).get("scaling_factor") not in (None, 1, 1.0):
        raise UserError(
            "an intermediate checkpoint whose inputs were scaled is not supported",
            where=str(scaler),
            todo="Take the SAE that SAELens wrote at the end of training.",
        )


def _folded(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    # Features times the norm of their decoder direction, decoded by unit directions: what
    # rescale_acts_by_decoder_norm does at run time, so that decoding stays f @ w_dec + b_dec.
    norms = torch.linalg.vector_norm(tensors["W_dec"], dim=1)
    return {
        "W_enc": tensors["W_enc"] * norms,
        "b_enc": tensors["b_enc"] * norms,
        "W_dec": tensors["W_dec"] / norms[:, None],
        "b_dec": tensors["b_dec"],
    }


def _hook(config: Mapping[str, object]) -> str | None:
    metadata = config.get("metadata")
    inner = metadata.get("hook_name") if isinstance(metadata, dict) else None
    # The other two: SAELens before version 6, and before version 1.
    named = inner or config.get("hook_name") or config.get("hook_point")
    return named if isinstance(named, str) else None
