"""Where a model's files are: in a local folder, or fetched from the Hugging Face hub."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path

import httpx2
import huggingface_hub
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    XetDownloadError,
)
from huggingface_hub.utils.tqdm import disable_progress_bars

from engine.errors import UserError
from engine.files import at_home, is_there
from engine.models.weights import first_line
from engine.plain import plain

# Weights, config and tokenizer; never code, never the other formats of the same weights.
_PM_FILES = (
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
_SAE_FILES = (
    "cfg.json",
    "sae_weights.safetensors",
    "activation_scaler.json",
    "activation_whitening.safetensors",
    "activations_store_state.safetensors",
    "ae.pt",
    "config.json",
)
_HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w.-]+")
_HUB_PATH = re.compile(r"([\w-][\w.-]*/[\w.-]+)((?:/[\w-][\w.-]*)*)")


def model_folder(path: str) -> tuple[Path, bool]:
    """The folder that holds the model, and whether it was fetched from the hub as `org/name`.

    Raises:
        UserError: there is no such folder, and the hub does not have it or cannot be reached.
    """
    folder = at_home(path)
    there = is_there(folder)
    if there and folder.is_dir():
        return folder.resolve(), False
    where = plain(path, keep_newlines=False)
    if there:
        raise UserError("it is a file, not a model's folder", where=where)
    if not is_hub_name(path):
        raise no_such_folder(path)
    return _fetch(path, _PM_FILES, where), True


def is_hub_name(path: str) -> bool:
    """Whether it could name a model on the hub, as `org/name`."""
    return _HUB_NAME.fullmatch(path) is not None


def no_such_folder(path: str) -> UserError:
    """Of a PM that is neither here nor, by its name, on the hub."""
    return UserError(
        "there is no such folder",
        where=plain(path, keep_newlines=False),
        todo="Name a folder with config.json and weights, or a hub model as org/name.",
    )


def sae_place(path: str) -> Path:
    """The file or folder of an SAE: as it is named, or fetched from the hub.

    On the hub an SAE is `org/name` or a folder in it, `org/name/path/to/sae`, or one `.pt` file,
    `org/name/ae_layer12.pt`, with the config.json beside it where there is one.

    Raises:
        UserError: there is no such file or folder, and the hub does not have it or cannot be
            reached.
    """
    found = at_home(path)
    on_hub = _HUB_PATH.fullmatch(path)
    if is_there(found) or on_hub is None:
        return found
    where = plain(path, keep_newlines=False)
    repository, inner = on_hub[1], on_hub[2].removeprefix("/")
    one = Path(inner)
    if one.suffix == ".pt":
        wanted = [inner, str(one.with_name("config.json"))]
    else:
        wanted = [str(one / name) for name in _SAE_FILES]
    place = _fetch(repository, wanted, where) / inner
    if not place.exists():
        raise UserError(
            f"the hub's {repository} has no {inner}", where=where, todo="Check its spelling."
        )
    return place


def _fetch(repository: str, wanted: Sequence[str], where: str) -> Path:
    """A snapshot with these files, from the hub or from the hub's own cache.

    Only whole files come to stand in it; one that broke off is fetched again the next time.
    """
    disable_progress_bars()
    # It logs every attempt; one sentence at the end is enough.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        return Path(huggingface_hub.snapshot_download(repository, allow_patterns=list(wanted)))
    except GatedRepoError:
        raise UserError(
            "the hub gives it only to those who accepted its terms",
            where=where,
            todo="Accept them on its page, and log in here with `hf auth login`.",
        ) from None
    except RepositoryNotFoundError:
        raise UserError(
            "there is no such folder here, and no such repository on the Hugging Face hub",
            where=where,
        ) from None
    except LocalEntryNotFoundError:
        raise UserError(
            "there is no such folder here, and the Hugging Face hub cannot be reached", where=where
        ) from None
    except (httpx2.TransportError, XetDownloadError) as error:
        raise UserError(
            f"the Hugging Face hub broke off halfway ({type(error).__name__})",
            where=where,
            todo="Run the same command again: whole files are kept, nothing else is.",
        ) from None
    except (HfHubHTTPError, OSError, ValueError, RuntimeError) as error:
        raise UserError(
            f"it could not be fetched from the Hugging Face hub: {first_line(error)}", where=where
        ) from None
