"""A transcript as token ids, exactly as transformers gives them, and where each token lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tokenizers import Tokenizer

from engine.errors import UserError
from engine.models.chat import ChatTemplate

Readout = Literal["last-text-token", "appended-end-of-text", "chat-template"]
READOUTS: tuple[Readout, ...] = ("last-text-token", "appended-end-of-text", "chat-template")


BOS_KEPT = "context-left, BOS kept"
"""How texts of a tokenizer that puts a BOS before each are truncated: it decides their figures."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The reward is read at the last of `ids`."""

    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]
    """Characters of the transcript, start and end, one per id. Tokens that stand for no text
    (BOS, an appended end of text, what a chat template writes) have an empty span; a byte-level
    tokenizer may split one character over several tokens, whose spans then all hold the whole
    character."""
    bos: bool = False
    """Whether the first one is the BOS that the tokenizer begins every text with."""

    def cut(self, count: int) -> Tokens:
        """Without the oldest `count` tokens, BOS excepted: so does transformers cut on the left."""
        first = int(self.bos)
        return Tokens(
            ids=self.ids[:first] + self.ids[first + count :],
            offsets=self.offsets[:first] + self.offsets[first + count :],
            bos=self.bos,
        )


def bos_of(tokenizer: Tokenizer) -> int | None:
    """The special token that a tokenizer puts before every text; None where it puts none."""
    encoding = tokenizer.encode("a")
    return encoding.ids[0] if any(encoding.special_tokens_mask[:1]) else None


def tokenise(
    tokenizer: Tokenizer,
    end_of_text: int,
    text: str,
    readout: Readout,
    chat: ChatTemplate | None = None,
) -> Tokens:
    """The ids that plain `AutoTokenizer(...)(text)` gives, with the readout token where asked.

    Special tokens are added as the tokenizer does by default. Nothing is cut or padded here: the
    tokenizer of a `PreferenceModel` has truncation and padding switched off.

    With the readout `chat-template` the ids are those of `apply_chat_template` on the transcript's
    turns, to the last that the template writes. The template writes its own special tokens, so
    the tokenizer adds none: Llama 3's would begin with two BOS.

    Raises:
        UserError: the PM has no chat template, or it does not render this text.
    """
    if readout == "chat-template":
        return _through(check_chat(chat), tokenizer, text)
    encoding = tokenizer.encode(text)
    ids = tuple(encoding.ids)
    offsets: tuple[tuple[int, int], ...] = tuple((start, end) for start, end in encoding.offsets)
    bos = any(encoding.special_tokens_mask[:1])
    if readout == "last-text-token":
        return Tokens(ids, offsets, bos)
    return Tokens((*ids, end_of_text), (*offsets, (len(text), len(text))), bos)


def check_chat(chat: ChatTemplate | None) -> ChatTemplate:
    """The chat template, where there is one.

    Raises:
        UserError: there is none.
    """
    if chat is None:
        raise UserError(
            "the PM's tokenizer has no chat template",
            todo="Choose another --readout: last-text-token or appended-end-of-text.",
        )
    return chat


def _through(chat: ChatTemplate, tokenizer: Tokenizer, text: str) -> Tokens:
    rendered = chat.render(text)
    encoding = tokenizer.encode(rendered.text, add_special_tokens=False)
    return Tokens(
        tuple(encoding.ids),
        tuple(rendered.span(start, end) for start, end in encoding.offsets),
        bos=encoding.ids[:1] == [bos_of(tokenizer)],
    )
