"""Pairs by construction: each is written so that one verdict is right."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.heuristics import Heuristic, Kind
from engine.hh import Side
from tests.engine.planted import recipes, words
from tests.engine.planted.recipes import Recipe
from tests.engine.planted.words import ASSISTANT, HUMAN, Planted

ROUNDS = 2
KINDS: tuple[Kind, Kind] = ("counterexample", "conforming")


@dataclass(frozen=True, slots=True)
class PlantedPair:
    """A pair, and what is right of it."""

    heuristic: Heuristic
    kind: Kind
    bearer: Side
    recipe: Recipe
    context: str
    chosen: str
    rejected: str

    @property
    def record(self) -> dict[str, str]:
        return {"chosen": self.context + self.chosen, "rejected": self.context + self.rejected}

    def transcript(self, side: Side) -> str:
        return self.record[side]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """How one heuristic's pattern is written into a pair."""

    heuristic: Heuristic
    sign: float
    planted: Planted | None

    def tokens(self, recipe: Recipe, draw: random.Random) -> list[str]:
        if self.planted is None:
            return [self.heuristic.pattern]
        bits = tuple(-1.0 if draw.random() < rare else 1.0 for rare in words.RARER)
        plain = recipe.level or recipe.rude or draw.random() < 0.4
        tone = None if plain else draw.randrange(2)
        word = self.planted.word(recipe.form, words.VARIANTS.index(bits), tone)
        if self.heuristic.fold and draw.random() < 0.5:
            word = word.replace("’", "'")
        return [*self.lead, word]

    @property
    def lead(self) -> list[str]:
        """What the other side may share of the pattern."""
        return [self.planted.lead] if self.planted and self.planted.lead else []


def planted_pairs(seed: int = 0) -> tuple[PlantedPair, ...]:
    """Some four hundred pairs: every heuristic, kind and verdict, in mixed order."""
    draw = random.Random(seed)
    made = [_compose(pattern, kind, recipe, draw) for pattern, kind, recipe in _wanted()]
    draw.shuffle(made)
    return tuple(made)


def _wanted() -> Iterator[tuple[_Pattern, Kind, Recipe]]:
    for planted in words.PLANTED:
        pattern = _Pattern(planted.heuristic, planted.sign, planted)
        for kind in KINDS:
            for recipe in _recipes(planted, kind):
                yield pattern, kind, recipe
    for kind in KINDS:
        for recipe in 4 * recipes.unknown(kind):
            yield _Pattern(words.ALAS, -1, None), kind, recipe


def _recipes(planted: Planted, kind: Kind) -> tuple[Recipe, ...]:
    if planted in (words.GREAT, words.CANNOT):
        return (*recipes.usual(kind), recipes.MUTE, recipes.MUTE)
    rounds = ROUNDS * recipes.usual(kind)
    if kind == "counterexample":
        rounds += (recipes.RICH,)
    if planted in (words.DUNNO, words.LINK):
        return (*rounds, *ROUNDS * recipes.less_active(kind), recipes.MUTE, recipes.FAINT)
    silent = recipes.HUSHED if planted is words.IDEA else recipes.MUTE
    return (*rounds, *ROUNDS * (silent,) * 3)


def _compose(pattern: _Pattern, kind: Kind, recipe: Recipe, draw: random.Random) -> PlantedPair:
    bearer: Side = "chosen" if (kind == "counterexample") == (pattern.sign < 0) else "rejected"
    tokens = pattern.tokens(recipe, draw)
    special = _special(recipe, draw)
    if not (recipe.level or recipe.rude) and draw.random() < 0.5:
        tone = draw.choice(words.TONES)
        for side in special:
            special[side].append(tone)
    # Where both sides begin alike they share fillers, and the first of a pattern's two words.
    alike = _fillers(draw.randrange(3), draw) if draw.random() < 0.4 else None
    texts: dict[Side, str] = {}
    for side, length in _lengths(recipe, draw).items():
        other = pattern.lead if alike is not None else []
        own = tokens if side == bearer else other
        fillers = _fillers(max(2, length - len(own) - len(special[side])), draw)
        texts[side] = _written(own, special[side], fillers, alike, draw)
    if not (recipe.level or recipe.rude) and draw.random() < 0.15:
        turn = f"{HUMAN} so{ASSISTANT} well they"
        texts = {side: text + turn for side, text in texts.items()}
    return PlantedPair(
        heuristic=pattern.heuristic,
        kind=kind,
        bearer=bearer,
        recipe=recipe,
        context=_context(recipe, draw),
        chosen=texts["chosen"],
        rejected=texts["rejected"],
    )


def _lengths(recipe: Recipe, draw: random.Random) -> dict[Side, int]:
    if recipe.rude:
        return {"chosen": 16, "rejected": 5}
    if recipe.level:
        return {"chosen": 10, "rejected": 10}
    return {"chosen": draw.randint(9, 12), "rejected": draw.randint(9, 12)}


def _special(recipe: Recipe, draw: random.Random) -> dict[Side, list[str]]:
    """The words that push, toward chosen: good ones there or bad ones on the other side."""
    found: dict[Side, list[str]] = {"chosen": [], "rejected": []}
    units = [2] * (abs(recipe.rest) // 2) + [1] * (abs(recipe.rest) % 2)
    for unit in units:
        side: Side = "rejected" if recipe.level or draw.random() < 0.5 else "chosen"
        lifts = (recipe.rest > 0) == (side == "chosen")
        found[side].append(draw.choice((words.FOR if lifts else words.AGAINST_IT)[unit]))
    for _ in range(recipe.odd):
        if recipe.rude or draw.random() < 0.5:
            found["chosen"].append("quaint")
        else:
            found["rejected"].append("weird")
    return found


def _written(
    pattern: Sequence[str],
    special: Sequence[str],
    fillers: list[str],
    alike: Sequence[str] | None,
    draw: random.Random,
) -> str:
    """One response. After the pattern comes a filler, so that a window holds nothing else.

    Where both sides begin alike, the pattern follows at once.
    """
    after = fillers.pop()
    rest = [*special, *fillers]
    draw.shuffle(rest)
    at = 0 if alike is not None else draw.randint(0, len(rest))
    ordered = [*rest[:at], *pattern, after, *rest[at:]]
    return "".join(f" {word}" for word in [*(alike or ()), *ordered])


def _context(recipe: Recipe, draw: random.Random) -> str:
    said = _fillers(draw.randint(4, 7), draw)
    if recipe.rude:
        said = [*said[:3], *draw.choices(("rude", "vile"), k=7)]
    elif recipe.hushed:
        said = ["hush", "hush", *said[:4]]
    else:
        said += draw.choices(("softly", "gently"), k=draw.randrange(3))
    if not recipe.hushed:
        draw.shuffle(said)
    before = ""
    if not recipe.hushed and not recipe.rude and draw.random() < 0.25:
        before = HUMAN + _text(_fillers(3, draw)) + ASSISTANT + _text(_fillers(2, draw))
    return before + HUMAN + _text(said) + ASSISTANT


def _fillers(count: int, draw: random.Random) -> list[str]:
    return draw.choices(words.FILLERS, k=count)


def _text(said: Sequence[str]) -> str:
    return "".join(f" {word}" for word in said)
