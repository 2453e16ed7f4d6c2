"""The figures of planted pairs by plain arithmetic: numpy, one text at a time, formula by formula.

Nothing of the measurement is used: tokens, spans and positions are worked out here again from
docs/verdicts.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.heuristics import Heuristic
from engine.hh import SIDES
from tests.engine.planted import words
from tests.engine.planted.dictionary import Dictionary
from tests.engine.planted.network import Floats, Network
from tests.engine.planted.pairs import PlantedPair

Places = Sequence[int]
_STEP = 1e-4


@dataclass(frozen=True, slots=True)
class Reading:
    """How rewards are read and where the reconstruction goes."""

    appended: bool = False
    """The reward is read at an end of text that is appended."""
    after_first: bool = False
    """A text's first token is left as it is."""


@dataclass(frozen=True, slots=True)
class PairFigures:
    """What the measurement should find of one pair, by the names under which it stores it."""

    margin: float
    margin_sae: float
    effect: float | None
    activation: float | None
    effect_all: float
    random_effect: float | None
    drop_without_others: float | None
    drop_without_error: float
    effect_over_response: float | None
    deletion_effect: float
    decisive: bool


@dataclass(frozen=True, slots=True)
class LatentFigures:
    """One latent on one pair, over P."""

    activation_chosen: float
    activation_rejected: float
    attribution: float
    """The derivative of the margin by how much of the latent there is, as a difference quotient."""
    effect: float


class Planting:
    """A planted PM and SAE, read in one way."""

    def __init__(self, network: Network, dictionary: Dictionary, reading: Reading) -> None:
        self.network = network
        self.dictionary = dictionary
        self.reading = reading

    def tokens(self, text: str) -> list[int]:
        found = self.network.tokens(text)
        end = self.network.ids[words.END_OF_TEXT]
        return [*found, end] if self.reading.appended else found

    def reward(self, text: str) -> float:
        return self.network.reward(self.network.residual(self.tokens(text)))

    def figures(self, pair: PlantedPair, features: Sequence[int]) -> PairFigures:
        """All that is measured of one pair and its heuristic, judged with these features."""
        ids = [self.tokens(pair.transcript(side)) for side in SIDES]
        x = [self.network.residual(each) for each in ids]
        f = [self.dictionary.encode(each) for each in x]
        x_hat = [self.dictionary.decode(each) for each in f]
        error = [a - b for a, b in zip(x, x_hat, strict=True)]
        divergence = first_difference(*ids)
        response = [range(divergence, len(each)) for each in ids]
        bearer = SIDES.index(pair.bearer)
        span = span_positions(pair.heuristic, pair.transcript(pair.bearer), len(pair.context))
        # A token before the first difference is there on both sides.
        spans = [
            [at for at in span if side == bearer or at < divergence] for side in range(len(SIDES))
        ]
        margin = self._margin(x)

        def without(taken: Sequence[Floats]) -> float:
            return margin - self._margin([a - b for a, b in zip(x, taken, strict=True)])

        def written(group: Sequence[int], places: Sequence[Places]) -> list[Floats]:
            whole = [each[:, group] @ self.dictionary.writes[list(group)] for each in f]
            return [only(each, at) for each, at in zip(whole, places, strict=True)]

        every = range(len(self.dictionary.latents))
        others = [latent for latent in every if latent not in features]
        beside = sorted(set(others) & set(np.flatnonzero((f[bearer][span] > 0).any(axis=0))))
        # The random group has the features' number; where no more are active it is all of them.
        assert len(beside) <= len(features) or not features
        first = 1 if self.reading.after_first else 0
        kept = [only(each, range(first)) for each in error]
        deleted = pattern_deleted(pair.heuristic, pair.transcript(pair.bearer), len(pair.context))
        deletion = self.network.reward(x[bearer]) - self.reward(deleted)
        changed = margin + (deletion if pair.bearer == "rejected" else -deletion)
        return PairFigures(
            margin=margin,
            margin_sae=self._margin([a + b for a, b in zip(x_hat, kept, strict=True)]),
            effect=without(written(features, spans)) if features else None,
            activation=self._activation(f[bearer][span], features) if features else None,
            effect_all=without(written(every, spans)),
            random_effect=without(written(beside, spans)) if features and beside else None,
            drop_without_others=without(written(others, response)) if features else None,
            drop_without_error=without(
                [only(each, at) for each, at in zip(error, response, strict=True)]
            ),
            effect_over_response=without(written(features, response)) if features else None,
            deletion_effect=deletion,
            decisive=bool(np.sign(changed) != np.sign(margin)),
        )

    def on_response(self, pair: PlantedPair) -> dict[int, LatentFigures]:
        """Every latent that is active over P on either side of a pair."""
        ids = [self.tokens(pair.transcript(side)) for side in SIDES]
        x = [self.network.residual(each) for each in ids]
        divergence = first_difference(*ids)
        f = [self.dictionary.encode(each) for each in x]
        margin = self._margin(x)
        found = {}
        strongest = [each[divergence:].max(axis=0, initial=0) for each in f]
        for latent in np.flatnonzero(strongest[0] + strongest[1]):
            written = [
                only(
                    np.outer(each[:, latent], self.dictionary.writes[latent]),
                    range(divergence, len(each)),
                )
                for each in f
            ]

            def moved(by: float, written: Sequence[Floats] = written) -> float:
                return self._margin([a + by * b for a, b in zip(x, written, strict=True)])

            found[int(latent)] = LatentFigures(
                activation_chosen=float(strongest[0][latent]),
                activation_rejected=float(strongest[1][latent]),
                attribution=(moved(_STEP) - moved(-_STEP)) / (2 * _STEP),
                effect=margin - moved(-1),
            )
        return found

    def fvu(self, pairs: Sequence[PlantedPair]) -> float:
        """Over all tokens, a pair's common ones once."""
        residuals = []
        for pair in pairs:
            chosen, rejected = (self.tokens(pair.transcript(side)) for side in SIDES)
            residuals.append(self.network.residual(chosen))
            residuals.append(self.network.residual(rejected)[first_difference(chosen, rejected) :])
        x = np.concatenate(residuals)
        error = x - self.dictionary.decode(self.dictionary.encode(x))
        return float((error**2).sum() / ((x - x.mean(axis=0)) ** 2).sum())

    def _margin(self, x: Sequence[Floats]) -> float:
        chosen, rejected = map(self.network.reward, x)
        return chosen - rejected

    def _activation(self, f: Floats, features: Sequence[int]) -> float:
        group = list(features)
        return float((f[:, group] @ self.dictionary.norms[group]).max())


def first_difference(chosen: Sequence[int], rejected: Sequence[int]) -> int:
    """The first position at which the tokens differ, or the length of the shorter."""
    shorter = min(len(chosen), len(rejected))
    return next((at for at in range(shorter) if chosen[at] != rejected[at]), shorter)


def spans(heuristic: Heuristic, text: str, start: int) -> list[tuple[int, int]]:
    """The pattern's characters [start, end) in a transcript, from the response's start on."""
    pattern = heuristic.pattern if heuristic.regex else re.escape(heuristic.pattern)
    folded = text.replace("’", "'") if heuristic.fold else text
    return [match.span() for match in re.compile(pattern).finditer(folded, start)]


def span_positions(heuristic: Heuristic, text: str, start: int) -> list[int]:
    """S: the tokens that overlap the pattern, and `window` more after each."""
    pieces = words.cut(text)
    found: set[int] = set()
    for first, last in spans(heuristic, text, start):
        inside = [at for at, (_, left, right) in enumerate(pieces) if left < last and first < right]
        found.update(range(inside[0], inside[-1] + heuristic.window + 1))
    return sorted(found)


def pattern_deleted(heuristic: Heuristic, text: str, start: int) -> str:
    """The text without its pattern."""
    for first, last in reversed(spans(heuristic, text, start)):
        text = text[:first] + text[last:]
    return text


def only(values: Floats, places: Places) -> Floats:
    """The values at some tokens, zero elsewhere."""
    kept = np.zeros_like(values)
    kept[list(places)] = values[list(places)]
    return kept
