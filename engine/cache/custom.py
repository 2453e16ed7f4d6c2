"""Custom pairs: edits that were measured and kept, one append-only file a user.

Each line holds all of it (the edit, the texts, the figures before and after), so that natural and
custom text can be compared without asking a PM again. Lines are keyed by run, pair and edit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from engine.cache.lines import append_line, read_lines
from engine.cache.pair_records import PairDetail
from engine.errors import UserError
from engine.heuristics import Heuristic, Kind
from engine.hh import PairName, Side
from engine.shapes import build
from engine.verdict import Outvoter, Thresholds, Verdict

VERSION = 1


@dataclass(frozen=True, slots=True)
class CustomEdit:
    """What was changed. All defaults: the pair was measured as it is."""

    response_chosen: str | None = None
    response_rejected: str | None = None
    ablate: tuple[int, ...] = ()
    scale: dict[int, float] = field(default_factory=dict)
    """By feature, what its activations over P were multiplied by."""
    pin: dict[int, float] = field(default_factory=dict)
    """By feature, what its activations over P were set to."""

    @property
    def of_features(self) -> bool:
        """Whether the PM itself was changed: such a pair says nothing of its text."""
        return bool(self.ablate or self.scale or self.pin)


@dataclass(frozen=True, slots=True)
class CustomHeuristic:
    """One heuristic with a bearer, as measured; the words are those of `HeuristicOnPair`."""

    heuristic: Heuristic
    kind: Kind
    bearer: Side
    spans: tuple[tuple[int, int], ...]
    features: tuple[int, ...]
    verdict: Verdict
    by: Outvoter | None
    vote: float | None
    effect: float | None
    activation: float | None
    effect_all: float | None
    random_effect: float | None
    deletion_effect: float | None
    control_effect: float | None
    decisive: bool | None
    thresholds: Thresholds | None


@dataclass(frozen=True, slots=True)
class CustomFigures:
    """The figures of one measurement, fresh or stored."""

    reward_chosen: float | None
    reward_rejected: float | None
    margin: float | None
    margin_sae: float | None
    heuristics: tuple[CustomHeuristic, ...]


@dataclass(frozen=True, slots=True)
class CustomPair:
    """One measured edit that was kept."""

    version: int
    run: str
    source: str
    split: str
    row: int
    content_hash: str
    """Of the pair it was made from: source, split and row name it, the hash guards them."""
    tranche: str
    words: str
    """The edit as a reader says it: `url deleted · 12 ablated`."""
    edit: CustomEdit
    context: str
    chosen: str
    rejected: str
    before: CustomFigures | None
    """The stored figures of the pair it was made from; None: the run never saw it."""
    after: CustomFigures
    seconds: float
    time: str
    """ISO 8601, UTC."""

    @property
    def name(self) -> PairName:
        """What names the pair it was made from."""
        return PairName(self.source, self.split, self.row)


class CustomFile:
    """One user's custom pairs. Lines are only ever appended."""

    def __init__(self, folder: Path, user: str) -> None:
        self.path = folder / f"{user}.jsonl"

    def append(self, kept: Iterable[CustomPair]) -> None:
        """Add a line for each.

        Raises:
            UserError: the file cannot be written, or a figure is not finite.
        """
        try:
            for custom in kept:
                append_line(self.path, asdict(custom))
        except OSError as error:
            raise UserError(
                f"the custom pair was not kept: {error.strerror}",
                where=str(self.path),
                todo="Make the folder writable, or name another one with --cache.",
            ) from None
        except ValueError:
            raise UserError(
                "the custom pair was not kept: a figure is not a finite number",
                where=str(self.path),
            ) from None

    def read(self, run: str | None = None) -> tuple[CustomPair, ...]:
        """All of them, oldest first, or those of one run; a line that is none is passed over.

        Raises:
            UserError: the file is there and cannot be read.
        """
        try:
            lines = read_lines(self.path)
        except OSError as error:
            raise UserError(
                f"custom pairs cannot be read: {error.strerror}",
                where=str(self.path),
                todo="Make the file readable, or move it away.",
            ) from None
        return tuple(made for made in _parsed(lines) if run in (None, made.run))


def read_customs(folder: Path, run: str | None = None) -> Mapping[str, tuple[CustomPair, ...]]:
    """Everybody's custom pairs, by user, of all runs or of one.

    Raises:
        UserError: a file cannot be read.
    """
    users = sorted(path.stem for path in folder.glob("*.jsonl"))
    return {user: CustomFile(folder, user).read(run) for user in users}


def custom_figures(detail: PairDetail) -> CustomFigures | None:
    """What is kept of a pair's figures; None where it was never measured."""
    if detail.margin is None:
        return None
    return CustomFigures(
        reward_chosen=detail.reward_chosen,
        reward_rejected=detail.reward_rejected,
        margin=detail.margin,
        margin_sae=detail.margin_sae,
        heuristics=tuple(
            CustomHeuristic(
                heuristic=on.heuristic,
                kind=on.kind,
                bearer=on.bearer,
                spans=on.spans,
                features=on.features,
                verdict=on.judgement.verdict,
                by=on.judgement.by,
                vote=on.judgement.vote,
                effect=on.effect,
                activation=on.activation,
                effect_all=on.effect_all,
                random_effect=on.random_effect,
                deletion_effect=on.deletion_effect,
                control_effect=on.control_effect,
                decisive=on.decisive,
                thresholds=on.thresholds,
            )
            for on in detail.heuristics
        ),
    )


def _parsed(lines: Iterable[str]) -> Iterator[CustomPair]:
    for line in lines:
        try:
            made = build(CustomPair, json.loads(line))
        except (ValueError, RecursionError):
            continue
        if made.version == VERSION:
            yield made
