"""Reward models that transformers does not have, as their own code computes them, in plain torch.

OpenAssistant's GPTNeoXRewardModel (model_training/models/reward_model.py) and safe-rlhf's models
for scores (safe_rlhf/models/score_model) cannot be installed here: what they do after the last
hidden state is written out again from their sources.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoModel, PreTrainedConfig, PreTrainedModel

from tests.engine.models.tiny import D_MODEL, tiny_config, write_tokenizer


def tiny_backbone(config: PreTrainedConfig) -> PreTrainedModel:
    """A backbone without any head, whose states vary by units."""
    torch.manual_seed(5)
    build = cast("Callable[[PreTrainedConfig], PreTrainedModel]", AutoModel.from_config)
    model = build(config)
    model.train(False)
    model.requires_grad_(False)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            parameter.normal_(std=0.3)
    return model


@dataclass(frozen=True, slots=True)
class OpenAssistant:
    """`out_proj` with its bias, at the last token that the mask attends to (pooling "last")."""

    gpt_neox: PreTrainedModel
    out_proj: nn.Linear

    def reward(self, ids: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """[rows]: of [rows, tokens] ids."""
        states = self.gpt_neox(ids, attention_mask=mask).last_hidden_state
        last = torch.full((len(ids),), ids.shape[1] - 1)
        if mask is not None:
            last = mask.cumsum(dim=1).argmax(dim=1)
        rewards: torch.Tensor = self.out_proj(states[torch.arange(len(ids)), last])
        return rewards.squeeze(-1)


@dataclass(frozen=True, slots=True)
class ModelForScore:
    """`score_head` at the end, then the normaliser where `do_normalize` says so."""

    model: PreTrainedModel
    score_head: nn.Linear
    normalise: str
    """affine for reward models, scale for cost models, identity for critics and where unset."""
    mean: torch.Tensor
    var: torch.Tensor

    def reward(self, ids: torch.Tensor) -> torch.Tensor:
        """[rows]: the end score of [rows, tokens] ids without padding."""
        scores: torch.Tensor = self.score_head(self.model(ids).last_hidden_state).float()[:, -1]
        std = self.var.sqrt()
        if self.normalise == "affine":
            scores = (scores - self.mean) / (std + 1e-8)
        elif self.normalise == "scale":
            scores = scores / (std + 1e-8)
        return scores.squeeze(-1)


def write_openassistant(folder: Path, config: Mapping[str, object] | None = None) -> OpenAssistant:
    """A tiny GPTNeoXRewardModel in its own layout, as one safetensors file."""
    tiny = tiny_config("gpt_neox")
    backbone = tiny_backbone(tiny)
    head = nn.Linear(D_MODEL, 1).requires_grad_(False)
    head.bias.fill_(3.5)
    state = _under("gpt_neox", backbone) | _under("out_proj", head)
    values = tiny.to_dict() | {"model_type": "gpt_neox_reward_model", "pooling": "last"}
    values["architectures"] = ["GPTNeoXRewardModel"]
    _write(folder, state, values | dict(config or {}))
    return OpenAssistant(backbone, head)


def write_model_for_score(
    folder: Path, config: Mapping[str, object], moments: Mapping[str, torch.Tensor] | None = None
) -> tuple[PreTrainedModel, nn.Linear]:
    """A tiny LlamaModelForScore in its own layout; gives back what it was written from."""
    tiny = tiny_config("llama")
    backbone = tiny_backbone(tiny)
    head = nn.Linear(D_MODEL, 1, bias=config.get("bias") is True).requires_grad_(False)
    state = _under("model", backbone) | _under("score_head", head)
    state |= {f"normalizer.{name}": value for name, value in (moments or {}).items()}
    values = tiny.to_dict() | {"architectures": ["LlamaModelForScore"], "score_dim": 1}
    _write(folder, state, values | dict(config))
    return backbone, head


def shard(folder: Path, suffix: str) -> list[Path]:
    """Put a folder's tensors into two shards with an index: `safetensors` or `bin`."""
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    stem = "model" if suffix == "safetensors" else "pytorch_model"
    files = [folder / f"{stem}-0000{number}-of-00002.{suffix}" for number in (1, 2)]
    names = sorted(state)
    for number, path in enumerate(files):
        part = {name: state[name] for name in names[number::2]}
        if suffix == "safetensors":
            save_file(part, path, metadata={"format": "pt"})
        else:
            torch.save(part, path)
    index = {name: files[place % 2].name for place, name in enumerate(names)}
    (folder / f"{stem}.{suffix}.index.json").write_text(
        json.dumps({"metadata": {}, "weight_map": index})
    )
    return files


def _under(name: str, module: nn.Module) -> dict[str, torch.Tensor]:
    return {f"{name}.{key}": value.clone() for key, value in module.state_dict().items()}


def _write(folder: Path, state: dict[str, torch.Tensor], config: Mapping[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config))
    write_tokenizer(folder)
