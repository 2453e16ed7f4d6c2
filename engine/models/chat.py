"""A transcript as the PM's chat template writes it, and which of its characters went where.

A template is a program in a sandboxed language: it may drop, trim or rewrite what it is given. So
nothing is assumed. Each text is rendered twice, once with placeholders for its messages: if the
real text is the placeholders' frame with the messages in it, trimmed at most, every character's
place is known; where it is not, the text is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import jinja2
from transformers import PreTrainedTokenizerBase

from engine.errors import UserError
from engine.hh.transcript import Turn, turns
from engine.models.weights import first_line

_ROLES = {"human": "user", "assistant": "assistant"}
_DATE = {"%d": "26", "%m": "07", "%Y": "2024", "%y": "24", "%b": "Jul", "%B": "July"}
"""What templates that ask for the date are told (Llama 3.2's own fallback): runs must repeat."""
# With its line end, which the environment trims, so that what follows it begins a line as before.
_CLOCK = (
    "{% macro strftime_now(format) %}{{ format"
    + "".join(f" | replace('{code}', '{value}')" for code, value in _DATE.items())
    + " }}{% endmacro %}\n"
)
_TRIMMED = (None, "\n")
"""What templates trim from a message: blanks of every kind (None), or line ends alone."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters that were taken over as they are."""

    start: int
    """In the rendered text."""
    origin: int
    """In the transcript."""
    length: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered transcript."""

    text: str
    pieces: tuple[Piece, ...]
    """In the order of both texts; what lies between them is the template's own."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Characters of the transcript for characters of the rendered text.

        The template's own have an empty span, after the last message before them.
        """
        before = 0
        inside: list[tuple[int, int]] = []
        for piece in self.pieces:
            low, high = max(start, piece.start), min(end, piece.start + piece.length)
            if low < high:
                shift = piece.origin - piece.start
                inside.append((low + shift, high + shift))
            elif piece.start + piece.length <= start:
                before = piece.origin + piece.length
        return (inside[0][0], inside[-1][1]) if inside else (before, before)


@dataclass(frozen=True, slots=True)
class Message:
    """One message: where its text lies in the transcript."""

    role: str
    parts: tuple[tuple[int, int], ...]

    def text(self, transcript: str) -> str:
        return "".join(transcript[start:end] for start, end in self.parts)


def messages(transcript: str) -> tuple[Message, ...]:
    """The turns of a transcript as messages.

    A message is a turn's text less the one space after its marker. Turns of one role in a row
    are one message with a blank line between them, since many templates insist on taking turns.

    Raises:
        UserError: the transcript does not begin with a turn.
    """
    found = turns(transcript)
    if not found or found[0].marker != 0:
        raise UserError(
            "it is no transcript that a chat template could render: it does not begin with a turn",
            todo="Begin it with a blank line and `Human:`, or choose another readout.",
        )
    made: list[Message] = []
    for turn in found:
        text = _text(turn, transcript)
        role = _ROLES[turn.role]
        if made and made[-1].role == role:
            # The marker's own blank line is the one between them.
            gap = (turn.marker, turn.marker + 2)
            made[-1] = Message(role, (*made[-1].parts, gap, text))
        else:
            made.append(Message(role, (text,)))
    return tuple(made)


class ChatTemplate:
    """A chat template, a tokenizer's own or another, without a generation prompt."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, template: str | None = None) -> None:
        self._tokenizer = tokenizer
        self._template = template
        self._frame = cache(self._make_frame)

    def render(self, transcript: str) -> Rendered:
        """Render a transcript.

        Raises:
            UserError: the template refuses it, or changes its messages beyond trimming them.
        """
        made = messages(transcript)
        contents = [message.text(transcript) for message in made]
        roles = tuple(message.role for message in made)
        text = self._apply(roles, contents)
        frame = self._frame(roles)
        kept = _aligned(text, frame, contents)
        if kept is None:
            raise UserError(
                "the PM's chat template changes this text beyond trimming its messages, so that "
                "no character's place in it is known",
                todo="Leave this pair out, or choose another readout.",
            )
        return Rendered(text, tuple(_pieces(frame, made, contents, kept)))

    def _make_frame(self, roles: tuple[str, ...]) -> tuple[str, ...]:
        """What the template writes before, between and after messages of these roles."""
        marks = [f"\ue000{number}\ue001" for number in range(len(roles))]
        rest = self._apply(roles, marks)
        frame = []
        for mark in marks:
            before, found, rest = rest.partition(mark)
            if not found or mark in rest:
                raise UserError(
                    "the PM's chat template does not render every message once and in order",
                    todo="Choose another readout.",
                )
            frame.append(before)
        return (*frame, rest)

    def _apply(self, roles: Sequence[str], contents: Sequence[str]) -> str:
        conversation = [
            {"role": role, "content": content}
            for role, content in zip(roles, contents, strict=True)
        ]
        try:
            template = self._template or self._tokenizer.get_chat_template()
            if "strftime_now" in template:
                template = _CLOCK + template
            rendered = self._tokenizer.apply_chat_template(
                conversation, chat_template=template, tokenize=False
            )
        except (jinja2.TemplateError, ValueError, TypeError) as error:
            raise UserError(
                f"the PM's chat template does not render it: {first_line(error)}",
                todo="Leave this pair out, or choose another readout.",
            ) from None
        return str(rendered)


def _text(turn: Turn, transcript: str) -> tuple[int, int]:
    start = turn.start + (transcript[turn.start : turn.start + 1] == " ")
    return min(start, turn.end), turn.end


def _trims(content: str) -> tuple[str, ...]:
    """A message as it is, then each way to trim it that changes it."""
    ways = (way(content, what) for what in _TRIMMED for way in (str.strip, str.lstrip, str.rstrip))
    return tuple(dict.fromkeys((content, *ways)))


def _aligned(text: str, frame: Sequence[str], contents: Sequence[str]) -> tuple[str, ...] | None:
    """What was left of each message, if `text` is nothing but the frame with them in it."""

    def go(number: int, start: int) -> tuple[str, ...] | None:
        if number == len(contents):
            return () if start == len(text) else None
        after = frame[number + 1]
        for kept in _trims(contents[number]):
            end = start + len(kept)
            if text.startswith(kept, start) and text.startswith(after, end):
                rest = go(number + 1, end + len(after))
                if rest is not None:
                    return (kept, *rest)
        return None

    return go(0, len(frame[0])) if text.startswith(frame[0]) else None


def _pieces(
    frame: Sequence[str], made: Sequence[Message], contents: Sequence[str], kept: Sequence[str]
) -> Iterator[Piece]:
    start = 0
    for own, message, content, trimmed in zip(frame, made, contents, kept, strict=False):
        start += len(own)
        # A text of blanks alone, trimmed away, is nowhere; it still has its place.
        skip = content.index(trimmed) if trimmed else 0
        left = len(trimmed)
        for low, high in message.parts:
            skipped = min(skip, high - low)
            length = min(high - low - skipped, left)
            yield Piece(start, low + skipped, length)
            skip, left, start = skip - skipped, left - length, start + length
