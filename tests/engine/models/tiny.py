"""Tiny PMs with random weights, one of each architecture, written as transformers writes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
)

D_MODEL = 32
BLOCKS = 3
MAX_TOKENS = 128
BLOCKS_PATHS = {
    "llama": "model.layers",
    "gptj": "transformer.h",
    "gpt_neox": "gpt_neox.layers",
    "gpt2": "transformer.h",
}
_SIZES: dict[str, dict[str, int]] = {
    "llama": {"intermediate_size": 64, "num_key_value_heads": 2},
    "gptj": {"rotary_dim": 4},
    "gpt_neox": {"intermediate_size": 64},
    "gpt2": {},
}
TEXT = "\n\nHuman: Who wrote this? I don't know it.\n\nAssistant: I don’t know either, sorry 😀."


def write_tokenizer(folder: Path, tokenizer: Tokenizer | None = None) -> Tokenizer:
    """A byte-level BPE with 300 tokens; token 0 is the end of text."""
    if tokenizer is None:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=300,
            special_tokens=["<|endoftext|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator([TEXT] * 4, trainer)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return tokenizer


def tiny_config(architecture: str, labels: int = 1) -> PreTrainedConfig:
    config: PreTrainedConfig = AutoConfig.for_model(
        architecture,
        vocab_size=320,
        hidden_size=D_MODEL,
        num_hidden_layers=BLOCKS,
        num_attention_heads=4,
        max_position_embeddings=MAX_TOKENS,
        num_labels=labels,
        bos_token_id=0,
        eos_token_id=0,
        **_SIZES[architecture],
    )
    return config


def tiny_model(architecture: str, labels: int = 1) -> PreTrainedModel:
    """A sequence classifier whose rewards vary by units, not by thousandths."""
    torch.manual_seed(0)
    build = cast(
        "Callable[[PreTrainedConfig], PreTrainedModel]",
        AutoModelForSequenceClassification.from_config,
    )
    model = build(tiny_config(architecture, labels))
    model.train(False)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=0.3)
    return model


def write_pm(folder: Path, architecture: str = "llama", labels: int = 1) -> PreTrainedModel:
    """A complete PM in transformers' layout; gives back the model that was written."""
    model = tiny_model(architecture, labels)
    model.save_pretrained(folder)
    write_tokenizer(folder)
    return model


def write_hf_ckpt(folder: Path) -> PreTrainedModel:
    """A GPT-J reward model as its trainer published it: `transformer.*` and `v_head.weight`.

    Its config is the language model's and knows no labels; every weight is there twice.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = tiny_model("gptj")
    state = {
        name.replace("score.", "v_head."): tensor.clone()
        for name, tensor in model.state_dict().items()
    }
    state |= {
        name.replace("transformer.", "model.", 1): tensor.clone() for name, tensor in state.items()
    }
    state["transformer.h.0.attn.bias"] = torch.ones(1, 1, MAX_TOKENS, MAX_TOKENS).tril().bool()
    torch.save(state, folder / "hf_ckpt.pt")
    config = json.loads(tiny_config("gptj", 2).to_json_string())
    config["architectures"] = ["GPTJForCausalLM"]
    for key in ("id2label", "label2id"):
        config.pop(key, None)
    (folder / "config.json").write_text(json.dumps(config))
    write_tokenizer(folder)
    return model
