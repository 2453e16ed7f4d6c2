"""What a discovery found, as the command line prints it and the browser shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

What = Literal["n-gram", "feature"]
Pushed = Literal["lowers", "raises"]


@dataclass(frozen=True, slots=True)
class Deleted:
    """What deleting it from some bearers does to their reward; above zero, it raised reward."""

    bearers: int
    mean: float
    low: float
    high: float
    control: float | None
    """Of a random span as long, over the bearers with room for one."""


@dataclass(frozen=True, slots=True)
class Discovered:
    """One thing that the PM holds against a response (`lowers`) or for it (`raises`)."""

    what: What
    text: str
    """The n-gram's words, or the feature's number."""
    pattern: str | None
    """The regular expression that finds an n-gram again, folded; None for a feature."""
    label: str | None
    """What a feature is called."""
    direction: Pushed
    chosen_only: int
    rejected_only: int
    both: int
    label_log_odds: float
    label_z: float
    measured: int
    """Pairs with a bearer and a known margin."""
    push: float
    push_z: float
    q: float
    """The rate of false discoveries among all that are at least as clear."""
    margin_chosen_only: float | None
    margin_rejected_only: float | None
    margin_without: float | None
    """Mean margins: where the bearer was chosen, where it was rejected, and of all other pairs."""
    label_share: float
    """Of the measured bearers, those that were chosen."""
    pm_share: float
    """Of the measured bearers, those that the PM expects to be chosen."""
    excess_z: float
    """Above zero, labels like it better than the PM does."""
    also: tuple[str, ...]
    """N-grams of the same direction that nearly the same pairs bear."""
    examples: tuple[str, ...]
    """Pairs with a bearer of an n-gram, as PAIR names them: those with the lowest content hash."""
    deletion: Deleted | None = None

    @property
    def beyond_labels(self) -> bool:
        """Whether labels over all bearers fall short of the push, and clearly so."""
        return self.excess_z > BEYOND if self.direction == "lowers" else self.excess_z < -BEYOND


BEYOND = 1.96


@dataclass(frozen=True, slots=True)
class Discovery:
    """All of it: those that lower reward first, the clearest first."""

    run: str
    index: str
    pairs: int
    measured: int
    """Pairs whose margin is known."""
    temperature: float | None
    length_slope: float
    min_pairs: int
    rate: float
    """The false discovery rate that is kept to, of n-grams and of features each."""
    ngrams_tested: int
    ngrams_found: int
    features_tested: int
    features_found: int
    found: tuple[Discovered, ...]
