"""What an SAE tells of itself, which layouts are recognised, and what is refused and why."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UserError
from engine.models.pm import load_pm
from engine.models.sae.load import check_fits, load_sae
from tests.engine.models.sae.tiny import D_IN, D_SAE, write_gated, write_saelens, write_standard
from tests.engine.models.tiny import write_pm

WRITERS: dict[str, Callable[[Path], Path]] = {
    "gated": write_gated,
    "standard": write_standard,
    "saelens-standard": lambda folder: write_saelens(folder, "standard"),
    "topk": lambda folder: write_saelens(folder, "topk"),
}


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_sae(str(path), device="cpu")
    assert caught.value.where is not None
    return str(caught.value)


@pytest.mark.parametrize("layout", sorted(WRITERS))
def test_what_an_sae_tells_of_itself(tmp_path: Path, layout: str) -> None:
    WRITERS[layout](tmp_path / "mine")
    sae = load_sae(str(tmp_path / "mine"), device="cpu")
    assert sae.kind == layout.removeprefix("saelens-")
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
    assert int((sae.encode(x) > 0).sum(dim=-1).max()) <= 5


@pytest.fixture(scope="module")
def topk_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_saelens(tmp_path_factory.mktemp("topk"), "topk")


def test_any_float_dtype_is_read_and_fp32_given(tmp_path: Path) -> None:
    write_gated(tmp_path)
    f = load_sae(str(tmp_path), device="cpu").encode(torch.ones(2, D_IN, dtype=torch.float16))
    assert f.dtype == torch.float32


@pytest.mark.parametrize("write", [write_gated, write_standard])
def test_a_bare_pt_file_is_recognised_by_its_tensors(
    tmp_path: Path, write: Callable[..., Path]
) -> None:
    path = shutil.move(write(tmp_path, config=False), tmp_path / "ae_layer12.pt")
    sae = load_sae(str(path), device="cpu")
    assert (sae.name, sae.hook) == ("ae_layer12", None)


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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"architecture": "jumprelu"}, "'jumprelu' is not supported"),
        ({"architecture": "gated"}, "'gated' is not supported"),
        ({"architecture": ["x\x1b"]}, "is not supported"),
        ({"normalize_activations": "expected_average_only_in"}, "scaled back exactly"),
        ({"normalize_activations": "layer_norm"}, "scaled back exactly"),
        ({"reshape_activations": "hook_z"}, "residual stream"),
        ({"k": 0}, "from 1 to 40"),
        ({"k": 41}, "from 1 to 40"),
        ({"k": "all"}, "from 1 to 40"),
        ({"architecture": "standard", "activation_fn_str": "topk"}, "with activation 'topk'"),
    ],
)
def test_saelens_configs_that_are_refused(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    write_saelens(tmp_path, "topk", change)
    refused = refusal(tmp_path)
    assert said in refused
    assert "cfg.json" in refused
    assert "\x1b" not in refused


def test_an_intermediate_checkpoint_with_scaled_inputs(tmp_path: Path) -> None:
    write_saelens(tmp_path, "topk")
    scaler = tmp_path / "activation_scaler.json"
    scaler.write_text('{"scaling_factor": null}')
    load_sae(str(tmp_path), device="cpu")
    scaler.write_text('{"scaling_factor": 3.5}')
    assert "activation_scaler.json" in refusal(tmp_path)


@pytest.mark.parametrize(
    "keys",
    [
        ("encoder.weight", "encoder.bias", "decoder.weight", "b_dec", "k"),
        ("encoder.weight", "encoder.bias", "decoder.weight", "b_dec", "k", "threshold"),
        ("W_enc", "b_enc", "W_dec", "b_dec", "threshold"),
        ("encoder.weight", "encoder.bias", "decoder.weight", "decoder.bias"),
    ],
    ids=["topk", "batchtopk", "jumprelu", "AutoEncoderNew"],
)
def test_variants_that_are_refused_list_what_is_supported(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    torch.save({key: torch.ones(3, 3) for key in keys}, tmp_path / "ae.pt")
    said = refusal(tmp_path)
    assert "no supported SAE has exactly these tensors" in said
    assert "Supported: gated (GatedAutoEncoder) and standard" in said


def test_a_config_that_contradicts_the_tensors(tmp_path: Path) -> None:
    write_gated(tmp_path)
    (tmp_path / "config.json").write_text('{"trainer": {"dict_class": "BatchTopKSAE"}}')
    assert "says BatchTopKSAE, but the tensors are those of GatedAutoEncoder" in refusal(tmp_path)


def test_an_sae_of_a_modules_input(tmp_path: Path) -> None:
    write_gated(tmp_path)
    (tmp_path / "config.json").write_text('{"buffer": {"io": "in"}}')
    assert "input of a module" in refusal(tmp_path)


@pytest.mark.parametrize("shape", [(D_SAE + 1,), (D_SAE, D_IN + 1), (3, D_IN), (2, 2, 2), ()])
@pytest.mark.parametrize("name", ["encoder.weight", "decoder.weight", "r_mag"])
def test_tensors_that_do_not_fit_each_other(
    tmp_path: Path, name: str, shape: tuple[int, ...]
) -> None:
    path = write_gated(tmp_path)
    tensors = torch.load(path, weights_only=True)
    torch.save(tensors | {name: torch.ones(shape)}, path)
    assert "has shape" in refusal(tmp_path)


@pytest.mark.parametrize("layout", ["gated", "topk"])
def test_nan_is_named(tmp_path: Path, layout: str) -> None:
    WRITERS[layout](tmp_path)
    if layout == "gated":
        tensors = torch.load(tmp_path / "ae.pt", weights_only=True)
        tensors["mag_bias"][3] = float("nan")
        torch.save(tensors, tmp_path / "ae.pt")
        assert "the tensor mag_bias holds NaN" in refusal(tmp_path)
    else:
        path = tmp_path / "sae_weights.safetensors"
        path.write_bytes(path.read_bytes()[:-4] + b"\x00\x00\xc0\x7f")
        assert "holds NaN" in refusal(tmp_path)


def test_damaged_missing_and_foreign_files(tmp_path: Path) -> None:
    assert "no such file or folder" in refusal(tmp_path / "absent")
    assert "there is no SAE in it" in refusal(tmp_path)
    folder = write_saelens(tmp_path / "cut", "topk")
    weights = folder / "sae_weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    assert "no sound safetensors" in refusal(folder)
    weights.unlink()
    assert "sae_weights.safetensors: the file is missing" in refusal(folder)
    (folder / "cfg.json").write_text("[")
    assert "cannot be read as JSON" in refusal(folder)
    (tmp_path / "ae.pt").write_bytes(b"PK")
    assert "ae.pt" in refusal(tmp_path)


class Bomb:
    """Unpickled with code allowed, it leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return (Path.touch, (self.trace,))


def test_a_pickle_with_code_is_refused_unread(tmp_path: Path) -> None:
    torch.save({"r_mag": Bomb(tmp_path / "ran")}, tmp_path / "ae.pt")
    assert "nothing of it was run" in refusal(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_an_sae_must_have_the_pms_width_and_hook_point(tmp_path: Path) -> None:
    write_pm(tmp_path / "pm")
    pm = load_pm(str(tmp_path / "pm"), dtype=torch.float32, device="cpu")
    sae = load_sae(str(write_gated(tmp_path / "sae")), device="cpu")
    with pytest.raises(UserError, match="width 12, but the residual stream of pm is 32 wide"):
        check_fits(sae, pm, "model.layers.1")


def test_hook_points_are_compared_by_what_they_mean(tmp_path: Path) -> None:
    write_pm(tmp_path / "pm")
    pm = load_pm(str(tmp_path / "pm"), dtype=torch.float32, device="cpu")
    folder = tmp_path / "sae"
    for named in ("model.layers.1", "blocks.1.hook_resid_post"):
        write_saelens(folder, "topk", {"metadata": {"hook_name": named}}, width=pm.d_model)
        sae = load_sae(str(folder), device="cpu")
        check_fits(sae, pm, "model.layers.1")
        with pytest.raises(UserError, match=rf"trained at {named}, not at model\.layers\.2"):
            check_fits(sae, pm, "model.layers.2")
    before = {"metadata": {"hook_name": "blocks.1.hook_resid_pre"}}
    write_saelens(folder, "topk", before, width=pm.d_model)
    with pytest.raises(UserError, match="hook_resid_pre"):
        check_fits(load_sae(str(folder), device="cpu"), pm, "model.layers.1")
