"""SAEs in SAELens' layout: a folder with cfg.json and sae_weights.safetensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch

from engine.canonical import file_hash
from engine.errors import UserError
from engine.models.sae.gated import GatedSae
from engine.models.sae.jumprelu import JumpReluSae
from engine.models.sae.sae import Sae
from engine.models.sae.saelens_config import SaeLensConfig, parse
from engine.models.sae.saelens_scaler import (
    Scaler,
    folded_norms,
    folded_scale,
    folded_whitening,
    read_scaler,
)
from engine.models.sae.shapes import (
    Sizes,
    as_float,
    check_k,
    check_stated,
    unknown_tensors,
    widths,
)
from engine.models.sae.standard import StandardSae
from engine.models.sae.topk import TopKSae
from engine.models.weights import read_json, read_safetensors

CONFIG = "cfg.json"
WEIGHTS = "sae_weights.safetensors"
_DECODER = {"W_enc": "is", "W_dec": "si", "b_dec": "i"}
_SIZES: dict[str, Sizes] = {
    "standard": _DECODER | {"b_enc": "s"},
    "topk": _DECODER | {"b_enc": "s"},
    "gated": _DECODER | dict.fromkeys(("b_gate", "b_mag", "r_mag"), "s"),
    "jumprelu": _DECODER | dict.fromkeys(("b_enc", "threshold"), "s"),
}


def read(folder: Path, supported: str, device: torch.device) -> Sae:
    """The SAE of a folder, in fp32 on the device, reading x and writing x_hat as they are.

    Raises:
        UserError: a file is missing or damaged, the architecture is not supported, what its
            inputs are scaled by is missing, or a tensor has NaN.
    """
    config_path, path = folder / CONFIG, folder / WEIGHTS
    written = read_json(config_path)
    config = parse(written, config_path, supported)
    tensors = _renamed(read_safetensors(path))
    sizes = _SIZES[config.architecture]
    if tensors.keys() != sizes.keys():
        raise unknown_tensors(tensors, path, supported)
    known = widths(tensors, sizes, "W_enc", path)
    check_stated(written.get("d_in"), known["i"], "d_in", config_path)
    check_stated(written.get("d_sae"), known["s"], "d_sae", config_path)
    values = as_float(tensors, path, device)
    if config.architecture == "topk" and config.by_decoder_norm:
        values = folded_norms(values)
    scaler = read_scaler(folder, known["i"])
    _check_scaler(scaler, config, config_path)
    files = [config_path, path]
    if config.inputs != "as they are":
        files += scaler.files
    if scaler.scale is not None:
        values = folded_scale(values, scaler.scale)
    if scaler.whitening is not None:
        values = folded_whitening(values, scaler.whitening, centred=config.centred)
    return replace(
        _build(folder.name, file_hash(*files), config, values, config_path), norm=config.norm
    )


def _build(
    name: str,
    identity: str,
    config: SaeLensConfig,
    values: Mapping[str, torch.Tensor],
    where: Path,
) -> Sae:
    hook, centred = config.hook, config.centred
    w_enc, w_dec, b_dec = values["W_enc"], values["W_dec"], values["b_dec"]
    if config.architecture == "gated":
        r_mag, gate, mag = (values[part] for part in ("r_mag", "b_gate", "b_mag"))
        return GatedSae(name, identity, hook, w_dec, b_dec, w_enc, r_mag, gate, mag, centred)
    b_enc = values["b_enc"]
    if config.architecture == "standard":
        return StandardSae(name, identity, hook, w_dec, b_dec, w_enc, b_enc, centred)
    if config.architecture == "topk":
        k = check_k(config.k, w_dec.shape[0], where)
        return TopKSae(name, identity, hook, w_dec, b_dec, w_enc, b_enc, centred, k)
    threshold = values["threshold"]
    return JumpReluSae(name, identity, hook, w_dec, b_dec, w_enc, b_enc, centred, threshold)


def _renamed(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    # Checkpoints of older versions: the threshold's logarithm, and a scale of ones that was
    # written for a while and never read.
    renamed = dict(tensors)
    if "log_threshold" in renamed:
        renamed["threshold"] = renamed.pop("log_threshold").exp()
    scale = renamed.get("scaling_factor")
    if scale is not None and bool((scale == 1).all()):
        del renamed["scaling_factor"]
    return renamed


def _check_scaler(scaler: Scaler, config: SaeLensConfig, where: Path) -> None:
    if config.inputs == "scaled" and scaler.scale is None:
        raise UserError(
            "its inputs must be scaled by a number that is in none of its files "
            "(normalize_activations is expected_average_only_in)",
            where=str(where),
            todo="Put activation_scaler.json of the checkpoint beside it, or fold the number in "
            "with SAELens (fold_activation_norm_scaling_factor).",
        )
    if config.inputs == "whitened" and scaler.whitening is None:
        raise UserError(
            "its inputs must be whitened by matrices that are in none of its files "
            "(normalize_activations is covariance_whitening)",
            where=str(where),
            todo="Put activation_scaler.json and activation_whitening.safetensors of the "
            "checkpoint beside it.",
        )
    scales = scaler.scale not in (None, 1.0) and config.inputs != "scaled"
    if scales or (scaler.whitening is not None and config.inputs != "whitened"):
        raise UserError(
            "it changes its inputs, but the config says they are read as they are",
            where=str(scaler.files[0]),
            todo="Config and scaler are of different checkpoints; take both from the same folder.",
        )
