"""The population's answer, as data: what `outvoted report` prints and its JSON holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.cache.comparison_records import NaturalAgainstCustom
from engine.cache.likelihood import MeasuredBy
from engine.cache.manifest import Manifest
from engine.cache.population import BeforeAndAfter, DeletionControl
from engine.cache.records import Suspicion
from engine.cache.run_records import Figures, Insertion
from engine.cache.source_info import SourceInfo
from engine.cache.training import Told
from engine.heuristics import Heuristic, Kind
from engine.verdict import (
    Calibration,
    Candidate,
    Interval,
    NoTemperature,
    Outvoter,
    Scores,
    Shares,
    TemperatureInterval,
    Verdict,
    about_these_features_only,
)

POOLED = "all"
"""What the row over all tranches is called."""


@dataclass(frozen=True, slots=True)
class MarginsRow:
    """Margins and calibration of one tranche, or of all of them."""

    tranche: str
    pooled: bool
    in_index: int
    """How many pairs the index has there."""
    calibration: Calibration | None
    """Over the margins that stand for them; None without any."""
    mean_margin: Interval | None
    accuracy: Interval | None
    temperature: TemperatureInterval | None
    """None where no T is best."""
    no_temperature: NoTemperature | None
    """Why that is so."""
    temperatures: tuple[float, float] | None
    """Of either fold by context, fitted on the other; None where a fold has none."""
    at_temperature: Scores | None
    """At those."""


@dataclass(frozen=True, slots=True)
class Margins:
    """Margins by tranche, and whose they are."""

    complete: bool
    """Whether every pair of the index stands for itself, and no sample for it."""
    pairs: int
    pooled: MarginsRow
    tranches: tuple[MarginsRow, ...]


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """Pairs that the PM was trained on against those that it was not."""

    told: Told
    rows: tuple[MarginsRow, ...]
    """Of the seen, the unseen and the unknown pairs, where there are any."""
    accuracy: Interval | None
    """Of seen pairs less that of unseen ones; None without both."""
    mean_margin: Interval | None


@dataclass(frozen=True, slots=True)
class LikelihoodRow:
    """How usual the responses of some pairs are, in nats per token."""

    of: str
    pairs: int
    chosen: Interval | None
    rejected: Interval | None


@dataclass(frozen=True, slots=True)
class LikelihoodReport:
    """The pairs that stand for the index, as a language model finds them."""

    by: MeasuredBy
    rows: tuple[LikelihoodRow, ...]
    """All of them; then the seen, unseen and unknown ones, where somebody told."""


@dataclass(frozen=True, slots=True)
class BearerLikelihood:
    """How usual responses with a pattern are, in nats per token, and the other sides."""

    of: str
    pairs: int
    bearer: Interval | None
    other: Interval | None


@dataclass(frozen=True, slots=True)
class KindReport:
    """One heuristic's counterexamples, or its conforming pairs."""

    kind: Kind
    pooled: Shares
    by_tranche: Mapping[str, Shares]
    by_seen: Mapping[str, Shares]
    """Of seen, unseen and unknown pairs, where there are any; empty where nobody told."""
    outvoted_by: Mapping[Outvoter, int]
    confident: int
    """`pm-wrong` with a probability under a quarter for the label."""
    decisive: int
    """Pairs whose margin changes its sign when the pattern is deleted."""
    random_misses: int | None
    """Pairs that would be `sae-miss` with a random error of the SAE error's norm in its place;
    None: unmeasured."""
    absent: tuple[Verdict, ...]
    """The verdicts that fall on none of the pairs."""
    suspects: Mapping[Verdict, int]
    """Pairs whose label may be wrong, by verdict, where there are any."""
    suspicions: Mapping[Verdict, Mapping[Suspicion, int]]
    """The same, by verdict and by why."""


@dataclass(frozen=True, slots=True)
class HeuristicReport:
    """All that the run says of one heuristic."""

    heuristic: Heuristic
    chosen_only: int
    rejected_only: int
    both: int
    direction_judged: str
    """`auto` is resolved here, where the deletion effect gives a side."""
    deletion: DeletionControl
    features: tuple[int, ...]
    folds: tuple[tuple[Candidate, ...], ...]
    """The candidates that judge each fold; empty for pins."""
    jaccard: float | None
    in_sample: bool
    pinned: bool
    pinned_by: str | None
    """The user whose triage file does; None where the heuristic was written with its pins."""
    vote_threshold: float | None
    """None: the run does not know the heuristic."""
    by_margins: bool
    """Whether margins alone judge its bearers, since no more than rewards was imported: `tie` and
    `pm-wrong` are told."""
    coverage: Interval | None
    coverage_all: Interval | None
    counterexamples: KindReport
    conforming: KindReport
    differences: Mapping[Verdict, Interval]
    """Shares among counterexamples less those among conforming pairs."""
    custom: NaturalAgainstCustom | None = None
    """None: no custom pair with a bearer is kept of this run."""
    insertion: Insertion | None = None
    """What the pattern does to the rewards of responses that lack it; None: unmeasured."""
    likelihood: tuple[BearerLikelihood, ...] = ()
    """Of all bearers; then of seen, unseen and unknown ones, where somebody told."""
    pushes: Mapping[int, float] = field(default_factory=dict)
    """By feature: its mean attribution to the bearers' own rewards. It stands beside candidates
    and picks none."""
    rewards: BeforeAndAfter | None = None
    """Of the bearers, with the pattern and without it; None: unmeasured."""

    @property
    def about(self) -> str | None:
        """What the verdicts speak of; None where the features' coverage is unmeasured."""
        if self.coverage is None:
            return None
        only = about_these_features_only(self.coverage.estimate)
        return "these features, not the heuristic" if only else "the heuristic"

    @property
    def judged(self) -> bool:
        """Whether the run passed verdicts that stand, by more than margins alone."""
        kinds = (self.counterexamples.pooled, self.conforming.pooled)
        return not self.by_margins and any(
            each.count
            for kind in kinds
            for verdict, each in kind.verdicts.items()
            if verdict is not Verdict.UNMEASURED
        )

    @property
    def withheld(self) -> str | None:
        """Why shares are withheld; None where they are not."""
        match self.deletion.held:
            case "held" | "no deletion":
                return None
            case "not held":
                return "this PM does not hold the heuristic"
            case "undetermined":
                return "whether this PM holds the heuristic is undetermined"
            case "unmeasured":
                return "this run has not measured the heuristic"


@dataclass(frozen=True, slots=True)
class Report:
    """One run's answer."""

    index: str
    pairs: int
    """Of the index."""
    manifest: Manifest
    figures: Figures
    margins: Margins
    training: TrainingReport | None
    """None: nobody told what the PM was trained on."""
    heuristics: tuple[HeuristicReport, ...]
    sources: tuple[SourceInfo, ...]
    """What the index was made from."""
    likelihood: LikelihoodReport | None = None
    """None: no language model was asked."""
    contexts_cut: int = 0
    """Measured pairs whose context lost its oldest tokens: with them they do not fit the PM."""
    most_cut: int = 0
    """Tokens that the longest of them lost."""
    suspects: int = 0
    """Pairs of the index whose label may be wrong."""
    suspicions: Mapping[Suspicion, int] = field(default_factory=dict)
    """Why: a pair may be suspect for several reasons."""
    duplicates_looked_for: bool = False
    """Whether near-duplicates of the index are known: `outvoted suspects` finds them."""
    without_suspects: bool = False
    """Whether they are left out of margins and verdicts."""

    @property
    def run(self) -> str:
        return self.manifest.config.run
