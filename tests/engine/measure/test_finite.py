"""Finite weights do not make what a model computes finite: no such figure is stored or shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.errors import UserError
from engine.measure.base import gradient_of_margin, measure
from engine.measure.instrument import Instrument
from engine.models.pm import load_pm
from engine.models.sae.load import load_sae
from tests.engine.measure.tiny import hook_of, pair, write_sae
from tests.engine.models.tiny import write_pm

SOME = pair(" I don't know.", " A poet did.")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pm(tmp_path / "pm")
    write_sae(tmp_path / "sae", "llama")
    return tmp_path


def refusal(folder: Path, dtype: torch.dtype = torch.float32) -> str:
    """What is said of the first pair that is measured."""
    pm = load_pm(str(folder / "pm"), dtype=dtype, device="cpu")
    sae = load_sae(str(folder / "sae"), device="cpu")
    hook = hook_of("llama")
    reads = Instrument(pm, sae, hook=hook, readout="last-text-token", positions="all")
    with pytest.raises(UserError) as caught:
        view = reads.view([reads.prepare(SOME)])
        measure(reads, view, gradient_of_margin(reads, view))
    return str(caught.value)


def test_half_precision_that_overflows_is_told_by_block(folder: Path) -> None:
    path = folder / "pm" / "model.safetensors"
    tensors = load_file(path)
    weight = tensors["model.layers.1.mlp.down_proj.weight"]
    weight *= 60_000 / weight.abs().max()  # float16 holds 65,504 at most
    save_file(tensors, path, metadata={"format": "pt"})
    said = refusal(folder, torch.float16)
    assert said.startswith("pm: model.layers.1 writes NaN or infinity, computed in float16")
    assert "--dtype bfloat16 or float32" in said


def test_a_config_may_hold_nan(folder: Path) -> None:
    path = folder / "pm" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"rms_norm_eps": float("nan")}))
    said = refusal(folder)
    assert "model.layers.0 writes NaN or infinity, computed in float32" in said
    assert "--dtype" not in said


def test_an_sae_that_overflows_is_named(folder: Path) -> None:
    path = folder / "sae" / "ae.pt"
    tensors = torch.load(path, weights_only=True)
    torch.save(tensors | {"decoder.weight": tensors["decoder.weight"] * 1e38}, path)
    assert "sae: the reconstruction of this gated SAE holds NaN or infinity" in refusal(folder)


def test_a_reconstruction_that_half_precision_cannot_hold(folder: Path) -> None:
    """It is finite in float32; put in the place of the residual stream it is not."""
    path = folder / "sae" / "ae.pt"
    tensors = torch.load(path, weights_only=True)
    torch.save(tensors | {"decoder_bias": tensors["decoder_bias"] + 1e6}, path)
    said = refusal(folder, torch.float16)
    assert "what takes the place of model.layers.1's output is NaN or infinity" in said
