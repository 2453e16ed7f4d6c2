"""A stand-in for the Hugging Face hub: its own cache folder, filled with tiny models by hand.

Offline, huggingface_hub looks there and nowhere else (HF_HUB_CACHE, HF_HUB_OFFLINE).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch
from safetensors.torch import save_file
from transformers import AutoModelForSequenceClassification, PreTrainedConfig, PreTrainedModel

from tests.engine.models.tiny import D_MODEL, tiny_config, write_tokenizer

_COMMIT = "0" * 40


def repository(hub: Path, name: str) -> Path:
    """The folder in which the files of a repository stand."""
    folder = hub / f"models--{name.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True, exist_ok=True)
    (folder / "refs" / "main").write_text(_COMMIT)
    snapshot = folder / "snapshots" / _COMMIT
    snapshot.mkdir(parents=True, exist_ok=True)
    return snapshot


def write_deep_pm(folder: Path, architecture: str, blocks: int) -> None:
    """A PM of the class and depth that a preset speaks of, 32 wide."""
    torch.manual_seed(0)
    config = tiny_config(architecture)
    config.num_hidden_layers = blocks
    build = cast(
        "Callable[[PreTrainedConfig], PreTrainedModel]",
        AutoModelForSequenceClassification.from_config,
    )
    model = build(config)
    model.save_pretrained(folder)
    write_tokenizer(folder)


def gated_tensors(d_sae: int) -> dict[str, torch.Tensor]:
    """Gated SAEs of the original PM: keys and shapes of `ae_layer12.pt`."""
    generator = torch.Generator().manual_seed(1)

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    return {
        "decoder_bias": 0.1 * random(D_MODEL),
        "r_mag": 0.1 * random(d_sae),
        "gate_bias": random(d_sae) - 1,
        "mag_bias": 0.1 * random(d_sae),
        "encoder.weight": random(d_sae, D_MODEL) / D_MODEL**0.5,
        "decoder.weight": random(D_MODEL, d_sae) / D_MODEL**0.5,
    }


def write_saelens_gated(folder: Path, hook: str) -> None:
    """A gated SAE as SAELens writes one that scaled its inputs, which was folded into it."""
    tensors = gated_tensors(64)
    folder.mkdir(parents=True)
    save_file(
        {
            "W_enc": tensors["encoder.weight"].T.contiguous(),
            "W_dec": tensors["decoder.weight"].T.contiguous(),
            "b_dec": tensors["decoder_bias"],
            "b_gate": tensors["gate_bias"],
            "b_mag": tensors["mag_bias"],
            "r_mag": tensors["r_mag"],
        },
        folder / "sae_weights.safetensors",
    )
    config = {
        "architecture": "gated",
        "d_in": D_MODEL,
        "d_sae": 64,
        "apply_b_dec_to_input": False,
        "normalize_activations": "none",
        "metadata": {"hook_name": hook},
    }
    (folder / "cfg.json").write_text(json.dumps(config))
