"""Pairs as the lists, the pair screen and the command line are told of them: frozen records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.cache.records import Seen, Suspicion
from engine.heuristics import Heuristic, Kind
from engine.hh import Pair, Side
from engine.verdict import Judgement, Outvoter, Thresholds, Verdict

if TYPE_CHECKING:  # numpy is loaded with duckdb, after the first frame
    import numpy as np
    import numpy.typing as npt

    from engine.cache.breakdown import TokenEffects


@dataclass(frozen=True, slots=True)
class Found:
    """What a list holds so far: a search goes through the index piece by piece."""

    ids: npt.NDArray[np.int64]
    """In the query's order."""
    searched: int
    """How many pairs were looked at."""
    complete: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """How many pairs of a list are alike in all that its facets tell apart."""

    kind: Kind | None
    verdict: Verdict
    tranche: str
    mark: str | None
    suspicions: tuple[Suspicion, ...]
    """In the order of their names; none: the label is not suspect."""
    seen: Seen
    pairs: int


@dataclass(frozen=True, slots=True)
class PairRow:
    """One line of the pairs screen."""

    id: int
    label: str
    """`split:row`, as the command line takes it."""
    tranche: str
    kind: Kind | None
    verdict: Verdict
    by: Outvoter | None
    margin: float | None
    margin_sae: float | None
    effect: float | None
    opposer: int | None
    """The strongest feature outside the heuristic's, by attribution."""
    before: str
    match: str
    after: str
    """The pattern in its surroundings, newlines and controls already made harmless."""
    mark: str | None
    confident: bool = False
    """`pm-wrong` only: the PM gives the label a probability under a quarter."""
    decisive: bool | None = None
    """Whether deleting the pattern changes the sign of the margin; None: unmeasured."""
    seen: Seen = "unknown"
    hidden: bool = False
    """Blind mode: what was measured is left out until the pair is marked."""


@dataclass(frozen=True, slots=True)
class HeuristicOnPair:
    """All that is known of one heuristic on one pair."""

    heuristic: Heuristic
    kind: Kind
    bearer: Side
    spans: tuple[tuple[int, int], ...]
    """In characters of the bearer's response; negative where a match begins in the context."""
    features: tuple[int, ...]
    in_sample: bool
    judgement: Judgement
    thresholds: Thresholds | None
    decisive: bool | None
    effect: float | None
    """E_F(S)."""
    activation: float | None
    effect_all: float | None
    """The same for all SAE features at the span."""
    random_effect: float | None
    """The same for a random group of active features of F's size."""
    deletion_effect: float | None
    """r(bearer) - r(bearer without the pattern); above zero: the pattern raises reward."""
    control_effect: float | None
    """The same for a random span of the same length."""
    drop_without_others: float | None
    drop_without_error: float | None
    effect_over_response: float | None = None
    """E_F(P): the same features over all response positions; None also in runs that were sealed
    before it was measured."""
    pinned: bool = False
    """Whether the user's pins judged it in place of the features that the run judged it with."""


@dataclass(frozen=True, slots=True)
class FeatureOnPair:
    """One feature on one pair, over the response positions P."""

    feature: int
    label: str | None
    activation_chosen: float
    activation_rejected: float
    attribution: float
    effect: float | None
    """The exact single effect over P, where it was measured."""


@dataclass(frozen=True, slots=True)
class Said:
    """What another user says of a pair."""

    user: str
    mark: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Undone:
    """A change to the user's triage that was taken back, and what stands again."""

    label: str
    """The pair's name."""
    id: int | None
    """None: the pair is not in this index any more, or has another text."""
    mark: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How usual a pair's responses are to a language model: log-likelihood per token, in nats."""

    lm: str
    chosen: float | None
    """None: an empty response, or one that is longer than the model reads."""
    rejected: float | None
    tokens_chosen: int
    tokens_rejected: int


@dataclass(frozen=True, slots=True)
class PairDetail:
    """The pair screen, and `outvoted show`."""

    pair: Pair
    run: str | None
    reward_chosen: float | None
    reward_rejected: float | None
    margin: float | None
    margin_sae: float | None
    heuristics: tuple[HeuristicOnPair, ...]
    features: tuple[FeatureOnPair, ...]
    mark: str | None
    note: str | None
    margin_random_error: float | None = None
    """The margin with a random error of the SAE error's norm: the control of `sae-miss`. None
    also of what was just measured: somebody waits for that."""
    truncated: int = 0
    """How many of its oldest tokens the context lost: the PM reads no more."""
    flags: tuple[str, ...] = field(default=())
    """Why the label may be wrong."""
    others: tuple[Said, ...] = ()
    """What others marked and noted, by user."""
    seen: Seen = "unknown"
    tokens: TokenEffects | None = None
    """Attributions by token, where the run holds them."""
    likelihood: Likelihood | None = None
    """None: no language model was asked."""
    hidden: bool = False
    """Blind mode: what was measured is left out until the pair is marked."""
    pins: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """What the user pinned, by `Heuristic.key`: fresh inference judges with it."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What stands beside its figures: what was cut, and why the label may be wrong."""
        if not self.truncated:
            return self.flags
        tokens = "1 token does" if self.truncated == 1 else f"{self.truncated:,} tokens do"
        return (f"context cut: its oldest {tokens} not fit the PM", *self.flags)
