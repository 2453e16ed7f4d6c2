"""An SAE that cannot be used is refused by name, with the reason and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.errors import UserError
from engine.models.pm import load_pm
from engine.models.sae.load import check_fits, hook_on, load_sae
from tests.engine.models.sae.tiny import (
    D_IN,
    D_SAE,
    WRITERS,
    change_tensors,
    write_dictionary,
    write_gated,
    write_saelens,
    write_whitening,
)
from tests.engine.models.tiny import write_pm


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_sae(str(path), device="cpu")
    assert caught.value.where is not None
    return str(caught.value)


@pytest.mark.parametrize("dict_class", ["BatchTopKSAE", "MatryoshkaBatchTopKSAE"])
def test_a_threshold_that_training_never_estimated(tmp_path: Path, dict_class: str) -> None:
    write_dictionary(tmp_path, dict_class)
    change_tensors(tmp_path, {"threshold": torch.tensor(-1.0)})
    assert "its threshold was never estimated (it is -1)" in refusal(tmp_path)


def test_a_k_and_groups_that_contradict_the_rest(tmp_path: Path) -> None:
    write_dictionary(tmp_path, "MatryoshkaBatchTopKSAE")
    change_tensors(tmp_path, {"group_sizes": torch.tensor([8, 12])})
    assert "group_sizes [8, 12] do not add up to its 40 features" in refusal(tmp_path)
    change_tensors(tmp_path, {"k": torch.tensor(7)})
    assert "it says k 5, but the tensors have 7" in refusal(tmp_path)
    change_tensors(tmp_path, {"k": torch.tensor(-1)})
    assert "k must be a whole number from 1 to 40" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"architecture": "transcoder"}, "maps the input of a module to its output"),
        ({"architecture": "skip_transcoder"}, "maps the input of a module to its output"),
        ({"architecture": "jumprelu_skip_transcoder"}, "maps the input of a module"),
        ({"metadata": {"hook_name_out": "blocks.1.hook_mlp_out"}}, "it is a transcoder"),
        ({"architecture": "crosscoder"}, "reads several layers at once"),
        ({"output_scale": 2.0}, "its config says output_scale, which is not known here"),
        ({"architecture": "batchtopk"}, "writes a finished one as jumprelu"),
        ({"architecture": "abstopk"}, "may be negative"),
        ({"architecture": "temporal"}, "the tokens before"),
        ({"architecture": "matching_pursuit"}, "one after the other"),
        ({"architecture": "l0rdtrunc"}, "'l0rdtrunc' is not supported"),
        ({"architecture": ["x\x1b"]}, "is not supported"),
        ({"normalize_activations": "median"}, "'median' is not known"),
        ({"normalize_activations": "covariance_whitening"}, "in none of its files"),
        ({"reshape_activations": "hook_z"}, "residual stream"),
        ({"metadata": {"hook_name": "blocks.1.attn.hook_z"}}, "attention heads"),
        ({"metadata": {"hook_head_index": 3}}, "attention heads"),
        ({"d_in": 24}, "it says d_in 24, but the tensors have 12"),
        ({"d_sae": 24}, "it says d_sae 24, but the tensors have 40"),
        ({"apply_b_dec_to_input": "False"}, "must be true or false, not 'False'"),
        ({"rescale_acts_by_decoder_norm": None}, "must be true or false, not None"),
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


def test_a_checkpoint_whose_scale_is_missing_or_contradicts_its_config(tmp_path: Path) -> None:
    write_saelens(tmp_path, "topk", {"normalize_activations": "expected_average_only_in"})
    assert "a number that is in none of its files" in refusal(tmp_path)
    scaler = tmp_path / "activation_scaler.json"
    hashes = set()
    for scale in (1.0, 3.5):
        scaler.write_text(json.dumps({"scaling_factor": scale}))
        hashes.add(load_sae(str(tmp_path), device="cpu").hash)
    assert len(hashes) == 2
    for bad in ("null", "NaN", "0", '"much"', "9" * 400):
        scaler.write_text(f'{{"scaling_factor": {bad}}}')
        assert "cfg.json" in refusal(tmp_path) or "activation_scaler.json" in refusal(tmp_path)
    write_saelens(tmp_path, "topk")
    scaler.write_text('{"scaling_factor": null}')
    load_sae(str(tmp_path), device="cpu")
    scaler.write_text('{"scaling_factor": 3.5}')
    assert "activation_scaler.json: it changes its inputs, but the config says" in refusal(tmp_path)


def test_whitening_matrices_that_are_missing_contradict_or_do_not_fit(tmp_path: Path) -> None:
    write_saelens(tmp_path, "topk", {"normalize_activations": "covariance_whitening"})
    write_whitening(tmp_path)
    load_sae(str(tmp_path), device="cpu")
    path = tmp_path / "activation_whitening.safetensors"
    tensors = load_file(path)
    save_file(tensors | {"matrix": torch.eye(3)}, path)
    assert "the tensor matrix has shape [3, 3], but the SAE reads vectors" in refusal(tmp_path)
    save_file(tensors | {"mean": torch.full((D_IN,), float("nan"))}, path)
    assert "the tensor mean holds NaN" in refusal(tmp_path)
    path.unlink()
    assert "activation_whitening.safetensors: the file is missing" in refusal(tmp_path)
    write_saelens(tmp_path, "topk")
    write_whitening(tmp_path)
    assert "it changes its inputs" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        (("W_enc", "b_enc", "W_dec", "b_dec"), "no supported SAE has exactly these tensors"),
        (("encoder.weight", "encoder.bias", "decoder.weight", "W_skip"), "transcoder"),
        (("weights\x1b[2J",), "no supported SAE has exactly these tensors"),
        ((), "no supported SAE has exactly these tensors"),
    ],
)
def test_unknown_tensors_list_what_is_supported(
    tmp_path: Path, keys: tuple[str, ...], why: str
) -> None:
    torch.save({key: torch.ones(3, 3) for key in keys}, tmp_path / "ae.pt")
    said = refusal(tmp_path)
    assert why in said
    assert "MatryoshkaBatchTopKSAE" in said
    assert "\x1b" not in said


def test_unknown_tensors_in_saelens_layout(tmp_path: Path) -> None:
    folder = write_saelens(tmp_path, "standard")
    path = folder / "sae_weights.safetensors"
    tensors = load_file(path)
    save_file(tensors | {"W_skip": torch.ones(D_IN, D_IN)}, path)
    assert "a transcoder with a skip connection" in refusal(folder)
    save_file(tensors | {"scaling_factor": torch.full((D_SAE,), 2.0)}, path)
    assert "no supported SAE has exactly these tensors" in refusal(folder)
    save_file(tensors | {"scaling_factor": torch.ones(D_SAE)}, path)
    load_sae(str(folder), device="cpu")


def test_a_crosscoder_has_a_matrix_for_each_layer(tmp_path: Path) -> None:
    keys = ("encoder.weight", "encoder.bias", "decoder.weight", "decoder.bias")
    torch.save({key: torch.ones(2, D_IN, D_SAE) for key in keys}, tmp_path / "ae.pt")
    assert "it is a crosscoder" in refusal(tmp_path)


def test_a_transcoder_writes_at_another_width_or_place_than_it_reads(tmp_path: Path) -> None:
    write_gated(tmp_path)
    (tmp_path / "config.json").write_text('{"buffer": {"io": "in_and_out"}}')
    assert "it is a transcoder" in refusal(tmp_path)
    (tmp_path / "config.json").unlink()
    change_tensors(tmp_path, {"decoder.weight": torch.ones(D_IN + 4, D_SAE)})
    assert "decoder.weight has shape [16, 40], but the others make it [12, 40]" in refusal(tmp_path)


@pytest.mark.parametrize("dict_class", ["JumpReluAutoEncoder", "MatryoshkaBatchTopKSAE"])
def test_matrices_stored_the_other_way_round(tmp_path: Path, dict_class: str) -> None:
    path = write_dictionary(tmp_path, dict_class)
    tensors = torch.load(path, weights_only=True)
    change_tensors(tmp_path, {"W_enc": tensors["W_enc"].T, "W_dec": tensors["W_dec"].T})
    assert "has shape" in refusal(tmp_path)


def test_widths_that_the_config_states_otherwise(tmp_path: Path) -> None:
    write_gated(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["trainer"]["dict_size"] = 80
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert "it says dict_size 80, but the tensors have 40" in refusal(tmp_path)


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


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("layout", sorted(WRITERS))
def test_nan_and_infinity_are_named_in_every_tensor(
    tmp_path: Path, layout: str, bad: float
) -> None:
    WRITERS[layout](tmp_path)
    in_pt = (tmp_path / "ae.pt").exists()
    path = tmp_path / ("ae.pt" if in_pt else "sae_weights.safetensors")
    sound = torch.load(path, weights_only=True) if in_pt else load_file(path)
    for name, tensor in sound.items():
        if tensor.is_floating_point():
            spoilt = tensor.clone()
            spoilt.view(-1)[-1] = bad
            changed = sound | {name: spoilt}
            torch.save(changed, path) if in_pt else save_file(changed, path)
            assert f"the tensor {name} holds NaN or infinity" in refusal(tmp_path)


def test_numbers_that_overflow_here_are_named_too(tmp_path: Path) -> None:
    write_gated(tmp_path)
    change_tensors(tmp_path, {"mag_bias": torch.full((D_SAE,), 1e300, dtype=torch.float64)})
    assert "the tensor mag_bias holds NaN or infinity (as float32)" in refusal(tmp_path)
    write_gated(tmp_path)
    change_tensors(tmp_path, {"r_mag": torch.full((D_SAE,), 100.0)})
    assert "the tensor exp(r_mag) holds" in refusal(tmp_path)


def test_damaged_missing_and_foreign_files(tmp_path: Path) -> None:
    assert "no such file or folder" in refusal(tmp_path / "absent")
    assert "no such file or folder" in refusal(tmp_path / ("too-long" * 40))
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
    for named in ("model.layers.1", "blocks.1.hook_resid_post", "blocks.2.hook_resid_pre"):
        write_saelens(folder, "topk", {"metadata": {"hook_name": named}}, width=pm.d_model)
        sae = load_sae(str(folder), device="cpu")
        check_fits(sae, pm, "model.layers.1")
        assert hook_on(sae, pm) == "model.layers.1"
        with pytest.raises(
            UserError, match=rf"trained at {named}, not at model\.layers\.2"
        ) as told:
            check_fits(sae, pm, "model.layers.2")
        assert "--hook model.layers.1" in str(told.value)
    long = f"blocks.{'9' * 5_000}.hook_resid_post"
    nowhere = ("blocks.1.hook_resid_pre", "blocks.0.hook_resid_pre", "blocks.1.hook_mlp_out")
    for other in (long, *nowhere):
        write_saelens(folder, "topk", {"metadata": {"hook_name": other}}, width=pm.d_model)
        with pytest.raises(UserError, match=other):
            check_fits(load_sae(str(folder), device="cpu"), pm, "model.layers.1")
    # Nothing can be asked of it: this one reads no block's output.
    with pytest.raises(UserError, match=r"Take an SAE of the hook point that you name"):
        check_fits(load_sae(str(folder), device="cpu"), pm, "model.layers.1")


def test_topk_and_batch_topk_share_their_tensors_and_the_config_must_say_which(
    tmp_path: Path,
) -> None:
    write_dictionary(tmp_path, "AutoEncoderTopK", config=False)
    said = refusal(tmp_path)
    assert "AutoEncoderTopK or BatchTopKSAE, which compute different features" in said
    assert "dict_class" in said
    for dict_class, kind in (("AutoEncoderTopK", "topk"), ("BatchTopKSAE", "batchtopk")):
        config = {"trainer": {"dict_class": dict_class}}
        (tmp_path / "config.json").write_text(json.dumps(config))
        assert load_sae(str(tmp_path), device="cpu").kind == kind
