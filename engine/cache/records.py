"""The first screen, and which pairs are asked for: frozen records, no SQL and no tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from engine.heuristics import Heuristic, Kind
from engine.verdict import Held, Verdict

if TYPE_CHECKING:  # no first frame shows a filter: it starts without them
    from engine.filters import Filter

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

Suspicion = Literal["identical", "tied", "contradicted", "near-duplicate", "called-wrong"]
SUSPICIONS: tuple[Suspicion, ...] = get_args(Suspicion)
"""Why a pair's label may be wrong, or why it counts twice."""

Suspect = Literal["yes", "no"] | Suspicion
"""Of any suspicion or of none, or of one of them."""
SUSPECTS: tuple[Suspect, ...] = ("yes", *SUSPICIONS, "no")

IMPORTED = "imported"
"""What stands for the readout of a run whose rewards were measured elsewhere."""


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
class SoFar:
    """A run that is not finished: how many pairs have figures in its finished parts."""

    run: str
    pairs: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The first screen. It is read from a JSON snapshot, before duckdb is loaded."""

    index: str
    pairs: int
    run: RunCard | None
    heuristics: tuple[HeuristicCard, ...]
    tranches: tuple[TrancheCard, ...]
    so_far: SoFar | None = None
    """Without a finished run: the one that is shown in its place, as far as it is."""


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
    suspect: Suspect | None = None
    """Whether the label may be wrong, or why; None: either."""
    seen: Seen | None = None
    """Whether the PM was trained on it, as it was told; None: either."""
    filter: Filter | None = None
    """What was typed on the filter line, read."""
    sort: SortKey = "row"
    descending: bool = False
    sample: Sample | None = None
    """Of what matches, only these, in the sample's own order."""
