"""A model's folder: the local one, or its files fetched from the Hugging Face hub."""

from __future__ import annotations

import re
from pathlib import Path

import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from huggingface_hub.utils.tqdm import disable_progress_bars

from engine.errors import UserError
from engine.models.weights import first_line
from engine.plain import plain

# Weights, config and tokenizer; never code, never the other formats of the same weights.
_WANTED = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "*.safetensors",
    "*.safetensors.index.json",
    "pytorch_model*.bin",
    "pytorch_model.bin.index.json",
    "hf_ckpt.pt",
)
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def model_folder(path: str) -> tuple[Path, bool]:
    """The folder that holds the model, and whether it was fetched from the hub as `org/name`.

    Raises:
        UserError: there is no such folder, and the hub does not have it or cannot be reached.
    """
    folder = Path(path).expanduser()
    if folder.is_dir():
        return folder.resolve(), False
    where = plain(path, keep_newlines=False)
    if folder.exists():
        raise UserError("it is a file, not a model's folder", where=where)
    if not _HUB_NAME.fullmatch(path) or path.startswith("."):
        raise UserError(
            "there is no such folder",
            where=where,
            todo="Name a folder with config.json and weights, or a hub model as org/name.",
        )
    disable_progress_bars()
    try:
        fetched = huggingface_hub.snapshot_download(path, allow_patterns=list(_WANTED))
    except LocalEntryNotFoundError:
        raise UserError(
            "there is no such folder here, and the Hugging Face hub cannot be reached", where=where
        ) from None
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise UserError(
            f"it could not be fetched from the Hugging Face hub: {first_line(error)}", where=where
        ) from None
    return Path(fetched), True
