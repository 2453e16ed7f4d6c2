"""What is told of two runs side by side, of one pair over all runs, and of custom text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.cache.records import RunCard
from engine.heuristics import Heuristic, Kind
from engine.verdict import Outvoter, Verdict


@dataclass(frozen=True, slots=True)
class ComparedMargins:
    """The margins of the pairs that both runs measured."""

    pairs: int
    correlation: float | None
    """Pearson's; None under two pairs, and where either run's margins are all the same."""
    agreeing: int
    """Pairs on which both margins have the same sign."""
    mean: float | None
    other_mean: float | None
    points: tuple[tuple[float, float], ...]
    """(margin, margin in the other run) of evenly spaced pairs, to draw."""


@dataclass(frozen=True, slots=True)
class DifferingPair:
    """A pair on which the two runs pass different verdicts."""

    id: int
    label: str
    """`split:row`, as the command line takes it."""
    tranche: str
    kind: Kind
    verdict: Verdict
    by: Outvoter | None
    other_verdict: Verdict
    other_by: Outvoter | None
    margin: float
    other_margin: float


@dataclass(frozen=True, slots=True)
class ComparedHeuristic:
    """One heuristic as both runs judge it."""

    heuristic: Heuristic
    pairs: int
    """Bearers with a verdict in both runs, of the same kind."""
    verdicts: Mapping[tuple[Verdict, Verdict], int]
    """How many have this verdict here and that one there."""
    differing: tuple[DifferingPair, ...]
    """By how far apart the margins are, the farthest first."""


@dataclass(frozen=True, slots=True)
class Apart:
    """One setting in which two runs differ."""

    name: str
    here: str
    there: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs of one index: this one, and another."""

    run: RunCard
    other: RunCard
    apart: tuple[Apart, ...]
    """What makes them two runs; never empty, since it is what a run's id is made of."""
    margins: ComparedMargins
    heuristics: tuple[ComparedHeuristic, ...]


@dataclass(frozen=True, slots=True)
class VerdictInRun:
    """One heuristic's verdict on a pair."""

    heuristic: str
    kind: Kind
    verdict: Verdict
    by: Outvoter | None
    vote: float | None
    effect: float | None


@dataclass(frozen=True, slots=True)
class PairInRun:
    """One pair as one run measured it."""

    run: RunCard
    margin: float | None
    """None: the run did not measure the pair."""
    margin_sae: float | None
    verdicts: tuple[VerdictInRun, ...]


@dataclass(frozen=True, slots=True)
class TextFigures:
    """The figures of one bearer, natural or custom."""

    context: str
    """What names its context: pairs that share one are not independent."""
    verdict: Verdict
    margin: float | None
    margin_sae: float | None
    vote: float | None
    effect: float | None
    activation: float | None
    deletion_effect: float | None


@dataclass(frozen=True, slots=True)
class NaturalAgainstCustom:
    """One heuristic's bearers in the index, and in the custom pairs kept of the same run."""

    heuristic: Heuristic
    natural: tuple[TextFigures, ...]
    custom: tuple[TextFigures, ...]
