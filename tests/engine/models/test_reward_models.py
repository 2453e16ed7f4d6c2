"""PMs in layouts of their own: OpenAssistant's, safe-rlhf's; shards and pickles of any of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.errors import UserError
from engine.models.pm import PreferenceModel, load_pm
from engine.models.tokens import tokenise
from tests.engine.models.reward_models import (
    ModelForScore,
    OpenAssistant,
    shard,
    tiny_backbone,
    write_model_for_score,
    write_openassistant,
)
from tests.engine.models.test_pm import reward
from tests.engine.models.tiny import TEXT, tiny_config, tiny_model, write_hf_ckpt, write_tokenizer

TEXTS = (TEXT, "\n\nHuman: Hi\n\nAssistant: Hello", "x")
MOMENTS = {"mean": torch.tensor([1.5]), "var": torch.tensor([4.0]), "count": torch.tensor([9])}


def load(folder: Path) -> PreferenceModel:
    return load_pm(str(folder), dtype=torch.float32, device="cpu")


def ids(pm: PreferenceModel, text: str) -> torch.Tensor:
    return torch.tensor([tokenise(pm.tokenizer, pm.end_of_text, text, "last-text-token").ids])


def check_equal(pm: PreferenceModel, reference: Callable[[torch.Tensor], torch.Tensor]) -> None:
    rewards = [reward(pm, text) for text in TEXTS]
    expected = [float(reference(ids(pm, text))) for text in TEXTS]
    assert rewards == pytest.approx(expected, abs=1e-5)
    assert max(rewards) - min(rewards) > 0.1


@pytest.mark.parametrize("layout", ["one file", "safetensors", "bin"])
def test_openassistants_gpt_neox_reward_model(tmp_path: Path, layout: str) -> None:
    theirs = write_openassistant(tmp_path)
    if layout != "one file":
        shard(tmp_path, layout)
    pm = load(tmp_path)
    check_equal(pm, theirs.reward)
    assert pm.blocks_path == "gpt_neox.layers"
    # In their padded batches the reward is that of the last token which is no padding.
    text = ids(pm, TEXT)
    mask = torch.nn.functional.pad(torch.ones_like(text), (0, 7))
    padded = torch.nn.functional.pad(text, (0, 7), value=1)
    assert float(theirs.reward(padded, mask)) == pytest.approx(reward(pm, TEXT), abs=1e-5)


def test_openassistants_configs_are_of_an_older_transformers(tmp_path: Path) -> None:
    """The rotary settings under their old names: half of each head turns, with another base."""
    old = {"rotary_pct": 0.5, "rotary_emb_base": 5000, "torch_dtype": "float16"}
    theirs = write_openassistant(tmp_path, old)
    config = json.loads((tmp_path / "config.json").read_text())
    del config["rope_parameters"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    new = tiny_config("gpt_neox")
    rope = {"rope_type": "default", "rope_theta": 5000.0, "partial_rotary_factor": 0.5}
    new.update({"rope_parameters": rope})
    check_equal(load(tmp_path), OpenAssistant(tiny_backbone(new), theirs.out_proj).reward)


def test_a_pooled_reward_is_refused(tmp_path: Path) -> None:
    write_openassistant(tmp_path, {"pooling": "mean"})
    with pytest.raises(UserError, match="pools its hidden states"):
        load(tmp_path)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("layout", ["one file", "safetensors", "bin"])
def test_safe_rlhfs_models_for_scores(tmp_path: Path, layout: str, bias: bool) -> None:
    """Beaver's reward models: a score head, and a normaliser that is there but not used."""
    model, head = write_model_for_score(tmp_path, {"bias": bias, "do_normalize": False}, MOMENTS)
    if layout != "one file":
        shard(tmp_path, layout)
    theirs = ModelForScore(model, head, "identity", MOMENTS["mean"], MOMENTS["var"])
    check_equal(load(tmp_path), theirs.reward)


@pytest.mark.parametrize("in_files", [True, False])
@pytest.mark.parametrize(
    ("score_type", "normalise"),
    [("reward", "affine"), ("cost", "scale"), ("critic", "identity"), (None, "affine")],
)
def test_safe_rlhfs_normaliser_is_honoured(
    tmp_path: Path, score_type: str | None, normalise: str, in_files: bool
) -> None:
    """Its moments come from its buffers, or from the config where the files have none."""
    config: dict[str, object] = {"do_normalize": True, "normalizer_type": "RunningMeanStd"}
    config |= {} if score_type is None else {"score_type": score_type}
    config |= {"mean": [7.0], "var": [9.0]} if in_files else {"mean": [1.5], "var": [4.0]}
    model, head = write_model_for_score(tmp_path, config, MOMENTS if in_files else None)
    theirs = ModelForScore(model, head, normalise, MOMENTS["mean"], MOMENTS["var"])
    check_equal(load(tmp_path), theirs.reward)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"score_type": "vibes"}, "its score_type 'vibes' is unknown"),
        ({"mean": ["x"]}, "the mean that its scores are normalised with is no number"),
        ({"var": [-1.0]}, "the var that its scores are normalised with is no number"),
        ({"var": [float("nan")]}, "the var that"),
        ({"var": [10**400]}, "a whole number is larger than any float"),
    ],
)
def test_a_normaliser_that_makes_no_sense(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    write_model_for_score(tmp_path, {"do_normalize": True} | change)
    with pytest.raises(UserError, match=said):
        load(tmp_path)


def test_a_bias_beside_v_head_is_part_of_the_reward(tmp_path: Path) -> None:
    write_hf_ckpt(tmp_path)
    before = reward(load(tmp_path), TEXT)
    state = torch.load(tmp_path / "hf_ckpt.pt", weights_only=True)
    torch.save(state | {"v_head.bias": torch.tensor([0.75])}, tmp_path / "hf_ckpt.pt")
    assert reward(load(tmp_path), TEXT) == pytest.approx(before + 0.75, abs=1e-5)


def test_a_pickle_of_any_name_is_read_where_it_is_alone(tmp_path: Path) -> None:
    model = tiny_model("llama").requires_grad_(False)
    model.config.save_pretrained(tmp_path)
    write_tokenizer(tmp_path)
    torch.save(model.state_dict(), tmp_path / "rm_final.pt")
    torch.save({}, tmp_path / "training_args.bin")
    pm = load(tmp_path)
    check_equal(pm, lambda ids: model(input_ids=ids).logits)
    torch.save({}, tmp_path / "rm_older.pt")
    with pytest.raises(UserError, match=r"no weights in this folder among rm_final\.pt, rm_older"):
        load(tmp_path)


class Bomb:
    """Unpickled with code allowed, it leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return (Path.touch, (self.trace,))


def test_a_shard_with_code_is_refused_by_name(tmp_path: Path) -> None:
    write_openassistant(tmp_path)
    _, second = shard(tmp_path, "bin")
    state = torch.load(second, weights_only=True)
    torch.save(state | {"x": Bomb(tmp_path / "ran")}, second)
    with pytest.raises(UserError, match="nothing of it was run") as caught:
        load(tmp_path)
    assert caught.value.where == str(second)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["out_proj.weight", "out_proj.bias", "gpt_neox.embed_in.weight"])
def test_nan_is_named_in_any_layout(tmp_path: Path, name: str) -> None:
    write_openassistant(tmp_path)
    path = tmp_path / "model.safetensors"
    state = load_file(path)
    state[name].view(-1)[0] = float("nan")
    save_file(state, path, metadata={"format": "pt"})
    with pytest.raises(UserError, match=rf"the tensor {name} holds NaN"):
        load(tmp_path)


def test_a_head_of_another_width_or_with_several_scores(tmp_path: Path) -> None:
    write_openassistant(tmp_path)
    path = tmp_path / "model.safetensors"
    state = load_file(path)
    save_file(state | {"out_proj.weight": torch.ones(1, 16)}, path, metadata={"format": "pt"})
    with pytest.raises(UserError, match="width 16, its blocks write 32"):
        load(tmp_path)
    save_file(state | {"out_proj.weight": torch.ones(2, 32)}, path, metadata={"format": "pt"})
    with pytest.raises(UserError, match="its head has 2 labels"):
        load(tmp_path)
