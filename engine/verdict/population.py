"""A heuristic's pairs as a population: how often each verdict falls (docs/verdicts.md)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.heuristics.heuristic import Kind
from engine.verdict.intervals import Interval, difference_intervals, share_intervals
from engine.verdict.verdict import Verdict

COUNTERPART = {Verdict.OUTVOTED: Verdict.FOLLOWED, Verdict.FOLLOWED: Verdict.OUTVOTED}
"""The verdict of the other kind of pair that stands for the same vote; all others are shared."""


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """What a population needs to know of one pair."""

    verdict: Verdict
    margin: float
    """NaN: it was not measured."""
    tranche: str
    context_hash: str


@dataclass(frozen=True, slots=True)
class VerdictShare:
    """How often one verdict falls."""

    count: int
    share: Interval
    """Of all pairs of the kind, unmeasured ones among them."""
    of_pm_right: Interval | None
    """Its share of the pairs whose margin exceeds epsilon_m; None where there are none."""

    @property
    def share_of_pm_right(self) -> float | None:
        """The same without its interval."""
        return self.of_pm_right.estimate if self.of_pm_right else None


@dataclass(frozen=True, slots=True)
class Shares:
    """The verdicts of some pairs of one kind."""

    pairs: int
    measured: int
    """How many of them have a margin, whether or not anything judged them."""
    pm_right: int
    """How many have a margin above epsilon_m."""
    right: Interval | None
    """Their share of the measured pairs; None without any."""
    verdicts: dict[Verdict, VerdictShare]
    """Every verdict that the kind can have, in the table's order; empty without pairs."""


@dataclass(frozen=True, slots=True)
class KindShares:
    """The verdicts of all pairs of one kind."""

    pooled: Shares
    by_tranche: dict[str, Shares]
    """In the order in which tranches first occur."""


def verdicts_of(kind: Kind) -> tuple[Verdict, ...]:
    """The verdicts that pairs of a kind can have, in the table's order."""
    never = Verdict.FOLLOWED if kind == "counterexample" else Verdict.OUTVOTED
    return tuple(verdict for verdict in Verdict if verdict is not never)


def kind_shares(pairs: Sequence[JudgedPair], kind: Kind, margin_threshold: float) -> KindShares:
    """The verdicts of one heuristic's counterexamples, or of its conforming pairs."""
    tranches = dict.fromkeys(pair.tranche for pair in pairs)
    return KindShares(
        pooled=shares(pairs, kind, margin_threshold),
        by_tranche={
            tranche: shares([p for p in pairs if p.tranche == tranche], kind, margin_threshold)
            for tranche in tranches
        },
    )


def shares(pairs: Sequence[JudgedPair], kind: Kind, margin_threshold: float) -> Shares:
    """Counts and shares with 95% intervals over these pairs, all of one kind."""
    if not pairs:
        return Shares(0, 0, 0, None, {})
    right = np.array([pair.margin > margin_threshold for pair in pairs], dtype=np.bool_)
    known = [pair for pair in pairs if not math.isnan(pair.margin)]
    verdicts = verdicts_of(kind)
    flags = _flags(pairs, verdicts)
    intervals = share_intervals(flags, _contexts(pairs))
    those = [pair for pair, is_right in zip(pairs, right, strict=True) if is_right]
    of_right = share_intervals(flags[right], _contexts(those)) if those else None
    return Shares(
        pairs=len(pairs),
        measured=len(known),
        pm_right=int(right.sum()),
        right=_share_above(known, margin_threshold),
        verdicts={
            verdict: VerdictShare(
                count=int(flags[:, at].sum()),
                share=intervals[at],
                of_pm_right=of_right[at] if of_right else None,
            )
            for at, verdict in enumerate(verdicts)
        },
    )


def _share_above(known: Sequence[JudgedPair], margin_threshold: float) -> Interval | None:
    """The share of pairs with a margin above the threshold; None where there are no pairs."""
    if not known:
        return None
    above = np.array([[pair.margin > margin_threshold] for pair in known], dtype=np.bool_)
    return share_intervals(above, _contexts(known))[0]


def differences(
    counterexamples: Sequence[JudgedPair], conforming: Sequence[JudgedPair]
) -> dict[Verdict, Interval]:
    """Each verdict's share among counterexamples less its share among conforming pairs.

    Keyed by the counterexamples' verdict; `outvoted` is held against `followed`. With 95%
    intervals, bootstrapped over contexts. Empty where there are no pairs of either kind.
    """
    verdicts = verdicts_of("counterexample")
    intervals = difference_intervals(
        _flags(counterexamples, verdicts),
        _contexts(counterexamples),
        _flags(conforming, tuple(COUNTERPART.get(verdict, verdict) for verdict in verdicts)),
        _contexts(conforming),
    )
    return dict(zip(verdicts, intervals, strict=True)) if intervals is not None else {}


def _flags(pairs: Sequence[JudgedPair], verdicts: Sequence[Verdict]) -> npt.NDArray[np.bool_]:
    """[pairs, verdicts]"""
    rows = [[pair.verdict is verdict for verdict in verdicts] for pair in pairs]
    return np.array(rows, dtype=np.bool_).reshape(len(pairs), len(verdicts))


def _contexts(pairs: Sequence[JudgedPair]) -> list[str]:
    return [pair.context_hash for pair in pairs]
