"""A planted network as a PM on disk: a folder that transformers loads like any other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
)

from tests.engine.planted import words
from tests.engine.planted.network import BLOCKS, WIDTH, Architecture, Floats, Network

_HIDDEN = 8
_SIZES: dict[Architecture, dict[str, int]] = {
    "gptj": {"rotary_dim": 4, "n_inner": _HIDDEN},
    "gpt2": {"n_inner": _HIDDEN},
    "llama": {"intermediate_size": _HIDDEN, "num_key_value_heads": 4},
}


def write_pm(folder: Path, network: Network) -> Path:
    """Config, weights and tokenizer."""
    config: PreTrainedConfig = AutoConfig.for_model(
        network.architecture,
        vocab_size=len(network.ids),
        hidden_size=WIDTH,
        num_hidden_layers=BLOCKS,
        num_attention_heads=4,
        max_position_embeddings=128,
        num_labels=1,
        bos_token_id=0,
        eos_token_id=0,
        **_SIZES[network.architecture],
    )
    build = cast(
        "Callable[[PreTrainedConfig], PreTrainedModel]",
        AutoModelForSequenceClassification.from_config,
    )
    model = build(config)
    planted = _LAYOUTS[network.architecture](network)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            is_gain = parameter.ndim == 1 and name.endswith("weight")
            parameter.fill_(1.0 if is_gain else 0.0)
            if name in planted:
                parameter.copy_(torch.tensor(planted.pop(name)))
    assert not planted, f"the model has no {sorted(planted)}"
    model.save_pretrained(folder)
    _write_tokenizer(folder, network.ids)
    return folder


def _gptj(network: Network) -> dict[str, Floats]:
    found = {"transformer.wte.weight": network.embedding, "score.weight": network.head[None]}
    for block, copied in enumerate(network.copies):
        path = f"transformer.h.{block}"
        found[f"{path}.attn.v_proj.weight"] = copied.T
        found[f"{path}.attn.out_proj.weight"] = np.eye(WIDTH)
    found[f"{path}.mlp.fc_in.weight"] = _hidden(network.reads).T
    found[f"{path}.mlp.fc_out.weight"] = _hidden(network.writes.T)
    return found


def _gpt2(network: Network) -> dict[str, Floats]:
    """Its linear maps are stored the other way round, queries, keys and values in one."""
    found = {"transformer.wte.weight": network.embedding, "score.weight": network.head[None]}
    unused = np.zeros((WIDTH, 2 * WIDTH))
    for block, copied in enumerate(network.copies):
        path = f"transformer.h.{block}"
        found[f"{path}.attn.c_attn.weight"] = np.concatenate([unused, copied], axis=1)
        found[f"{path}.attn.c_proj.weight"] = np.eye(WIDTH)
    found[f"{path}.mlp.c_fc.weight"] = _hidden(network.reads)
    found[f"{path}.mlp.c_proj.weight"] = _hidden(network.writes.T).T
    return found


def _llama(network: Network) -> dict[str, Floats]:
    found = {"model.embed_tokens.weight": network.embedding, "score.weight": network.head[None]}
    for block, copied in enumerate(network.copies):
        path = f"model.layers.{block}"
        found[f"{path}.self_attn.v_proj.weight"] = copied.T
        found[f"{path}.self_attn.o_proj.weight"] = np.eye(WIDTH)
    found[f"{path}.mlp.gate_proj.weight"] = _hidden(network.reads).T
    found[f"{path}.mlp.up_proj.weight"] = _hidden(network.gates).T
    found[f"{path}.mlp.down_proj.weight"] = _hidden(network.writes.T)
    return found


_LAYOUTS: Mapping[Architecture, Callable[[Network], dict[str, Floats]]] = {
    "gptj": _gptj,
    "gpt2": _gpt2,
    "llama": _llama,
}


def _hidden(units: Floats) -> Floats:
    """[WIDTH, 2] to [WIDTH, _HIDDEN]: the hidden units that nothing uses are zero."""
    return np.pad(units, ((0, 0), (0, _HIDDEN - units.shape[1])))


def _write_tokenizer(folder: Path, ids: dict[str, int]) -> None:
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token=words.UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(words.TOKEN), behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": words.END_OF_TEXT,
        "unk_token": words.UNKNOWN,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
