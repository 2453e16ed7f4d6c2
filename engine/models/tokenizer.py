"""A PM's tokenizer, read directly, and checked against what transformers makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tokenizers import Tokenizer
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from engine.canonical import file_hash, short_hash
from engine.errors import UserError
from engine.models.chat import ChatTemplate
from engine.models.weights import first_line, read_json

TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
CHAT_TEMPLATE = "chat_template.jinja"
_PROBE = "\n\nHuman: Isn’t it 3 o'clock?  \n\nAssistant: I don't know, see https://x.y/z"


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a folder, which neither cuts nor pads.

    Raises:
        UserError: it is missing or damaged, or transformers would give other ids.
    """
    path = folder / TOKENIZER
    if not path.exists():
        raise UserError(
            "the tokenizer is missing",
            where=str(path),
            todo="Write it with AutoTokenizer.from_pretrained(MODEL).save_pretrained(FOLDER).",
        )
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:
        # tokenizers raises bare Exception and nothing narrower; anything else is passed on.
        if type(error) is not Exception:
            raise
        raise UserError(f"it is no tokenizer: {first_line(error)}", where=str(path)) from None
    tokenizer.no_padding()
    tokenizer.no_truncation()
    _check_same_ids(tokenizer, folder)
    return tokenizer


def load_chat_template(folder: Path, template: str | None = None) -> ChatTemplate | None:
    """The chat template of a folder, or another in its place; None where there is neither.

    Raises:
        UserError: transformers cannot load the tokenizer.
    """
    if template is not None:
        return ChatTemplate(_reference(folder), template)
    config = folder / TOKENIZER_CONFIG
    in_config = config.exists() and read_json(config).get("chat_template") is not None
    if not in_config and not (folder / CHAT_TEMPLATE).exists():
        return None
    return ChatTemplate(_reference(folder))


def tokenizer_hash(folder: Path, template: str | None = None) -> str:
    """16 hex digits over the tokenizer's files and its chat template, or another in its place."""
    paths = (folder / TOKENIZER, folder / TOKENIZER_CONFIG, folder / CHAT_TEMPLATE)
    own = file_hash(*(path for path in paths if path.exists()))
    return own if template is None else short_hash([own, template])


def end_of_text_id(folder: Path, tokenizer: Tokenizer, config: Mapping[str, object]) -> int:
    """The id of the tokenizer's eos token, else of the model config's.

    Raises:
        UserError: neither names one that the tokenizer knows.
    """
    path = folder / TOKENIZER_CONFIG
    named = read_json(path).get("eos_token") if path.exists() else None
    if isinstance(named, dict):  # an AddedToken, spelled out
        named = named.get("content")
    found = tokenizer.token_to_id(named) if isinstance(named, str) else config.get("eos_token_id")
    if isinstance(found, list) and found:
        found = found[0]
    if not isinstance(found, int):
        raise UserError(
            "neither the tokenizer nor the config names an end-of-text token (eos)",
            where=str(folder),
            todo=f"Set eos_token in {TOKENIZER_CONFIG}.",
        )
    return found


def _check_same_ids(tokenizer: Tokenizer, folder: Path) -> None:
    # Some of transformers' classes rebuild the tokenizer or add tokens by tokenizer_config.json.
    # Rewards would then differ from everybody else's without a word.
    if list(_reference(folder)(_PROBE)["input_ids"]) != tokenizer.encode(_PROBE).ids:
        raise UserError(
            f"{TOKENIZER} gives other tokens than transformers makes of this folder",
            where=str(folder),
            todo="Write it anew: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER).",
        )


def _reference(folder: Path) -> PreTrainedTokenizerBase:
    try:
        found: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"transformers cannot load its tokenizer: {first_line(error)}", where=str(folder)
        ) from None
    return found
