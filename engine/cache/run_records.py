"""What a sealed run says of itself, and of each heuristic that it judged: frozen records."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.heuristics import DIRECTIONS, Direction, Heuristic
from engine.verdict.intervals import Interval
from engine.verdict.selection import Candidate

SCHEMA_VERSION = 1
RUN_FILE = "run.duckdb"
TOLD_FEATURES = 64
"""How many features of a pair are told, by |attribution|, beside the heuristics' own: attributions
by token are kept for these."""
STRONGEST = 32
"""How many features with the highest attribution stand beside a pair's margins: enough to find
the strongest one outside a heuristic's own, and no line of a list need look at the others."""


@dataclass(frozen=True, slots=True)
class IntegratedFigures:
    """Integrated gradients against exact single effects, and attribution on the same features."""

    pairs: int
    features: int
    steps: int
    spearman: float | None
    sign_agreement: float
    attribution_spearman: float | None
    attribution_sign_agreement: float
    gap: float | None
    """Completeness: sum over the pairs of |sum of A_i^IG - E(P) of all features|, over that of
    |E(P)|; None where all of these are 0."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of a run as a whole."""

    pairs: int
    """Pairs with base figures."""
    sample: int
    """Pairs with rewards that stand for the whole index."""
    tokens: int
    noise_floor: float
    margin_threshold: float
    fvu: float | None
    fvu_after_first: float | None
    reward_recovered: float | None
    reward_recovered_random: float | None
    """The same with a random error of equal norm in place of e."""
    sign_agreement: float | None
    attribution_pairs: int
    attribution_features: int
    attribution_spearman: float | None
    attribution_sign_agreement: float | None
    attribution_recall: float | None
    integrated: IntegratedFigures | None = None
    """None: of a run that was sealed before they were measured, or without bearers."""


@dataclass(frozen=True, slots=True)
class Insertion:
    """What inserting a pattern into responses that lack it does to their rewards: the mean of
    r(with it) - r(as it is), and its 95% interval."""

    pairs: int
    mean: float
    low: float
    high: float
    before: Interval | None = None
    """The mean reward as they are; None, as is `after`: sealed before it was kept."""
    after: Interval | None = None


@dataclass(frozen=True, slots=True)
class MeasuredHeuristic:
    """A heuristic as this run judged it."""

    heuristic: Heuristic
    direction: str
    """As judged: `auto` is resolved; `auto` still where the deletion effect gives no side."""
    folds: tuple[tuple[Candidate, ...], ...]
    """The candidates that judge each fold; empty for pins."""
    features: tuple[int, ...]
    jaccard: float | None
    in_sample: bool
    pinned: bool
    vote_threshold: float
    chosen_only: int
    rejected_only: int
    both: int
    insertion: Insertion | None = None
    """None: sealed before it was measured, a regular expression, or nothing to insert it into."""
    pinned_by: str | None = None
    """The user whose triage file pins `features`; None: they were found, or the heuristic was
    written with them."""

    @property
    def judged_as(self) -> Direction:
        return next((made for made in DIRECTIONS if made == self.direction), "auto")

    @property
    def as_judged(self) -> Heuristic:
        """The heuristic with the direction that it was judged by: what kind a pair is follows."""
        return replace(self.heuristic, direction=self.judged_as)
