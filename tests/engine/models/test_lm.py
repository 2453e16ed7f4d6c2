"""Language models that load, and what is refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.errors import UserError
from engine.models.lm import LanguageModel, find_lm, load_lm
from tests.engine.models.tiny import D_MODEL, MAX_TOKENS, write_pm
from tests.engine.models.tiny_lm import write_lm


def load(folder: Path) -> LanguageModel:
    return load_lm(find_lm(str(folder)), dtype=torch.float32, device="cpu")


def test_it_is_the_model_that_was_written(tmp_path: Path) -> None:
    written = write_lm(tmp_path / "lm")  # head and embeddings are one tensor, stored once
    lm = load(tmp_path / "lm")
    assert (lm.name, lm.max_tokens) == ("lm", MAX_TOKENS)
    ids = torch.tensor([[5, 6, 7]])
    assert torch.equal(lm.model(input_ids=ids).logits, written(input_ids=ids).logits)
    assert not any(parameter.requires_grad for parameter in lm.model.parameters())


def test_its_key_changes_with_weights_and_dtype(tmp_path: Path) -> None:
    write_lm(tmp_path / "lm")
    before = load(tmp_path / "lm")
    half = load_lm(find_lm(str(tmp_path / "lm")), dtype=torch.bfloat16, device="cpu")
    file = tmp_path / "lm" / "model.safetensors"
    tensors = load_file(file)
    name = next(name for name, tensor in tensors.items() if tensor.shape == (D_MODEL,))
    save_file(tensors | {name: tensors[name] + 1}, file, metadata={"format": "pt"})
    after = load(tmp_path / "lm")
    assert len({before.key, half.key, after.key}) == 3


def test_what_is_no_language_model_is_refused(tmp_path: Path) -> None:
    write_pm(tmp_path / "pm", "gpt2")
    with pytest.raises(UserError, match="GPT2ForSequenceClassification is no causal language"):
        find_lm(str(tmp_path / "pm"))
    with pytest.raises(UserError, match="there is no such folder"):
        find_lm(str(tmp_path / "nowhere"))


def test_damaged_models_are_refused(tmp_path: Path) -> None:
    write_lm(tmp_path / "lm", "llama")
    file = tmp_path / "lm" / "model.safetensors"
    tensors = load_file(file)
    nan = {"model.norm.weight": torch.full((D_MODEL,), torch.nan)}
    save_file(tensors | nan, file, metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"model\.norm\.weight"):
        load(tmp_path / "lm")
    save_file({k: v for k, v in tensors.items() if k != "lm_head.weight"}, file)
    with pytest.raises(UserError, match=r"in no weight file, lm_head\.weight first"):
        load(tmp_path / "lm")
    config = tmp_path / "lm" / "config.json"
    values = json.loads(config.read_text()) | {"architectures": None, "model_type": "t5"}
    config.write_text(json.dumps(values))
    with pytest.raises(UserError, match="transformers cannot load it"):
        load(tmp_path / "lm")
