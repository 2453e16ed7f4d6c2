"""Every exact effect is what a plain forward hook makes of each text by itself."""

from __future__ import annotations

import warnings

import pytest

from engine.cache.bearers import Borne
from engine.heuristics import Heuristic
from engine.measure.effects import group_effects
from tests.engine.measure.ablation import (
    ByHand,
    answer,
    borne_of,
    compare,
    question_of,
    some_on_span,
)
from tests.engine.measure.conftest import MakeTiny, Record
from tests.engine.measure.real import Bearer, Real
from tests.engine.measure.tiny import ARCHITECTURES, Tiny, pair

DUNNO = Heuristic("dunno", "I don't know", fold=True)
PAIRS = (
    pair(" I don’t know it.", " I do know it, and well", row=1),
    pair(" Well, no", " I don't know. No. I don't know!", row=2),
    pair(" I don't know", " I don't", row=3),  # rejected ends inside the span
    pair(" yes\n\nHuman: And?\n\nAssistant: I don't know.", " yes\n\nHuman: Or?", row=4),
)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_of_tiny_pms(tiny_of: MakeTiny, architecture: str) -> None:
    tiny = tiny_of(architecture)
    for some in PAIRS:
        made = compare(tiny.plain, tiny.instrument, some, borne_of(some, DUNNO), DUNNO)
        assert made.difference < 3e-5 * max(1, made.largest), some.name
        assert made.largest > 0.01


def test_of_the_real_pm(
    real: Real, hh_bearers: tuple[Bearer, ...], record_property: Record
) -> None:
    """Ten bearers, either SAE; a gate within rounding of its threshold is named, not hidden."""
    found = {
        f"{one.pair.name} {one.heuristic.name}": compare(
            real.plain, real.instrument, one.pair, one.borne, one.heuristic
        )
        for one in hh_bearers
    }
    for name, made in found.items():
        if made.flips:
            warnings.warn(
                f"{real.instrument.sae.name}: at {name} features {sorted(made.flips)} sit within "
                f"rounding of their threshold (effects differ by {made.difference:.1e})",
                stacklevel=1,
            )
    exact = {name: made.difference for name, made in found.items() if not made.flips}
    record_property("largest difference", max(exact.values()))
    assert max(exact.values()) < 1e-4, exact
    assert len(found) - len(exact) <= 2
    assert min(made.largest for made in found.values()) > 0.01


def test_a_random_group_has_the_size_of_f_and_none_of_its_features(tiny: Tiny) -> None:
    """Its effect is the exact effect of some other features active on the span."""
    some = PAIRS[0]
    borne = borne_of(some, DUNNO)
    view = tiny.instrument.view([tiny.instrument.prepare(some)])
    bare = question_of(view, borne, DUNNO, ())
    active = some_on_span(view, bare, count=96)
    hand = ByHand(tiny.plain, tiny.instrument.sae, tiny.instrument, some)
    sides = hand.sides(borne)
    # One other feature is active: it is the only draw there is.
    ours = answer(tiny.instrument, view, question_of(view, borne, DUNNO, active[1:]))
    expected = hand.of_features(sides, active[:1], "span")
    assert ours.random_effect == pytest.approx(expected, abs=1e-4)
    # None is: nothing can be drawn.
    assert (
        answer(tiny.instrument, view, question_of(view, borne, DUNNO, active)).random_effect is None
    )
    # The draw hangs on the seed alone.
    question = question_of(view, borne, DUNNO, active[:2])
    first, second = (answer(tiny.instrument, view, question) for _ in range(2))
    assert first == second


def test_a_span_token_that_both_sides_share_is_ablated_on_both(tiny: Tiny) -> None:
    """` I` and ` don` come before the difference here: ablating them moves both rewards."""
    some = pair(" I don't know", " I don't think so")
    borne = borne_of(some, DUNNO)
    view = tiny.instrument.view([tiny.instrument.prepare(some)])
    bare = question_of(view, borne, DUNNO, ())
    assert min(bare.span) < view.pairs[0].divergence
    features = some_on_span(view, bare, count=96)
    hand = ByHand(tiny.plain, tiny.instrument.sae, tiny.instrument, some)
    chosen, rejected = hand.sides(borne)
    assert rejected.span
    ours = answer(tiny.instrument, view, question_of(view, borne, DUNNO, features))
    both = hand.of_features((chosen, rejected), features, "span")
    taken = hand.written(chosen, features, "span")
    one_side = hand.effect([taken, 0 * rejected.x])
    assert ours.effect == pytest.approx(both, abs=1e-4)
    assert abs(both - one_side) > 0.01


def test_without_features_only_what_needs_none_is_measured(tiny: Tiny) -> None:
    some = PAIRS[0]
    view = tiny.instrument.view([tiny.instrument.prepare(some)])
    ours = answer(tiny.instrument, view, question_of(view, borne_of(some, DUNNO), DUNNO, ()))
    assert (ours.effect, ours.activation, ours.drop_without_others) == (None, None, None)
    assert (ours.random_effect, ours.effect_over_response) == (None, None)
    assert abs(ours.effect_all) > 0
    assert abs(ours.drop_without_error) > 0


def test_on_identical_sides_and_without_a_span_every_effect_is_nothing(tiny: Tiny) -> None:
    some = pair(" no", " no")
    view = tiny.instrument.view([tiny.instrument.prepare(some)])
    nowhere = question_of(view, Borne(0, "chosen", ()), DUNNO, (1, 2, 3))
    ours = answer(tiny.instrument, view, nowhere)
    assert (ours.effect, ours.effect_all, ours.activation) == (0.0, 0.0, 0.0)
    assert (ours.drop_without_others, ours.drop_without_error) == (0.0, 0.0)
    assert ours.effect_over_response == 0.0


def test_the_activation_is_the_largest_weighted_sum_over_the_span(tiny: Tiny) -> None:
    some = PAIRS[1]
    borne = borne_of(some, DUNNO)
    view = tiny.instrument.view([tiny.instrument.prepare(some)])
    features = some_on_span(view, question_of(view, borne, DUNNO, ()))
    ours = answer(tiny.instrument, view, question_of(view, borne, DUNNO, features))
    sae = tiny.instrument.sae
    hand = ByHand(tiny.plain, sae, tiny.instrument, some)
    side = hand.sides(borne)[1]
    weighted = [
        sum(float(side.f[place, one]) * float(sae.w_dec[one].norm()) for one in features)
        for place in side.span
    ]
    assert ours.activation == pytest.approx(max(weighted), rel=1e-4)


def test_company_changes_no_effect(tiny: Tiny) -> None:
    """A batch where one pair has a span before its divergence is resumed whole, to the same end."""
    instrument = tiny.instrument
    alone = []
    questions = []
    for some in PAIRS:
        view = instrument.view([instrument.prepare(some)])
        borne = borne_of(some, DUNNO)
        features = some_on_span(view, question_of(view, borne, DUNNO, ()))
        questions.append(question_of(view, borne, DUNNO, features))
        alone.append(answer(instrument, view, questions[-1]))
    view = instrument.view([instrument.prepare(some) for some in PAIRS])
    together = group_effects(instrument, view, questions)
    for one, other in zip(alone, together, strict=True):
        assert one.effect == pytest.approx(other.effect, abs=1e-4)
        assert one.random_effect == pytest.approx(other.random_effect, abs=1e-4)
        assert one.effect_all == pytest.approx(other.effect_all, abs=1e-4)
        assert one.drop_without_others == pytest.approx(other.drop_without_others, abs=1e-4)
        assert one.drop_without_error == pytest.approx(other.drop_without_error, abs=1e-4)
        assert one.effect_over_response == pytest.approx(other.effect_over_response, abs=1e-4)
