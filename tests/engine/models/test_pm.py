"""A PM is loaded as plain transformers would load it, whatever its architecture and layout."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from engine.errors import UserError
from engine.models.checkpoint import find_checkpoint
from engine.models.pm import PreferenceModel, block_index, load_pm
from engine.models.tokens import tokenise
from tests.engine.models.tiny import (
    BLOCKS,
    BLOCKS_PATHS,
    D_MODEL,
    MAX_TOKENS,
    TEXT,
    write_hf_ckpt,
    write_pm,
)

ARCHITECTURES = sorted(BLOCKS_PATHS)


def reward(pm: PreferenceModel, text: str) -> float:
    """The reward at the last text token, read as the measurement reads it."""
    ids = torch.tensor([tokenise(pm.tokenizer, pm.end_of_text, text, "last-text-token").ids])
    length = ids.shape[1]
    hidden = torch.full((length, length), torch.finfo(pm.dtype).min, dtype=pm.dtype).triu(1)
    states = pm.backbone(
        input_ids=ids,
        attention_mask=hidden[None, None],
        position_ids=torch.arange(length)[None],
        use_cache=False,
    ).last_hidden_state
    return float(pm.head(states[:, -1]))


def plain_reward(model: PreTrainedModel, pm: PreferenceModel, text: str) -> float:
    """The same from the whole model, called as any user of transformers calls it."""
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([pm.tokenizer.encode(text).ids])).logits
    return float(logits)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_rewards_are_those_of_plain_transformers(tmp_path: Path, architecture: str) -> None:
    model = write_pm(tmp_path, architecture)
    pm = load_pm(str(tmp_path), dtype=torch.float32, device="cpu")
    texts = (TEXT, "\n\nHuman: Hi\n\nAssistant: Hello", "x")
    rewards = [reward(pm, text) for text in texts]
    assert rewards == pytest.approx([plain_reward(model, pm, text) for text in texts], abs=1e-5)
    assert max(rewards) - min(rewards) > 0.1


def test_rewards_of_the_real_pm_are_those_of_plain_transformers(
    real_pm: Path, real_pairs: Path
) -> None:
    pm = load_pm(str(real_pm), dtype=torch.float32, device="cpu")
    model = AutoModelForSequenceClassification.from_pretrained(real_pm, dtype=torch.float32)
    with gzip.open(real_pairs, "rt", encoding="utf-8") as lines:
        texts = [text for _ in range(4) for text in json.loads(next(lines)).values()]
    for text in texts:
        assert reward(pm, text) == pytest.approx(plain_reward(model, pm, text), abs=1e-4)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_is_known_of_a_loaded_pm(tmp_path: Path, architecture: str) -> None:
    model = write_pm(tmp_path / "my-pm", architecture)
    pm = load_pm(str(tmp_path / "my-pm"), dtype=torch.float32, device="cpu")
    assert pm.name == "my-pm"
    assert pm.architecture == type(model).__name__
    assert pm.blocks_path == BLOCKS_PATHS[architecture]
    assert (len(pm.blocks), pm.d_model, pm.max_tokens) == (BLOCKS, D_MODEL, MAX_TOKENS)
    assert (pm.end_of_text, pm.dtype, pm.device) == (0, torch.float32, torch.device("cpu"))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_an_additive_mask_hides_tokens_in_every_architecture(
    tmp_path: Path, architecture: str
) -> None:
    """What packing two responses into one sequence rests on: the 4D mask arrives unchanged."""
    write_pm(tmp_path, architecture)
    pm = load_pm(str(tmp_path), dtype=torch.float32, device="cpu")
    ids = torch.randint(1, 300, (1, 30), generator=torch.Generator().manual_seed(1))
    context, chosen, rejected = 12, 10, 8
    positions = torch.cat([torch.arange(22), torch.arange(context, context + rejected)])[None]
    sees = torch.ones(30, 30).tril().bool()
    sees[context + chosen :, context : context + chosen] = False
    mask = torch.zeros(30, 30).masked_fill(~sees, torch.finfo(torch.float32).min)[None, None]

    packed = pm.backbone(
        input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=False
    ).last_hidden_state
    first = pm.backbone(input_ids=ids[:, :22], use_cache=False).last_hidden_state
    other = torch.cat([ids[:, :context], ids[:, 22:]], dim=1)
    second = pm.backbone(input_ids=other, use_cache=False).last_hidden_state
    assert (packed[:, :22] - first).abs().max() < 1e-5
    assert (packed[:, 22:] - second[:, context:]).abs().max() < 1e-5


def test_a_pm_only_infers_and_in_the_dtype_asked_for(tmp_path: Path) -> None:
    write_pm(tmp_path, "gptj")
    path = tmp_path / "model.safetensors"
    halved = {name: tensor.half() for name, tensor in load_file(path).items()}
    save_file(halved, path, metadata={"format": "pt"})
    pm = load_pm(str(tmp_path), dtype=torch.float32, device="cpu")
    parameters = [*pm.backbone.parameters(), *pm.head.parameters()]
    assert {parameter.dtype for parameter in parameters} == {torch.float32}
    assert not any(parameter.requires_grad for parameter in parameters)
    assert not any(module.training for module in pm.backbone.modules())


@pytest.mark.parametrize("pad", [None, -1, 0, 5000])
def test_a_pad_token_decides_nothing(tmp_path: Path, pad: int | None) -> None:
    """Configs lack one, name the end of text, or one that the model does not even have."""
    model = write_pm(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"pad_token_id": pad}))
    pm = load_pm(str(tmp_path), dtype=torch.float32, device="cpu")
    assert reward(pm, TEXT) == pytest.approx(plain_reward(model, pm, TEXT), abs=1e-5)


def test_the_hf_ckpt_layout_is_the_same_model(tmp_path: Path) -> None:
    model = write_hf_ckpt(tmp_path)
    pm = load_pm(str(tmp_path), dtype=torch.float32, device="cpu")
    assert pm.architecture == "GPTJForSequenceClassification"
    assert pm.blocks_path == "transformer.h"
    assert reward(pm, TEXT) == pytest.approx(plain_reward(model, pm, TEXT), abs=1e-5)


def test_weights_in_shards_and_as_a_pickle_of_tensors_are_read(tmp_path: Path) -> None:
    model = write_pm(tmp_path / "shards")
    (tmp_path / "shards" / "model.safetensors").unlink()
    model.save_pretrained(tmp_path / "shards", max_shard_size="50kB")
    assert (tmp_path / "shards" / "model.safetensors.index.json").exists()
    write_pm(tmp_path / "bin")
    (tmp_path / "bin" / "model.safetensors").unlink()
    torch.save(model.state_dict(), tmp_path / "bin" / "pytorch_model.bin")
    for layout in ("shards", "bin"):
        pm = load_pm(str(tmp_path / layout), dtype=torch.float32, device="cpu")
        assert reward(pm, TEXT) == pytest.approx(plain_reward(model, pm, TEXT), abs=1e-5)


def test_hashes_name_the_weights_and_the_tokenizer(tmp_path: Path) -> None:
    model = write_pm(tmp_path)
    before = load_pm(str(tmp_path), dtype=torch.float32, device="cpu")
    again = load_pm(str(tmp_path), dtype=torch.float16, device="cpu")
    with torch.no_grad():
        model.get_parameter("score.weight").mul_(2)
    model.save_pretrained(tmp_path)
    after = load_pm(str(tmp_path), dtype=torch.float32, device="cpu")
    assert before.hash == again.hash != after.hash
    assert len(before.hash) == len(before.tokenizer_hash) == 16
    assert before.tokenizer_hash == after.tokenizer_hash != before.hash


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_hook_point_is_the_output_of_a_block(tmp_path: Path, architecture: str) -> None:
    write_pm(tmp_path, architecture)
    pm = load_pm(str(tmp_path), dtype=torch.float32, device="cpu")
    path = BLOCKS_PATHS[architecture]
    assert [block_index(pm, f"{path}.{n}") for n in range(BLOCKS)] == [0, 1, 2]
    long = f"{path}.{'9' * 5_000}"
    for absent in (
        f"{path}.3",
        f"{path}.-1",
        f"{path}.01",
        f"{path}.²",
        path,
        "layers.1",
        "",
        long,
    ):
        with pytest.raises(UserError, match=rf"{path}\.0 to {path}\.2"):
            block_index(pm, absent)


def test_loading_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_hf_ckpt(tmp_path)
    capfd.readouterr()
    load_pm(str(tmp_path), dtype=torch.float32, device="cpu")
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_the_faces_load_no_torch() -> None:
    program = (
        "import sys, engine.models, engine.models.sae; "
        "print(sorted({'torch', 'transformers', 'tokenizers'} & set(sys.modules)))"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "[]"


def test_what_weights_are_stored_as_is_read_from_either_kind_of_file(tmp_path: Path) -> None:
    """On a CPU they are run in float32 all the same, where nobody asks for less."""
    model = write_pm(tmp_path / "pm").bfloat16()
    model.save_pretrained(tmp_path / "pm")
    assert find_checkpoint(tmp_path / "pm").stored == "bfloat16"
    assert load_pm(str(tmp_path / "pm"), dtype=None, device="cpu").dtype == torch.float32
    write_hf_ckpt(tmp_path / "pt")
    assert find_checkpoint(tmp_path / "pt").stored == "float32"
