"""What a measurement is asked for, and what it answers for each SAE."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from engine.cache.layout import IndexPaths
from engine.cache.training import Told
from engine.canonical import Json
from engine.heuristics import Heuristic
from engine.measure.instrument import Positions
from engine.measure.known import KnownAnswer
from engine.models.tokens import Readout


@dataclass(frozen=True, slots=True)
class SaeSettings:
    """What is said of one SAE alone."""

    hook: str | None = None
    """None: as the request says."""
    pins: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Heuristics of the request, each with the features that stand for it in this SAE."""
    labels: dict[int, str] = field(default_factory=dict)
    """What its features are called; the run keeps them."""


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """What the command line asks for."""

    paths: IndexPaths
    heuristics: tuple[Heuristic, ...]
    pm: str
    saes: tuple[str, ...]
    hook: str | None
    readout: Readout
    positions: Positions
    pairs: str
    dtype: str | None
    """None: half precision where the PM is stored in it and the GPU is made for it, else float32.
    Workers of a cluster, whose GPUs nobody here can ask, take float32."""
    device: str
    lm: str | None = None
    """The language model that says how usual the responses are."""
    told: Told = field(default_factory=Told)
    """What the PM was trained on; where nothing is told, what was told before stays."""
    settings: tuple[SaeSettings, ...] = ()
    """One for each of `saes`, or none."""
    chat_template: str | None = None
    """In place of the tokenizer's own."""
    known: tuple[KnownAnswer, ...] = ()
    """Checked before anything is measured."""
    run: str | None = None
    """The beginning of the id of the run that is meant, where other settings or pairs than those
    of an unfinished one are."""
    parts: str | None = None
    """A folder or URL to keep the parts of new runs in; None: their own folders."""
    ray: str | None = None
    """The cluster to measure on, as Ray names it, empty for the one that Ray finds; None: this
    process measures."""

    def of_sae(self, number: int) -> SaeSettings:
        """What is said of one of the SAEs."""
        return self.settings[number] if self.settings else SaeSettings()


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """One run, as `outvoted score --json` prints it."""

    run: str
    pairs: int
    tokens: int
    """Computed for it by this sitting; what was computed for several runs at once is counted of
    the first."""
    seconds: float
    """Of this sitting until the run was sealed, loading the models excluded."""
    pairs_per_second: float
    """Pairs whose rewards this sitting measured, over its seconds."""
    fvu: float | None
    reward_recovered: float | None
    sign_agreement: float | None
    noise_floor: float
    margin_threshold: float
    seen: int | None = None
    """Pairs of the index that the PM was trained on; None: nobody told."""
    unseen: int | None = None
    left_out: int = 0
    """Pairs that do not fit the PM, and that the filter of this sitting does not keep."""
    pins: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """By heuristic: the features that the user's triage file pins, where it does."""

    def to_json(self) -> dict[str, Json]:
        return asdict(self)
