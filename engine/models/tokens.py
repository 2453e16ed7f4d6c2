"""A transcript as token ids, exactly as transformers gives them, and where each token lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tokenizers import Tokenizer

Readout = Literal["last-text-token", "appended-end-of-text"]
READOUTS: tuple[Readout, ...] = ("last-text-token", "appended-end-of-text")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The reward is read at the last of `ids`."""

    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]
    """Characters of the transcript, start and end, one per id. Tokens that stand for no text
    (BOS, an appended end of text) have an empty span; a byte-level tokenizer may split one
    character over several tokens, whose spans then all hold the whole character."""


def tokenise(tokenizer: Tokenizer, end_of_text: int, text: str, readout: Readout) -> Tokens:
    """The ids that plain `AutoTokenizer(...)(text)` gives, with the readout token where asked.

    Special tokens are added as the tokenizer does by default. Nothing is cut or padded here: the
    tokenizer of a `PreferenceModel` has truncation and padding switched off.
    """
    encoding = tokenizer.encode(text)
    ids = tuple(encoding.ids)
    offsets: tuple[tuple[int, int], ...] = tuple((start, end) for start, end in encoding.offsets)
    if readout == "last-text-token":
        return Tokens(ids, offsets)
    return Tokens((*ids, end_of_text), (*offsets, (len(text), len(text))))
