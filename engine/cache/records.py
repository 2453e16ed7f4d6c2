"""What the screens and the command line are told: frozen records, no SQL and no tensors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from engine.heuristics import Heuristic, Kind
from engine.hh import Pair, Side
from engine.verdict import Held, Judgement, Outvoter, Thresholds, Verdict

if TYPE_CHECKING:  # numpy is loaded with duckdb, after the first frame
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    # What no first frame shows is only named here: it starts without them.
    from engine.cache.breakdown import TokenEffects
    from engine.cache.comparison_records import Comparison, NaturalAgainstCustom, PairInRun
    from engine.cache.custom import CustomPair
    from engine.cache.feature_records import FeatureDetail
    from engine.cache.sealed import Standing
    from engine.cache.triage_report import TriageReport
    from engine.filters import Filter, Vocabulary

SortKey = Literal[
    "row",
    "margin",
    "margin_sae",
    "gap",
    "reward_chosen",
    "reward_rejected",
    "vote",
    "effect",
    "effect_all",
    "activation",
    "deletion_effect",
    "distance",
]
SORT_KEYS: tuple[SortKey, ...] = get_args(SortKey)
"""The figures of engine.filters, in their order."""

Seen = Literal["seen", "unseen", "unknown"]
"""Whether the PM was trained on a pair: told by the user, never guessed."""
SEEN: tuple[Seen, ...] = ("seen", "unseen", "unknown")


@dataclass(frozen=True, slots=True)
class HeuristicCard:
    """One line of the overview."""

    heuristic: Heuristic
    held: Held
    chosen_only: int
    rejected_only: int
    both: int
    counterexamples: dict[Verdict, int]
    """Verdicts of the counterexamples; all `unmeasured` without a run."""
    conforming: dict[Verdict, int]
    features: tuple[int, ...]
    coverage: float | None
    deletion_effect: float | None


@dataclass(frozen=True, slots=True)
class TrancheCard:
    """Margins of one tranche, over the pairs that stand for it (never over bearers alone)."""

    tranche: str
    pairs: int
    measured: int
    mean_margin: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class RunCard:
    """One run: how its figures were measured."""

    run: str
    pm: str
    sae: str
    hook: str
    readout: str
    dtype: str
    pairs: int
    noise_floor: float
    margin_threshold: float
    fvu: float | None
    reward_recovered: float | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The first screen. It is read from a JSON snapshot, before duckdb is loaded."""

    index: str
    pairs: int
    run: RunCard | None
    heuristics: tuple[HeuristicCard, ...]
    tranches: tuple[TrancheCard, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A reading sample: so many of a list's pairs, drawn by their texts and a seed.

    The pairs with the lowest MD5 of `seed:content hash`, in that order: the same pairs in every
    index, whoever draws, and however the list was sorted.
    """

    size: int
    seed: int


@dataclass(frozen=True, slots=True)
class Query:
    """Which pairs, in what order. Values only: nothing in it is ever read as SQL."""

    heuristic: str | None = None
    """A heuristic's name, or None for every pair of the index, whatever its kind and verdict."""
    kind: Kind | None = "counterexample"
    """None: both kinds."""
    verdicts: frozenset[Verdict] = frozenset()
    """Empty: all of them."""
    tranche: str | None = None
    text: str = ""
    """A literal text that either transcript must contain; letters match in both cases."""
    marks: frozenset[str] = frozenset()
    """Triage marks to keep; empty: all, marked or not."""
    suspect: bool | None = None
    """Whether the label may be wrong; None: either."""
    seen: Seen | None = None
    """Whether the PM was trained on it, as it was told; None: either."""
    filter: Filter | None = None
    """What was typed on the filter line, read."""
    sort: SortKey = "row"
    descending: bool = False
    sample: Sample | None = None
    """Of what matches, only these, in the sample's own order."""


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
    suspect: bool
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
    flags: tuple[str, ...] = field(default=())
    others: tuple[Said, ...] = ()
    """What others marked and noted, by user."""
    seen: Seen = "unknown"
    tokens: TokenEffects | None = None
    """Attributions by token, where the run holds them."""
    likelihood: Likelihood | None = None
    """None: no language model was asked."""
    hidden: bool = False
    """Blind mode: what was measured is left out until the pair is marked."""


class Reader(Protocol):
    """Every question a screen may ask of an index. Calls block; screens make them in a thread."""

    def overview(self) -> Overview: ...

    def ids(self, query: Query) -> npt.NDArray[np.int64]:
        """The ids of all pairs that match, in order."""
        ...

    def found(self, query: Query) -> Iterator[Found]:
        """The same, as it is found: the last one is complete. Each step is a short question."""
        ...

    def cells(self, query: Query) -> tuple[Cell, ...]:
        """The pairs that a query's heuristic, filter and text leave, counted for its facets.

        Its kind, verdicts, tranche, marks, suspicion and seen are the facets, and left out.
        """
        ...

    def vocabulary(self) -> Vocabulary:
        """The words that a filter of this index may hold."""
        ...

    def look_at(self, heuristic: Heuristic) -> Overview:
        """Find who bears one more pattern; the overview with it, its verdicts `unmeasured`.

        Raises:
            UserError: the pattern is at fault, or another heuristic has its name.
        """
        ...

    def keep_heuristic(self, heuristic: Heuristic) -> Path:
        """Append a heuristic to the user's file; which one that is.

        Raises:
            UserError: the file cannot be written, or has a heuristic of that name.
        """
        ...

    def rows(self, ids: npt.NDArray[np.int64], query: Query) -> tuple[PairRow, ...]:
        """One record for each id, in the order given."""
        ...

    def pair(self, identifier: int) -> PairDetail: ...

    def feature(self, feature: int) -> FeatureDetail:
        """One SAE feature over all pairs of the run.

        Raises:
            UserError: the index has no run, or its SAE no such feature.
        """
        ...

    def standing(self) -> Standing | None:
        """The margins that stand for the index; None without a run."""
        ...

    def other_runs(self) -> tuple[str, ...]:
        """The ids of the index's other sealed runs, the newest first."""
        ...

    def compare(self, other: str) -> Comparison:
        """The run beside another one of the index.

        Raises:
            UserError: there is no run, or the other one cannot be read.
        """
        ...

    def over_runs(self, identifier: int) -> tuple[PairInRun, ...]:
        """One pair in every sealed run, in the order of their hook points.

        Raises:
            UserError: there is no such pair, or a run cannot be read.
        """
        ...

    def customs(self) -> tuple[NaturalAgainstCustom, ...]:
        """Each heuristic's bearers against the custom pairs kept of this run.

        Raises:
            UserError: the custom pairs cannot be read.
        """
        ...

    def mark(self, identifier: int, mark: str | None, *, hidden: bool = False) -> None:
        """Append a triage mark; None takes it back. The pair's note stays as it is.

        Args:
            identifier: the pair.
            mark: the mark.
            hidden: whether the screen hid verdict and figures. The pair's first mark is then
                kept as the blind one, which agreement is counted over.

        Raises:
            UserError: the triage file cannot be written.
        """
        ...

    def note(self, identifier: int, note: str | None) -> None:
        """Append a note; None removes it. The pair's mark stays as it is.

        Raises:
            UserError: the triage file cannot be written.
        """
        ...

    def undo(self) -> Undone | None:
        """Take back the user's last mark or note; None where there is none left.

        Raises:
            UserError: the triage file cannot be written.
        """
        ...

    def marks(self) -> dict[int, str]:
        """The user's own marks by pair id."""
        ...

    def keep(self, customs: Sequence[CustomPair]) -> Path:
        """Keep measured edits as the user's custom pairs; the file that holds them.

        Raises:
            UserError: the file cannot be written.
        """
        ...

    def triage(self, heuristic: str | None) -> TriageReport:
        """Everybody's marks side by side; blind ones by the heuristic's verdicts too."""
        ...

    def close(self) -> None: ...
