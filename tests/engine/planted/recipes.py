"""What a pair must hold for a verdict: the right answers, before any arithmetic.

All in units of reward (a unit is about a half). The pattern's features push the margin by 2, one
way or the other, as form and kind decide; the words beside it push by `rest` through features of
the dictionary, and by `odd` outside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.heuristics import Kind
from engine.verdict import Outvoter, Verdict
from tests.engine.planted.words import Form


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way to a verdict."""

    verdict: Verdict
    form: Form
    rest: int = 0
    """Units toward chosen from words that features stand for."""
    odd: int = 0
    """Words of 2 units each toward chosen, from outside the dictionary."""
    by: Outvoter | None = None
    confident: bool = False
    decisive: bool | None = False
    """Whether without the pattern the margin has another sign; None: nobody can say of a tie."""
    hushed: bool = False
    """The human's words silence the pattern's features."""
    rude: bool = False
    """Rude words of the human's weigh less in a long response, and chosen is the long one."""
    level: bool = False
    """Both responses have the same number of tokens, so that nothing but the words counts."""


_INERT = (Recipe(Verdict.INERT, "even", 4), Recipe(Verdict.INERT, "even", 2))
_SAE_MISS = (Recipe(Verdict.SAE_MISS, "even", odd=2), Recipe(Verdict.SAE_MISS, "plain", odd=2))
_EVEN_TIE = Recipe(Verdict.TIE, "even", level=True, decisive=None)
_EVEN_WRONG = Recipe(Verdict.PM_WRONG, "even", -1)

OUTVOTED = (
    Recipe(Verdict.OUTVOTED, "plain", 8, by="features"),
    Recipe(Verdict.OUTVOTED, "plain", 4, by="features"),
    Recipe(Verdict.OUTVOTED, "plain", odd=1, rude=True, by="error"),
)
RICH = Recipe(Verdict.OUTVOTED, "rich", -1, by="features", decisive=True)
"""What stands at the pattern itself outvotes its features. Rare: in more than a twentieth of the
bearers it would set the vote's threshold."""
FOLLOWED = (
    Recipe(Verdict.FOLLOWED, "plain", 2),
    Recipe(Verdict.FOLLOWED, "plain", 6),
    Recipe(Verdict.FOLLOWED, "plain", -1, decisive=True),
)
_COUNTEREXAMPLES = (
    *OUTVOTED,
    *_INERT,
    *_SAE_MISS,
    _EVEN_TIE,
    _EVEN_WRONG,
    Recipe(Verdict.CONTRARY, "mild", 2),
    Recipe(Verdict.CONTRARY, "mild", -1, decisive=True),
    Recipe(Verdict.TIE, "plain", 2, level=True, decisive=None),
    Recipe(Verdict.PM_WRONG, "plain", -6, confident=True),
    Recipe(Verdict.PM_WRONG, "plain", 1, decisive=True),
)
_CONFORMING = (
    *FOLLOWED,
    *_INERT,
    *_SAE_MISS,
    _EVEN_TIE,
    _EVEN_WRONG,
    Recipe(Verdict.CONTRARY, "mild", 4),
    Recipe(Verdict.CONTRARY, "mild", 8),
    Recipe(Verdict.TIE, "plain", -2, level=True, decisive=None),
    Recipe(Verdict.PM_WRONG, "plain", -8, confident=True),
    Recipe(Verdict.PM_WRONG, "mild", 1, decisive=True),
)
MUTE = Recipe(Verdict.SILENT, "mute", 4)
FAINT = Recipe(Verdict.SILENT, "faint", 4)
"""Active, but less than nine tenths of the bearers: silent where the threshold is above zero."""
HUSHED = Recipe(Verdict.SILENT, "even", 4, hushed=True)


def usual(kind: Kind) -> tuple[Recipe, ...]:
    """One round of pairs of a kind: every verdict that features can have, but `silent`."""
    return _COUNTEREXAMPLES if kind == "counterexample" else _CONFORMING


def less_active(kind: Kind) -> tuple[Recipe, ...]:
    """Pairs whose pattern votes as in others, but less actively."""
    voting = OUTVOTED[:2] if kind == "counterexample" else FOLLOWED[:2]
    wrong = Recipe(Verdict.PM_WRONG, "low", 1 if kind == "counterexample" else -3)
    return (
        *(replace(one, form="low") for one in voting),
        replace(wrong, decisive=kind == "counterexample"),
    )


def unknown(kind: Kind) -> tuple[Recipe, ...]:
    """Pairs of a pattern that no feature stands for; it pushes from outside the dictionary."""
    right = (8, 10) if kind == "counterexample" else (4, 6)
    level = 2 if kind == "counterexample" else -2
    return (
        *(Recipe(Verdict.NO_FEATURE, "plain", rest) for rest in right),
        Recipe(Verdict.TIE, "plain", level, level=True, decisive=None),
        Recipe(Verdict.PM_WRONG, "plain", -8, confident=True),
    )
