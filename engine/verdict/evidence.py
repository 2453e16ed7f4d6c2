"""What a verdict is judged from, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.verdict.verdict import Outvoter, Verdict


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a figure must exceed to count. All in units of reward but `silent_activation`."""

    margin: float
    """epsilon_m: max(2 tau, 5% of the median absolute margin)."""
    vote: float
    """epsilon: max(epsilon_m, 95th percentile of the votes of random feature groups)."""
    silent_activation: float
    """Activations below it are silent: the selection bearers' 10th percentile, or 0."""
    confident_below: float = 0.25
    """`pm-wrong` is `confident` where sigmoid(margin) is below this probability."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The figures of one (pair, heuristic) that a verdict is made of."""

    counterexample: bool
    margin: float
    margin_sae: float
    has_features: bool
    effect: float | None
    """E_F(S), exact; None where it is not measured or there are no features."""
    activation: float | None
    """a_F, the maximum over S of the sum of f_i times the norm of W_dec[i]."""
    drop_without_others: float | None
    """How much ablating all other features over P (error kept) lowers the margin."""
    drop_without_error: float | None
    """How much removing the SAE error over P lowers the margin."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, how sure it is, and what would have been next."""

    verdict: Verdict
    confident: bool
    by: Outvoter | None
    vote: float | None
    runner_up: Verdict | None
    """The verdict beyond the nearest threshold."""
    distance: float | None
    """How far that threshold is, in units of itself."""
