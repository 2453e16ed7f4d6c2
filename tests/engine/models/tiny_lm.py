"""Tiny causal language models with random weights, written as transformers writes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel

from tests.engine.models.tiny import tiny_config, write_tokenizer


def write_lm(folder: Path, architecture: str = "gpt2") -> PreTrainedModel:
    """A complete language model; gives back the model that was written."""
    torch.manual_seed(0)
    build = cast("Callable[[PreTrainedConfig], PreTrainedModel]", AutoModelForCausalLM.from_config)
    model = build(tiny_config(architecture))
    model.train(False)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=0.3)
    model.save_pretrained(folder)
    write_tokenizer(folder)
    return model
