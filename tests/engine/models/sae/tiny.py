"""Small random SAEs, written as dictionary_learning and SAELens write them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file

D_IN, D_SAE = 12, 40


def _random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape)


def write_gated(folder: Path, *, config: bool = True) -> Path:
    """dictionary_learning's GatedAutoEncoder; gives back the path of its ae.pt."""
    torch.manual_seed(1)
    tensors = {name: _random(D_SAE) for name in ("r_mag", "gate_bias", "mag_bias")}
    tensors["decoder_bias"] = _random(D_IN)
    return _write_pt(folder, tensors, "GatedAutoEncoder" if config else None)


def write_standard(folder: Path, *, config: bool = True) -> Path:
    """dictionary_learning's AutoEncoder, its decoder directions of any length."""
    torch.manual_seed(2)
    tensors = {"bias": _random(D_IN), "encoder.bias": _random(D_SAE)}
    return _write_pt(folder, tensors, "AutoEncoder" if config else None)


def _write_pt(folder: Path, tensors: dict[str, torch.Tensor], dict_class: str | None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        **tensors,
        "encoder.weight": _random(D_SAE, D_IN),
        "decoder.weight": _random(D_IN, D_SAE),
    }
    torch.save(tensors, folder / "ae.pt")
    if dict_class is not None:
        trainer = {"dict_class": dict_class, "layer": 1, "submodule_name": "model.layers.1"}
        config = {"trainer": trainer, "buffer": {"io": "out"}}
        (folder / "config.json").write_text(json.dumps(config))
    return folder / "ae.pt"


def write_saelens(
    folder: Path,
    architecture: str,
    config: Mapping[str, object] | None = None,
    *,
    width: int = D_IN,
) -> Path:
    """SAELens' layout; `config` goes over the usual cfg.json. Gives back the folder."""
    torch.manual_seed(3)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        "W_enc": _random(width, D_SAE),
        "b_enc": _random(D_SAE),
        "W_dec": _random(D_SAE, width),
        "b_dec": _random(width),
    }
    save_file(tensors, folder / "sae_weights.safetensors")
    usual: dict[str, object] = {
        "architecture": architecture,
        "d_in": width,
        "d_sae": D_SAE,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "reshape_activations": "none",
        "metadata": {"sae_lens_version": "6.54.12", "hook_name": "model.layers.1"},
    }
    if architecture == "topk":
        usual |= {"k": 5, "rescale_acts_by_decoder_norm": False}
    (folder / "cfg.json").write_text(json.dumps(usual | dict(config or {})))
    return folder
