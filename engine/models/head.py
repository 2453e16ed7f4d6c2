"""The reward head: whatever a layout calls it, one linear map from the last hidden state.

Layouts differ in its name, its bias, and in what is done to its output; all that is linear, so it
is folded into one weight and one bias.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from engine.errors import UserError
from engine.models.checkpoint import Checkpoint
from engine.models.weights import check_finite
from engine.plain import plain

_EPSILON = 1e-8
"""safe-rlhf's Normalizer adds it to the standard deviation."""


def read_head(checkpoint: Checkpoint, config: Mapping[str, object], d_model: int) -> nn.Linear:
    """The head of a checkpoint, in fp32 on the CPU.

    Raises:
        UserError: there is none, it has more than one label, another width than the model or NaN;
            or the reward is not read at one token.
    """
    where = str(checkpoint.folder)
    _check_pooling(config, where)
    prefix = _prefix(checkpoint)
    weight = checkpoint.tensor(f"{prefix}.weight").float()
    if weight.ndim != 2 or weight.shape[0] != 1:
        raise UserError(
            f"its head has {weight.shape[0] if weight.ndim else 0} labels, but a preference model "
            "has exactly one: its reward",
            where=str(checkpoint.files[0]),
            todo="Choose a model that was trained with num_labels=1.",
        )
    if weight.shape[1] != d_model:
        raise UserError(
            f"its head reads vectors of width {weight.shape[1]}, its blocks write {d_model}",
            where=where,
            todo="Config and weights are of different models; take both from the same place.",
        )
    biased = f"{prefix}.bias" in checkpoint.shapes
    bias = checkpoint.tensor(f"{prefix}.bias").float() if biased else torch.zeros(1)
    check_finite([(f"{prefix}.weight", weight), (f"{prefix}.bias", bias)], where)
    if prefix == "score_head" and config.get("do_normalize") is True:
        weight, bias, biased = *_normalised(weight, bias, checkpoint, config), True
    head = nn.Linear(d_model, 1, bias=biased)
    head.load_state_dict({"weight": weight} | ({"bias": bias} if biased else {}))
    return head.requires_grad_(False)


def _prefix(checkpoint: Checkpoint) -> str:
    prefix = checkpoint.head
    if prefix is None:
        raise UserError(
            "there is no reward head in it (no tensor score.weight, v_head.weight, "
            "out_proj.weight or score_head.weight)",
            where=str(checkpoint.files[0]),
            todo="A preference model is a sequence classifier with one label; this is none.",
        )
    return prefix


def _check_pooling(config: Mapping[str, object], where: str) -> None:
    # OpenAssistant's GPTNeoXRewardModel: "last" reads the last token that is not padding.
    pooling = config.get("pooling") or "last"
    if pooling != "last":
        raise UserError(
            f"it pools its hidden states ({plain(repr(pooling), keep_newlines=False)}), but a "
            "reward is read here at one token",
            where=where,
            todo="Only pooling last is supported: the reward at the text's last token.",
        )


def _normalised(
    weight: torch.Tensor, bias: torch.Tensor, checkpoint: Checkpoint, config: Mapping[str, object]
) -> tuple[torch.Tensor, torch.Tensor]:
    """What safe-rlhf's ScoreModelMixin does to a score where its config says do_normalize.

    Reward models: (score - mean) / (std + 1e-8); cost models: score / (std + 1e-8); critics: none.
    """
    kind = config.get("score_type", "reward")
    if kind not in ("reward", "cost", "critic"):
        raise UserError(
            f"its score_type {plain(repr(kind), keep_newlines=False)} is unknown, and so is how "
            "its scores are normalised",
            where=str(checkpoint.folder / "config.json"),
        )
    if kind == "critic":
        return weight, bias
    mean, var = (_moment(name, checkpoint, config) for name in ("mean", "var"))
    scale = var.sqrt() + _EPSILON
    return weight / scale, (bias if kind == "cost" else bias - mean) / scale


def _moment(name: str, checkpoint: Checkpoint, config: Mapping[str, object]) -> torch.Tensor:
    """[1]: the normaliser's mean or variance: its buffer, else the config's, else 0 or 1."""
    where = checkpoint.folder / "config.json"
    if f"normalizer.{name}" in checkpoint.shapes:
        found, where = checkpoint.tensor(f"normalizer.{name}").float(), checkpoint.files[0]
    else:
        written = config.get(name) or [0.0 if name == "mean" else 1.0]
        values = written if isinstance(written, list) else [written]
        found = torch.tensor([float(one) for one in values if isinstance(one, int | float)])
    if (
        found.shape != (1,)
        or not bool(torch.isfinite(found).all())
        or (name == "var" and found < 0)
    ):
        raise UserError(
            f"the {name} that its scores are normalised with is no number",
            where=str(where),
            todo="Take a sound checkpoint.",
        )
    return found
