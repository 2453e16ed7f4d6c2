"""What an SAE tells of itself, and which layouts of which versions are recognised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from engine.models.sae.jumprelu import JumpReluSae
from engine.models.sae.load import load_sae
from tests.engine.models.sae.tiny import (
    D_IN,
    D_SAE,
    DICT_CLASSES,
    KINDS,
    WRITERS,
    K,
    write_dictionary,
    write_gated,
    write_saelens,
)


@pytest.mark.parametrize("layout", sorted(WRITERS))
def test_what_an_sae_tells_of_itself(tmp_path: Path, layout: str) -> None:
    WRITERS[layout](tmp_path / "mine")
    sae = load_sae(str(tmp_path / "mine"), device="cpu")
    kinds = dict(zip(DICT_CLASSES, KINDS, strict=True))
    assert sae.kind == kinds.get(layout, layout.removeprefix("saelens-"))
    assert (sae.name, sae.hook) == ("mine", "model.layers.1")
    assert (sae.d_in, sae.d_sae) == (D_IN, D_SAE)
    assert sae.w_dec.shape == (D_SAE, D_IN)
    assert torch.equal(sae.decoder_norms, sae.w_dec.norm(dim=1))
    assert len(sae.hash) == 16


@pytest.mark.parametrize("layout", sorted(WRITERS))
def test_setting_a_feature_to_zero_takes_its_direction_out(tmp_path: Path, layout: str) -> None:
    WRITERS[layout](tmp_path)
    sae = load_sae(str(tmp_path), device="cpu")
    f = sae.encode(torch.randn(5, D_IN, generator=torch.Generator().manual_seed(3)))
    assert (f >= 0).all()
    strongest = int(f.sum(dim=0).argmax())
    without = f.clone()
    without[:, strongest] = 0
    difference = sae.decode(f) - sae.decode(without)
    torch.testing.assert_close(difference, f[:, [strongest]] * sae.w_dec[strongest])


@given(scale=st.floats(0, 100), seed=st.integers(0, 1000))
def test_at_most_k_features_fire(topk_folder: Path, scale: float, seed: int) -> None:
    sae = load_sae(str(topk_folder), device="cpu")
    x = scale * torch.randn(3, D_IN, generator=torch.Generator().manual_seed(seed))
    assert int((sae.encode(x) > 0).sum(dim=-1).max()) <= K


@pytest.fixture(scope="module")
def topk_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_saelens(tmp_path_factory.mktemp("topk"), "topk")


def test_any_float_dtype_is_read_and_fp32_given(tmp_path: Path) -> None:
    write_gated(tmp_path)
    f = load_sae(str(tmp_path), device="cpu").encode(torch.ones(2, D_IN, dtype=torch.float16))
    assert f.dtype == torch.float32


@pytest.mark.parametrize(
    ("dict_class", "kind"),
    [
        (dict_class, kind)
        for dict_class, kind in zip(DICT_CLASSES, KINDS, strict=True)
        if kind not in ("topk", "batchtopk")
    ],
)
def test_a_bare_pt_file_is_recognised_by_its_tensors(
    tmp_path: Path, dict_class: str, kind: str
) -> None:
    path = write_dictionary(tmp_path, dict_class, config=False)
    path.rename(tmp_path / "ae_layer12.pt")
    sae = load_sae(str(tmp_path / "ae_layer12.pt"), device="cpu")
    assert (sae.kind, sae.name, sae.hook) == (kind, "ae_layer12", None)


def test_a_topk_of_before_there_was_a_threshold(tmp_path: Path) -> None:
    path = write_dictionary(tmp_path, "AutoEncoderTopK", config=False)
    tensors = torch.load(path, weights_only=True)
    del tensors["threshold"]
    torch.save(tensors, path)
    assert load_sae(str(tmp_path), device="cpu").kind == "topk"


def test_the_hash_changes_with_weights_and_config(tmp_path: Path) -> None:
    path = write_gated(tmp_path)
    first = load_sae(str(tmp_path), device="cpu").hash
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"note": 1}))
    second = load_sae(str(tmp_path), device="cpu").hash
    tensors = torch.load(path, weights_only=True)
    tensors["r_mag"] += 1
    torch.save(tensors, path)
    assert len({first, second, load_sae(str(tmp_path), device="cpu").hash}) == 3


def test_a_checkpoint_of_before_version_6_keeps_its_scale_elsewhere(tmp_path: Path) -> None:
    config = {"normalize_activations": "expected_average_only_in"}
    folder = write_saelens(tmp_path, "standard", config)
    (folder / "activation_scaler.json").write_text('{"scaling_factor": 0.5}')
    x = torch.randn(3, D_IN, generator=torch.Generator().manual_seed(3))
    expected = load_sae(str(folder), device="cpu").encode(x)
    (folder / "activation_scaler.json").unlink()
    state = {
        "estimated_norm_scaling_factor": torch.tensor(0.5),
        "n_dataset_processed": torch.ones(1),
    }
    save_file(state, folder / "activations_store_state.safetensors")
    torch.testing.assert_close(load_sae(str(folder), device="cpu").encode(x), expected)


def test_a_config_of_before_version_6(tmp_path: Path) -> None:
    folder = write_saelens(tmp_path, "topk")
    config = json.loads((folder / "cfg.json").read_text())
    for key in ("architecture", "k", "metadata"):
        del config[key]
    config |= {"activation_fn_str": "topk", "activation_fn_kwargs": {"k": K}}
    config |= {"hook_name": "blocks.1.hook_resid_post", "normalize_activations": False}
    (folder / "cfg.json").write_text(json.dumps(config))
    sae = load_sae(str(folder), device="cpu")
    assert (sae.kind, sae.hook) == ("topk", "blocks.1.hook_resid_post")


def test_the_logarithm_of_a_threshold(tmp_path: Path) -> None:
    folder = write_saelens(tmp_path, "jumprelu")
    path = folder / "sae_weights.safetensors"
    tensors = load_file(path)
    tensors["log_threshold"] = tensors.pop("threshold")
    save_file(tensors, path)
    sae = load_sae(str(folder), device="cpu")
    assert isinstance(sae, JumpReluSae)
    torch.testing.assert_close(sae.threshold, tensors["log_threshold"].exp())
