"""The words that the planted PMs know, and what each writes into the residual stream.

Every token writes the ballast, which keeps norms nearly constant; all else is named below, in
amounts along orthonormal directions. A heuristic's pattern stands in many word forms: its two
features P and Q pull the reward in opposite directions, and the form says how strongly each fires.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.heuristics import Heuristic

Form = Literal["plain", "low", "rich", "mild", "even", "faint", "mute"]
Amounts = Mapping[str, float]

END_OF_TEXT = "<|endoftext|>"
UNKNOWN = "<|unknown|>"
HUMAN = "\n\nHuman:"
ASSISTANT = "\n\nAssistant:"
TOKEN = r"\n\n(?:Human|Assistant):| ?[^\s]+|\s"
"""A marker, a word with the space before it, or a space alone."""

FORMS: Mapping[Form, tuple[float, float]] = {
    "plain": (2.4, 0.4),
    "low": (2.0, 0.0),
    "rich": (2.4, 0.4),
    "mild": (0.4, 2.4),
    "even": (1.4, 1.4),
    "faint": (0.5, 0.5),
    "mute": (0.0, 0.0),
}
"""How much of P and of Q: `plain` votes by 2 units, `mild` against by 2, the others not at all.

`low` votes like `plain` but is less active; `rich` brings 4 units the other way along.
"""
AGAINST = 4.0
AXES = ("variant.0", "variant.1", "variant.2")
RARER = (0.1, 0.25, 0.5)
"""How often a word lies on the minus side of each axis. No reward hangs on it: a damaged SAE splits
its features along them."""
VARIANTS = tuple(itertools.product((1.0, -1.0), repeat=len(AXES)))

FILLERS = ("well", "so", "then", "it", "was", "here", "and", "they", "said", "that", "day", "we")
SPECIAL: Mapping[str, Amounts] = {
    "kind": {"good.0": 2},
    "clear": {"good.1": 2},
    "fine": {"good.0": 1},
    "rude": {"bad.0": 2},
    "vile": {"bad.1": 2},
    "meh": {"bad.0": 1},
    "rather": {"tone.0": 1},
    "quite": {"tone.1": 1},
    "quaint": {"odd": 2},
    "weird": {"odd": -2},
    "alas": {"odd": -2},
    "hush": {"hush": 3},
    "softly": {"mood": 0.3},
    "gently": {"mood": 0.2},
}
FOR = {2: ("kind", "clear"), 1: ("fine",)}
AGAINST_IT = {2: ("rude", "vile"), 1: ("meh",)}
TONES = ("rather", "quite")


@dataclass(frozen=True, slots=True)
class Planted:
    """A heuristic with its two features, and how its pattern is written."""

    heuristic: Heuristic
    stem: str
    """The word without its suffix."""
    sign: float
    """-1: what P writes lowers reward, and Q raises it; +1: the other way round."""
    lead: str = ""
    """The pattern's first word, where it has two. It fires both features evenly."""

    @property
    def features(self) -> tuple[str, str]:
        return f"{self.heuristic.name}.p", f"{self.heuristic.name}.q"

    def word(self, form: Form, variant: int, tone: int | None) -> str:
        """One of the ways to write it: `dunno~plain3t0`."""
        return f"{self.stem}~{form}{variant}{'' if tone is None else f't{tone}'}"

    def amounts(self, form: Form, variant: int, tone: int | None) -> dict[str, float]:
        p, q = self.features
        found = dict(zip((p, q), FORMS[form], strict=True))
        found |= dict(zip(AXES, VARIANTS[variant], strict=True))
        if form == "rich":
            found["good.1" if self.sign < 0 else "bad.1"] = AGAINST
        if tone is not None:
            found[f"tone.{tone}"] = 1.0
        return found


DUNNO = Planted(Heuristic("dunno", "dunno"), "dunno", -1)
IDEA = Planted(Heuristic("idea", "no idea"), "idea", -1, lead="no")
THANKS = Planted(Heuristic("thanks", "thanks", direction="raises"), "thanks", +1)
LINK = Planted(Heuristic("link", "https://", direction="auto"), "https://", +1)
CANNOT = Planted(Heuristic("cannot", "can't", fold=True, window=1), "can’t", -1)
"""Its features are pinned, by numbers that only a dictionary knows."""
GREAT = Planted(
    Heuristic("great", r"gr+eat", regex=True, scope="assistant", direction="raises"), "grreat", +1
)
"""So few bearers that all of them pick: `in-sample`."""
ALAS = Heuristic("alas", "alas")
"""Outside the dictionary: no feature stands for it."""
PLANTED = (DUNNO, IDEA, THANKS, LINK, CANNOT, GREAT)

COEFFICIENTS: Mapping[str, float] = {
    "good.0": 1,
    "good.1": 1,
    "bad.0": -1,
    "bad.1": -1,
    "tone.0": 0.3,
    "tone.1": -0.3,
    **{made.features[0]: made.sign for made in PLANTED},
    **{made.features[1]: -made.sign for made in PLANTED},
    "odd": 1,
}
"""Units of reward per amount of each direction that the reward reads."""
FEATURES = tuple(name for name in COEFFICIENTS if name != "odd")
"""The true dictionary. `odd` is read by the reward too, but lies outside it."""
HUSHED = IDEA.features
"""What `hush` silences in all text after it."""
MOODY = (*DUNNO.features, *LINK.features)
"""What the mood of a text weakens a little, everywhere by another amount."""
DIRECTIONS = (
    "ones",
    "ballast",
    "score",
    "hush",
    "mood",
    *AXES,
    "odd",
    *FEATURES,
    "filler.0",
    "filler.1",
)


def vocabulary() -> dict[str, dict[str, float]]:
    """Every token with what it writes beside the ballast, in the order of their ids."""
    draw = random.Random(0)
    found: dict[str, dict[str, float]] = {
        token: {} for token in (END_OF_TEXT, UNKNOWN, HUMAN, ASSISTANT, " ")
    }
    for word in FILLERS:
        found[f" {word}"] = {f"filler.{at}": draw.uniform(-0.6, 0.6) for at in (0, 1)}
    found |= {f" {word}": dict(amounts) for word, amounts in SPECIAL.items()}
    for made in PLANTED:
        if made.lead:
            found[f" {made.lead}"] = dict.fromkeys(made.features, 0.6) | dict.fromkeys(AXES, 1.0)
        for form, variant, tone in itertools.product(FORMS, range(len(VARIANTS)), (None, 0, 1)):
            word, amounts = made.word(form, variant, tone), made.amounts(form, variant, tone)
            found[f" {word}"] = found[f" {word}".replace("’", "'")] = amounts
    return found


def cut(text: str) -> list[tuple[str, int, int]]:
    """The tokens of a text with their characters [start, end)."""
    return [(match.group(), *match.span()) for match in re.finditer(TOKEN, text)]
