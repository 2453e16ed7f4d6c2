"""A preference model in memory: backbone, blocks and reward head, whatever its architecture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoConfig, GPTNeoXConfig, PreTrainedConfig, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from engine.canonical import file_hash
from engine.errors import UserError
from engine.log import LOGGER
from engine.models.attention import fuse_attention
from engine.models.chat import ChatTemplate
from engine.models.checkpoint import Checkpoint, find_checkpoint, of_a_block, state_of
from engine.models.device import check_device
from engine.models.dtypes import usual_on
from engine.models.fetch import model_folder
from engine.models.head import read_head
from engine.models.packed_linear import pack_linears
from engine.models.tokenizer import (
    end_of_text_id,
    load_chat_template,
    load_tokenizer,
    tokenizer_hash,
)
from engine.models.weights import check_finite, first_line, read_json
from engine.plain import plain

_LONGEST = 1 << 22
"""Tokens: some models keep a table of all positions, which no weight file has to hold."""
_WIDTHS = (
    *("hidden_size", "intermediate_size", "vocab_size", "num_attention_heads"),
    *("num_key_value_heads", "head_dim", "n_inner", "rotary_dim"),
)


@dataclass(frozen=True, slots=True, eq=False)
class PreferenceModel:
    """A PM that only infers: in evaluation mode, no parameter takes a gradient.

    Call `backbone(input_ids=[b, t], attention_mask=[b, 1, t, t], position_ids=[b, t],
    use_cache=False).last_hidden_state` for the residual stream after the final norm, [b, t, d];
    `head` turns it into rewards [b, t, 1]. The 4D mask is additive and of the PM's dtype (0 where a
    token sees another, the dtype's lowest number where not), and reaches every block unchanged.
    """

    name: str
    """The folder's name, or the hub's `org/name`."""
    hash: str
    """16 hex digits over config.json and the weight files."""
    tokenizer_hash: str
    architecture: str
    backbone: nn.Module
    blocks: nn.ModuleList
    blocks_path: str
    """Where the blocks are in the whole model: `model.layers`, `transformer.h`, ..."""
    head: nn.Linear
    tokenizer: Tokenizer
    chat: ChatTemplate | None
    """None where the tokenizer has no chat template."""
    d_model: int
    max_tokens: int
    """How many tokens a transcript may have, a readout token included."""
    end_of_text: int
    dtype: torch.dtype
    device: torch.device


def load_pm(
    path: str, *, dtype: torch.dtype | None, device: str, chat_template: str | None = None
) -> PreferenceModel:
    """Load a PM from a folder or, by `org/name`, from the Hugging Face hub.

    Any SequenceClassification model with one label in transformers' layouts, a GPT-J in the
    `hf_ckpt.pt` layout, OpenAssistant's GPTNeoXRewardModel, or safe-rlhf's models for scores. No
    code of the folder is run. Without a dtype it is the usual one of the checkpoint and the device.
    A `chat_template` goes before the tokenizer's own.

    Raises:
        UserError: a file is missing, damaged or unsafe to read; the model has no reward head or
            more than one label; a weight is NaN or infinite; the hub cannot be reached; there
            is no such device.
    """
    silence_transformers()
    check_device(device)
    folder, fetched = model_folder(path)
    config_values = read_json(folder / "config.json")
    checkpoint = find_checkpoint(folder)
    config = _config(folder, config_values)
    _check_sizes(config, checkpoint)
    head = read_head(checkpoint, config_values, config.hidden_size)
    dtype = dtype or usual_on(checkpoint, device)
    model = _load_model(checkpoint, config, dtype)
    backbone, blocks, blocks_path = _parts(model, folder.name)
    head = head.to(dtype)
    check_finite(model.named_parameters(), str(folder))
    check_finite(head.named_parameters(checkpoint.head or ""), str(folder))
    tokenizer = load_tokenizer(folder)
    embeddings = model.get_input_embeddings()
    known = embeddings.num_embeddings if isinstance(embeddings, nn.Embedding) else 0
    if tokenizer.get_vocab_size() > known:
        raise UserError(
            f"the tokenizer has {tokenizer.get_vocab_size()} tokens, the model knows {known}",
            where=str(folder),
            todo="The tokenizer is not this model's; put the right one there.",
        )
    backbone.to(device)
    if torch.device(device).type == "cuda":
        fuse_attention(model.config, blocks)
    pack_linears(backbone)
    attention = model.config._attn_implementation
    LOGGER.info("PM %s: %s on %s, %s attention", plain(path), dtype, device, attention)
    return PreferenceModel(
        name=path if fetched else folder.name,
        hash=file_hash(folder / "config.json", *checkpoint.files),
        tokenizer_hash=tokenizer_hash(folder, chat_template),
        architecture=type(model).__name__,
        backbone=backbone,
        blocks=blocks,
        blocks_path=blocks_path,
        head=head.to(device),
        tokenizer=tokenizer,
        chat=load_chat_template(folder, chat_template),
        d_model=head.in_features,
        max_tokens=max_tokens(model.config, folder.name),
        end_of_text=end_of_text_id(folder, tokenizer, config_values),
        dtype=dtype,
        device=torch.device(device),
    )


def block_index(pm: PreferenceModel, hook: str) -> int:
    """The block n whose output the hook point `<blocks_path>.<n>` is.

    Raises:
        UserError: there is no such hook point; lists those that there are.
    """
    prefix, _, number = hook.rpartition(".")
    numbers = [str(index) for index in range(len(pm.blocks))]
    if prefix == pm.blocks_path and number in numbers:
        return numbers.index(number)
    raise UserError(
        f"{pm.name} has no hook point {plain(hook, keep_newlines=False)!r}",
        todo=f"Its hook points are {pm.blocks_path}.0 to {pm.blocks_path}.{len(pm.blocks) - 1}: "
        "the outputs of its blocks.",
    )


def silence_transformers() -> None:
    """Keep its progress bars and advice off the user's terminal."""
    # The functions carry no annotations; the tuple gives them some.
    quieten: tuple[Callable[[], None], ...] = (set_verbosity_error, disable_progress_bar)
    for function in quieten:
        function()


def _config(folder: Path, values: Mapping[str, object]) -> PreTrainedConfig:
    try:
        if values.get("model_type") == "gpt_neox_reward_model":  # OpenAssistant's own class
            return GPTNeoXConfig.from_dict({**values, "model_type": "gpt_neox"})
        config: PreTrainedConfig = AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        return config
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _cannot_load(folder, error) from None


def _check_sizes(config: PreTrainedConfig, checkpoint: Checkpoint) -> None:
    """Refuse a config that describes more than its weights hold, before a model is made of it.

    Raises:
        UserError: names the first such size.
    """
    largest = max((size for shape in checkpoint.shapes.values() for size in shape), default=0)
    bounds = dict.fromkeys(_WIDTHS, largest)
    bounds |= {"num_hidden_layers": len(checkpoint.shapes), "max_position_embeddings": _LONGEST}
    for name, most in bounds.items():
        value = getattr(config, name, None)
        if isinstance(value, int) and value > most:
            raise UserError(
                f"its config says {name} {value:,}, but its weights allow {most:,} at most"
                if most != _LONGEST
                else f"its config says {name} {value:,}, and {most:,} is the most",
                where=str(checkpoint.folder / "config.json"),
                todo="Config and weights are of different models; take both from the same place.",
            )


def _load_model(
    checkpoint: Checkpoint, config: PreTrainedConfig, dtype: torch.dtype
) -> PreTrainedModel:
    folder = checkpoint.folder
    config.num_labels = 1  # the head itself was read already; old configs do not say
    # Padding here is any token that no other sees; some configs name one the model does not have.
    config.pad_token_id = None
    try:
        model_class: object = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING[type(config)]
        if not (isinstance(model_class, type) and issubclass(model_class, PreTrainedModel)):
            raise ValueError(f"{config.model_type} models are not sequence classifiers")
        loaded = model_class.from_pretrained(
            folder if checkpoint.by_name else None,
            config=config,
            state_dict=None if checkpoint.by_name else state_of(checkpoint),
            dtype=dtype,
            # The kernels that are called flash take no additive mask; torch's sdpa picks one of
            # those that do (docs/attention.md). GPT-J has no sdpa path.
            attn_implementation="sdpa" if model_class._supports_sdpa else "eager",
            local_files_only=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise _cannot_load(folder, error) from None
    model, report = cast("tuple[PreTrainedModel, dict[str, set[str]]]", loaded)
    missing = sorted(report["missing_keys"] - {"score.weight"})
    if missing:
        raise UserError(
            f"{len(missing)} of the model's tensors are in no weight file, {missing[0]} first",
            where=str(folder),
            todo="They would be random numbers; take a complete checkpoint.",
        )
    unused = sorted(filter(of_a_block, report["unexpected_keys"]))
    if unused:
        raise UserError(
            f"{len(unused)} of its tensors have no place in the blocks of the model,"
            f" {plain(unused[0], keep_newlines=False)[:80]} first",
            where=str(folder),
            todo="Without them its rewards would be others: merge adapters into the weights,"
            " take a checkpoint that is not quantised, or the config that belongs to it.",
        )
    model.train(False)
    model.requires_grad_(False)
    return model


def _cannot_load(folder: Path, error: Exception) -> UserError:
    return UserError(f"transformers cannot load it: {first_line(error)}", where=str(folder))


def _parts(model: PreTrainedModel, name: str) -> tuple[nn.Module, nn.ModuleList, str]:
    prefix = model.base_model_prefix
    backbone, head = getattr(model, prefix, None), getattr(model, "score", None)
    count = model.config.num_hidden_layers
    if isinstance(backbone, nn.Module) and isinstance(head, nn.Linear):
        for path, module in backbone.named_modules():
            if isinstance(module, nn.ModuleList) and len(module) == count:
                return backbone, module, f"{prefix}.{path}"
    raise UserError(
        f"{type(model).__name__} has no list of blocks or no linear head named score",
        where=name,
        todo="Decoder-only sequence classifiers are supported: Llama, GPT-J, GPT-NeoX, GPT-2, ...",
    )


def max_tokens(config: PreTrainedConfig, name: str) -> int:
    """How many tokens a model of this config reads at most.

    Raises:
        UserError: the config does not say; `name` is the model's.
    """
    # Inside its window a sliding-window model sees everything, as our own masks let it.
    window = getattr(config, "sliding_window", None)
    longest = getattr(config, "max_position_embeddings", None)
    if not isinstance(longest, int):
        raise UserError(
            "its config does not say how long a text may be (max_position_embeddings)",
            where=name,
            todo="Decoder-only models with a stated length are supported: Llama, GPT-J, ...",
        )
    return min(longest, window) if isinstance(window, int) else longest
