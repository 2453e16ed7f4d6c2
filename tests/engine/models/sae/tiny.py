"""Small random SAEs, written as dictionary_learning and SAELens write them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save_file

D_IN, D_SAE = 12, 40
K = 5
DICT_CLASSES = (
    "GatedAutoEncoder",
    "AutoEncoder",
    "AutoEncoderNew",
    "AutoEncoderTopK",
    "BatchTopKSAE",
    "JumpReluAutoEncoder",
    "MatryoshkaBatchTopKSAE",
)
KINDS = ("gated", "standard", "standard", "topk", "batchtopk", "jumprelu", "matryoshka")
"""Of the classes, in their order."""
ARCHITECTURES = ("standard", "gated", "topk", "jumprelu")


def write_dictionary(folder: Path, dict_class: str, *, config: bool = True) -> Path:
    """One of dictionary_learning's classes, its decoder directions of any length; gives ae.pt."""
    torch.manual_seed(1)
    tensors = _dictionary(dict_class)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(tensors, folder / "ae.pt")
    if config:
        trainer: dict[str, object] = {"dict_class": dict_class, "submodule_name": "model.layers.1"}
        trainer |= {"activation_dim": D_IN, "dict_size": D_SAE}
        if "k" in tensors:
            trainer["k"] = K
        values = {"trainer": trainer, "buffer": {"io": "out"}}
        (folder / "config.json").write_text(json.dumps(values))
    return folder / "ae.pt"


def _dictionary(dict_class: str) -> dict[str, torch.Tensor]:
    biases = {"encoder.bias": torch.randn(D_SAE)}
    weights = {
        "encoder.weight": torch.randn(D_SAE, D_IN),
        "decoder.weight": torch.randn(D_IN, D_SAE),
    }
    one_cut = {"k": torch.tensor(K, dtype=torch.int), "threshold": torch.tensor(1.5)}
    match dict_class:
        case "GatedAutoEncoder":
            rest = {name: torch.randn(D_SAE) for name in ("r_mag", "gate_bias", "mag_bias")}
            return weights | rest | {"decoder_bias": torch.randn(D_IN)}
        case "AutoEncoder":
            return weights | biases | {"bias": torch.randn(D_IN)}
        case "AutoEncoderNew":
            return weights | biases | {"decoder.bias": torch.randn(D_IN)}
        case "AutoEncoderTopK" | "BatchTopKSAE":
            return weights | biases | {"b_dec": torch.randn(D_IN)} | one_cut
    matrices = {"W_enc": torch.randn(D_IN, D_SAE), "W_dec": torch.randn(D_SAE, D_IN)}
    matrices |= {"b_enc": torch.randn(D_SAE), "b_dec": torch.randn(D_IN)}
    if dict_class == "JumpReluAutoEncoder":
        return matrices | {"threshold": torch.randn(D_SAE)}
    assert dict_class == "MatryoshkaBatchTopKSAE"
    return matrices | one_cut | {"group_sizes": torch.tensor([8, 12, 20])}


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
        "W_enc": torch.randn(width, D_SAE),
        "W_dec": torch.randn(D_SAE, width),
        "b_dec": torch.randn(width),
    }
    biases = {"gated": ("b_gate", "b_mag", "r_mag"), "jumprelu": ("b_enc", "threshold")}
    tensors |= {name: torch.randn(D_SAE) for name in biases.get(architecture, ("b_enc",))}
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
        usual |= {"k": K, "rescale_acts_by_decoder_norm": False}
    (folder / "cfg.json").write_text(json.dumps(usual | dict(config or {})))
    return folder


def write_whitening(folder: Path) -> None:
    """The matrices that a checkpoint of SAELens keeps while its inputs are whitened."""
    torch.manual_seed(6)
    matrix = torch.randn(D_IN, D_IN, dtype=torch.float64)
    tensors = {"mean": torch.randn(D_IN, dtype=torch.float64), "matrix": matrix}
    tensors["inverse_matrix"] = torch.linalg.inv(matrix).contiguous()
    save_file(tensors, folder / "activation_whitening.safetensors")
    values = {"scaling_factor": None, "has_whitening": True}
    (folder / "activation_scaler.json").write_text(json.dumps(values))


def write_gated(folder: Path) -> Path:
    return write_dictionary(folder, "GatedAutoEncoder")


def change_tensors(folder: Path, change: dict[str, torch.Tensor]) -> None:
    """Put other tensors into the ae.pt of a folder."""
    tensors = torch.load(folder / "ae.pt", weights_only=True)
    torch.save(tensors | change, folder / "ae.pt")


WRITERS: Mapping[str, Callable[[Path], Path]] = {
    dict_class: partial(write_dictionary, dict_class=dict_class) for dict_class in DICT_CLASSES
} | {
    f"saelens-{architecture}": partial(write_saelens, architecture=architecture)
    for architecture in ARCHITECTURES
}
"""Everything that can be read, by a name of its own."""
