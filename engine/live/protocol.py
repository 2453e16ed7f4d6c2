"""The messages between a browser and a running PM: JSON, one message a line.

Requests carry texts, never rows of somebody's index. Whatever does not fit a message's fields is
refused by name, on both sides: the other end may be another version, or not Outvoted at all.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TypeAlias

from engine.cache.breakdown import Breakdown
from engine.errors import UserError
from engine.heuristics import Heuristic
from engine.hh import Side
from engine.plain import plain
from engine.shapes import build

PROTOCOL = 6
"""Of another one nothing is asked: a worker of version 1 knows no pins, one of version 3 no
effects over the responses and no template, one of version 4 no running reward without a group."""
LONGEST_LINE = 16 << 20
"""Bytes; asyncio's own limit of 64 KiB is less than a long transcript."""
NO_REQUEST = -1


@dataclass(frozen=True, slots=True)
class Hello:
    """The worker's first line."""

    protocol: int


@dataclass(frozen=True, slots=True)
class Load:
    """Load this PM and SAE; answered by `Loaded` or `Failed`."""

    id: int
    pm: str
    sae: str
    hook: str
    readout: str
    positions: str
    dtype: str
    device: str
    chat_template: str | None
    """In place of the tokenizer's own."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded measures this run."""

    id: int
    run: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A heuristic to look for, and the features that stand for it."""

    heuristic: Heuristic
    features: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """Measure one pair; answered by `Measured`, `Cancelled` or `Failed`."""

    id: int
    pair: int
    """The pair's id, which seeds what is random in the measurement."""
    context: str
    chosen: str
    rejected: str
    asked: tuple[Asked, ...]
    scales: dict[int, float]
    """By feature, what its activations over the responses are multiplied by."""
    pins: dict[int, float]
    """By feature, what its activations over the responses are set to."""


@dataclass(frozen=True, slots=True)
class BreakDown:
    """Take one pair's margin apart; answered by `BrokenDown`, `Cancelled` or `Failed`."""

    id: int
    context: str
    chosen: str
    rejected: str
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class BrokenDown:
    """One pair's margin by token and as waterfalls."""

    id: int
    breakdown: Breakdown


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop the measurement with this id at its next pause."""

    id: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The measurement with this id was stopped; the PM stays loaded."""

    id: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A `UserError` of the worker's."""

    id: int
    """Of the request; `NO_REQUEST` where a line was none."""
    what: str
    where: str | None
    todo: str | None


@dataclass(frozen=True, slots=True)
class MeasuredHeuristic:
    """Figures of one heuristic with a bearer."""

    name: str
    bearer: Side
    spans: tuple[tuple[int, int], ...]
    """In characters of the bearer's response."""
    effect: float | None
    activation: float | None
    random_effect: float | None
    effect_all: float
    drop_without_others: float | None
    drop_without_error: float
    effect_over_response: float | None
    reward_deleted: float | None
    reward_control: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """Fresh figures of one pair; the feature lists are parallel."""

    id: int
    reward_chosen: float
    reward_rejected: float
    reward_chosen_sae: float
    reward_rejected_sae: float
    truncated: int
    """How many of its oldest tokens the context lost."""
    feature: tuple[int, ...]
    activation_chosen: tuple[float, ...]
    activation_rejected: tuple[float, ...]
    attribution: tuple[float, ...]
    heuristics: tuple[MeasuredHeuristic, ...]

    def __post_init__(self) -> None:
        lists = (self.activation_chosen, self.activation_rejected, self.attribution)
        if any(len(figures) != len(self.feature) for figures in lists):
            raise ValueError("its lists of features are not equally long")


Message: TypeAlias = (
    Hello
    | Load
    | Loaded
    | Measure
    | Measured
    | BreakDown
    | BrokenDown
    | Cancel
    | Cancelled
    | Failed
)
_KINDS: dict[str, type[Message]] = {
    kind.__name__.lower(): kind
    for kind in (
        Hello,
        Load,
        Loaded,
        Measure,
        Measured,
        BreakDown,
        BrokenDown,
        Cancel,
        Cancelled,
        Failed,
    )
}


def encode(message: Message) -> bytes:
    """One line, its newline included. JSON escapes every control character.

    Raises:
        UserError: a figure in it is not finite, or the line would be too long to be read.
    """
    values = {"type": type(message).__name__.lower()} | asdict(message)
    try:
        line = json.dumps(values, allow_nan=False).encode() + b"\n"
    except ValueError:
        raise UserError(
            "a figure is not a finite number",
            todo="The PM's numbers overflow: use a wider dtype (float32).",
        ) from None
    if len(line) > LONGEST_LINE:
        raise UserError(f"the message has {len(line)} bytes, {LONGEST_LINE} at most are read")
    return line


def decode(line: bytes) -> Message:
    """The message of one line.

    Raises:
        UserError: it is none.
    """
    try:
        if len(line) > LONGEST_LINE:
            raise ValueError(f"it is longer than {LONGEST_LINE} bytes")
        values = json.loads(line)
        kind = values.pop("type", None) if isinstance(values, dict) else None
        if not isinstance(kind, str) or kind not in _KINDS:
            raise ValueError("it has no known type")
        return build(_KINDS[kind], values)
    except (ValueError, RecursionError) as error:
        shown = plain(line[:80].decode(errors="replace").strip(), keep_newlines=False)
        why = plain(str(error)[:200], keep_newlines=False)
        raise UserError(
            f"this is no message of protocol {PROTOCOL}: {shown} ({why})",
            todo="Run the same Outvoted on both ends, and nothing that prints to stdout.",
        ) from None
