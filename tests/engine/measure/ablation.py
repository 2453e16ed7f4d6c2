"""Exact effects by hand: a plain forward hook takes f_i * W_dec[i] out of one text's residuals."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.cache.bearers import Borne
from engine.heuristics import Heuristic, bearing, compile_heuristic
from engine.hh import SIDES, Pair
from engine.measure.effects import GroupEffects, Question, group_effects, single_effects
from engine.measure.instrument import Instrument, View
from engine.models.sae.sae import Sae
from tests.engine.measure.plain import Edit, PlainModel, first_difference


@dataclass(frozen=True, slots=True)
class Side:
    """One text by itself: its tokens, x and f at the hook point, and the positions in question."""

    ids: Sequence[int]
    x: Tensor
    f: Tensor
    response: Sequence[int]
    """P"""
    span: Sequence[int]
    """S, or what of S lies before the divergence, where the other side bears the pattern."""


class ByHand:
    """One pair, measured without anything of engine.measure."""

    def __init__(self, plain: PlainModel, sae: Sae, encoded: Instrument, pair: Pair) -> None:
        self.plain = plain
        self.sae = sae
        encode = encoded.pm.tokenizer.encode
        self.encodings = [encode(text) for text in pair.transcripts]
        self.ids = [encoding.ids for encoding in self.encodings]
        self.divergence = first_difference(self.ids)
        (chosen, self._chosen), (rejected, self._rejected) = map(plain.captured, self.ids)
        self.margin = chosen - rejected

    def sides(self, borne: Borne | None = None) -> tuple[Side, Side]:
        """Both texts; S is empty without a bearer."""
        span: list[int] = []
        if borne is not None:
            offsets = self.encodings[SIDES.index(borne.bearer)].offsets
            span = [
                place
                for place, (left, right) in enumerate(offsets)
                if any(left < end and start < right for start, end in borne.spans)
            ]
        made = []
        residuals = (self._chosen, self._rejected)
        for side, ids, x in zip(SIDES, self.ids, residuals, strict=True):
            own = borne is not None and side == borne.bearer
            made.append(
                Side(
                    ids=ids,
                    x=x,
                    f=self.sae.encode(x),
                    response=range(self.divergence, len(ids)),
                    span=[place for place in span if own or place < self.divergence],
                )
            )
        return made[0], made[1]

    def effect(self, taken: Sequence[Tensor]) -> float:
        """delta less the margin with something subtracted on each side, [tokens, d_model]."""
        return self.margin - self.plain.margin(self.ids, [subtracting(part) for part in taken])

    def of_features(
        self, sides: Sequence[Side], features: Collection[int] | None, where: str
    ) -> float:
        """E of a group, or of all features (None), over S or P."""
        return self.effect([self.written(side, features, where) for side in sides])

    def of_others(self, sides: Sequence[Side], features: Collection[int]) -> float:
        """E of all features but a group over P."""
        others = sorted(set(range(self.sae.d_sae)) - set(features))
        return self.of_features(sides, others, "response")

    def of_error(self, sides: Sequence[Side]) -> float:
        """What the margin loses with the SAE error over P."""
        return self.effect(
            [only(side.x - self.sae.decode(side.f, side.x), side.response) for side in sides]
        )

    def written(self, side: Side, features: Collection[int] | None, where: str) -> Tensor:
        """[tokens, d_model]: sum of f_i * W_dec[i] over a group at S or P, zero elsewhere."""
        every = range(self.sae.d_sae) if features is None else features
        chosen = sorted(every)
        whole = side.f[:, chosen] @ self.sae.w_dec[chosen]
        return only(whole, side.span if where == "span" else side.response)


def subtracting(taken: Tensor) -> Edit:
    return lambda x: x - taken


def only(values: Tensor, places: Sequence[int]) -> Tensor:
    out = torch.zeros_like(values)
    out[list(places)] = values[list(places)]
    return out


def question_of(
    view: View, borne: Borne, heuristic: Heuristic, features: Sequence[int]
) -> Question:
    return Question(
        bearer=borne.bearer,
        span=view.pairs[0].overlapping(borne.bearer, borne.spans, heuristic.window),
        features=tuple(features),
        seed=f"{heuristic.key}:{borne.id}",
    )


def some_on_span(view: View, question: Question, count: int = 4) -> list[int]:
    """The features that write most at the span: a group worth ablating."""
    columns = view.columns(0, SIDES.index(question.bearer), question.span)
    strongest = view.activations[0, columns].amax(0)
    return [int(at) for at in strongest.argsort(descending=True)[:count] if strongest[at] > 0]


def answer(instrument: Instrument, view: View, question: Question) -> GroupEffects:
    (found,) = group_effects(instrument, view, [question])
    return found


def flipped(view: View, sides: Sequence[Side]) -> set[int]:
    """Features whose gate or top-k cut falls the other way in the packed run, over P and S."""
    features: set[int] = set()
    for number, side in enumerate(sides):
        places = sorted({*side.response, *side.span})
        packed = view.activations[0, view.columns(0, number, places)] > 0
        differing = packed != (side.f[places] > 0)
        features |= set(differing.any(0).nonzero().flatten().tolist())
    return features


@dataclass(frozen=True, slots=True)
class Compared:
    """Ours against by hand: the largest difference, and the features that flipped."""

    difference: float
    flips: set[int]
    largest: float
    """The largest effect: a comparison of zeros would prove nothing."""


def borne_of(some: Pair, heuristic: Heuristic) -> Borne:
    found = bearing(compile_heuristic(heuristic), some)
    assert found is not None
    return Borne(some.id, found.bearer, found.spans)


def compare(
    plain: PlainModel, instrument: Instrument, some: Pair, borne: Borne, heuristic: Heuristic
) -> Compared:
    """Every effect of one bearer, and the single effect of one feature over P."""
    view = instrument.view([instrument.prepare(some)])
    bare = question_of(view, borne, heuristic, ())
    features = some_on_span(view, bare)
    question = question_of(view, borne, heuristic, features)
    ours = answer(instrument, view, question)
    (single,) = single_effects(instrument, view, 0, features[:1])
    hand = ByHand(plain, instrument.sae, instrument, some)
    sides = hand.sides(borne)
    expected = [
        (ours.effect, hand.of_features(sides, features, "span")),
        (ours.effect_all, hand.of_features(sides, None, "span")),
        (ours.drop_without_others, hand.of_others(sides, features)),
        (ours.drop_without_error, hand.of_error(sides)),
        (ours.effect_over_response, hand.of_features(sides, features, "response")),
        (single, hand.of_features(sides, features[:1], "response")),
    ]
    difference = max(abs((found or 0.0) - by_hand) for found, by_hand in expected)
    largest = max(abs(by_hand) for _, by_hand in expected)
    return Compared(difference, flipped(view, sides), largest)
