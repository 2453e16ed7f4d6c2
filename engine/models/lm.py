"""A causal language model in memory: it says how usual a text is, and nothing of rewards."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import cast

import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoConfig, PreTrainedModel
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
)

from engine.canonical import file_hash, short_hash
from engine.errors import UserError
from engine.models.checkpoint import Checkpoint, find_checkpoint
from engine.models.device import check_device
from engine.models.dtypes import usual_on
from engine.models.fetch import model_folder
from engine.models.pm import max_tokens, silence_transformers
from engine.models.tokenizer import load_tokenizer, tokenizer_hash
from engine.models.tokens import BOS_KEPT, bos_of
from engine.models.weights import check_finite, first_line, read_json


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A language model's files; nothing of it is in memory yet."""

    name: str
    """The folder's name, or the hub's `org/name`."""
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True, eq=False)
class LanguageModel:
    """A causal LM that only infers: in evaluation mode, no parameter takes a gradient."""

    name: str
    hash: str
    """16 hex digits over config.json and the weight files."""
    tokenizer_hash: str
    model: nn.Module
    """Takes the additive 4D masks and the positions of packed texts, and a boolean
    `logits_to_keep`."""
    tokenizer: Tokenizer
    max_tokens: int
    """How many tokens a transcript may have."""
    dtype: torch.dtype
    device: torch.device

    @property
    def key(self) -> str:
        """16 hex digits over all that decides its log-likelihoods."""
        kept = [] if bos_of(self.tokenizer) is None else [BOS_KEPT]
        return short_hash([self.hash, self.tokenizer_hash, self.dtype_name, *kept])

    @property
    def dtype_name(self) -> str:
        return str(self.dtype).removeprefix("torch.")


def find_lm(path: str) -> FoundModel:
    """Look a language model up, in a folder or by `org/name` on the Hugging Face hub.

    Raises:
        UserError: there is none, or it is no causal language model.
    """
    folder, fetched = model_folder(path)
    architectures = read_json(folder / "config.json").get("architectures")
    named = architectures[0] if isinstance(architectures, list) and architectures else None
    if named is not None and named not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values():
        raise UserError(
            f"a {named} is no causal language model",
            where=str(folder),
            todo="Name one that AutoModelForCausalLM loads.",
        )
    return FoundModel(path if fetched else folder.name, find_checkpoint(folder))


def load_lm(found: FoundModel, *, dtype: torch.dtype | None, device: str) -> LanguageModel:
    """Load it. No code of the folder is run. Without a dtype it is the usual one of the checkpoint
    and the device.

    Raises:
        UserError: a file is missing or damaged, a weight is NaN or infinite, or transformers
            cannot load it; this machine has no such device.
    """
    silence_transformers()
    check_device(device)
    folder = found.checkpoint.folder
    dtype = dtype or usual_on(found.checkpoint, device)
    model = _load(found.checkpoint, dtype)
    check_finite(model.named_parameters(), str(folder))
    return LanguageModel(
        name=found.name,
        hash=file_hash(folder / "config.json", *found.checkpoint.files),
        tokenizer_hash=tokenizer_hash(folder),
        model=nn.Module.to(model, torch.device(device)),
        tokenizer=load_tokenizer(folder),
        max_tokens=max_tokens(model.config, folder.name),
        dtype=dtype,
        device=torch.device(device),
    )


def _load(checkpoint: Checkpoint, dtype: torch.dtype) -> PreTrainedModel:
    folder = checkpoint.folder
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model_class: object = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
        if not (isinstance(model_class, type) and issubclass(model_class, PreTrainedModel)):
            raise ValueError(f"{config.model_type} models are not causal language models")
        if "logits_to_keep" not in inspect.signature(model_class.forward).parameters:
            raise ValueError(f"{model_class.__name__} cannot leave out logits that nobody reads")
        loaded = model_class.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            # As for PMs: torch picks a fused kernel that takes an additive mask.
            attn_implementation="sdpa" if model_class._supports_sdpa else "eager",
            local_files_only=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise UserError(
            f"transformers cannot load it: {first_line(error)}", where=str(folder)
        ) from None
    model, report = cast("tuple[PreTrainedModel, dict[str, set[str]]]", loaded)
    if missing := sorted(report["missing_keys"]):
        raise UserError(
            f"{len(missing)} of the model's tensors are in no weight file, {missing[0]} first",
            where=str(folder),
            todo="They would be random numbers; take a complete checkpoint.",
        )
    model.train(False)
    model.requires_grad_(False)
    return model
