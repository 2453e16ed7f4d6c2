"""What is told of one SAE feature over all pairs of a run: frozen records, no SQL."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.heuristics import Heuristic
from engine.hh import Side

if TYPE_CHECKING:  # numpy is loaded with duckdb, after the first frame
    from engine.verdict.selection import Candidate


@dataclass(frozen=True, slots=True)
class Firing:
    """One side: in how many pairs the feature is active there over P, and how strongly."""

    pairs: int
    mean: float | None
    """The mean, over those pairs, of the strongest activation; None without any."""


@dataclass(frozen=True, slots=True)
class Pushes:
    """What the feature does to the margins of all its pairs."""

    toward_chosen: float
    """Sum of the attributions above zero."""
    toward_rejected: float
    """Sum of those below zero."""
    checked: int
    """Pairs with an exact effect of this feature alone: a sampled few."""
    effect: float
    """Sum of those exact effects."""
    attribution_checked: float
    """Sum of the attributions on the same pairs, to hold against it."""
    agreeing: int
    """Pairs of them on which effect and attribution have the same sign."""


@dataclass(frozen=True, slots=True)
class FeatureHit:
    """One pair on which the feature is active."""

    id: int
    label: str
    """`split:row`, as the command line takes it."""
    tranche: str
    activation_chosen: float
    activation_rejected: float
    attribution: float
    effect: float | None
    """The exact single effect over P, where it was measured."""
    side: Side
    """Where the strongest token is; without stored tokens, where the activation is higher."""
    before: str
    match: str
    """The strongest token; empty where activations by token are not stored for the pair."""
    after: str
    """What follows it; without a token the beginning of the response."""


@dataclass(frozen=True, slots=True)
class FeatureOnHeuristic:
    """The feature on one heuristic's bearers, and whether it stands for the pattern."""

    heuristic: Heuristic
    pinned: bool
    pinned_by: str | None
    """The user whose pins the run judged it with; None: they were its own, or it had none."""
    judged_with: tuple[int, ...]
    """All features that the run judged it with."""
    judges: tuple[tuple[int, Candidate | None], ...]
    """The folds (1, 2) that are judged with it, and how it was found; None for a pin."""
    counterexamples: tuple[float, ...]
    """Strongest activation over P in the bearer's response, one a measured pair; 0: inactive."""
    conforming: tuple[float, ...]
    pins: tuple[int, ...] = ()
    """What the user who asks has pinned for it by now."""
    by_user: bool = False
    """Whether the pins that the run judged it with were that user's."""
    others: tuple[str, ...] = ()
    """Who else pinned this feature for it."""

    @property
    def to_judge(self) -> bool:
        """Whether the user's pins, or that they were taken back, are not judged with yet."""
        if not self.pins:
            return self.by_user
        return not self.pinned or self.pins != tuple(sorted(self.judged_with))


@dataclass(frozen=True, slots=True)
class FeatureDetail:
    """The feature screen."""

    feature: int
    label: str | None
    index: str
    run: str
    measured: int
    """Pairs of the run whose activations are stored."""
    active: int
    """Pairs of them on which the feature is active over P, on either side."""
    chosen: Firing
    rejected: Firing
    stronger_on_chosen: int
    """Active pairs on which its activation is higher in the chosen response."""
    pushes: Pushes
    heuristics: tuple[FeatureOnHeuristic, ...]
    """Those that use it first, then the others in the run's order."""
    hits: tuple[FeatureHit, ...]
    """The strongest, by activation."""


def pinned_now(detail: FeatureDetail, heuristic: Heuristic, pins: tuple[int, ...]) -> FeatureDetail:
    """The feature once the user's pins for a heuristic are these; another name is the same one."""
    return replace(
        detail,
        heuristics=tuple(
            replace(on, pins=pins) if on.heuristic.key == heuristic.key else on
            for on in detail.heuristics
        ),
    )
