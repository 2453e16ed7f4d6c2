"""A single pair, asked of a running PM: what a run would say of it, fresh; and scaled features."""

from __future__ import annotations

import pytest

from engine.heuristics import Heuristic
from engine.hh import Pair
from engine.measure.base import attributions, measure
from engine.measure.checks import OTHERS, STRONGEST, Check, check
from engine.measure.one import Changed, measure_one
from tests.engine.measure.ablation import ByHand, subtracting
from tests.engine.measure.tiny import Tiny, pair

DUNNO = Heuristic("dunno", "I don't know", fold=True)
YES = Heuristic("yes", "yes")
SOME = pair(" I don’t know it.", " I do know it, and well")


AS_IT_IS = Changed({}, {})


def unhurried() -> None:
    """Nobody wants it to stop."""


def test_its_figures_are_those_of_a_run(tiny: Tiny) -> None:
    ours = measure_one(tiny.instrument, SOME, [(DUNNO, (1, 2)), (YES, ())], AS_IT_IS, unhurried)
    view = tiny.instrument.view([tiny.instrument.prepare(SOME)])
    (figures,) = measure(tiny.instrument, view)
    assert ours.reward_chosen == figures.reward_chosen
    assert ours.reward_rejected_sae == figures.reward_rejected_sae
    assert ours.reward_rejected == figures.reward_rejected
    assert ours.reward_chosen_sae == figures.reward_chosen_sae
    assert ours.features.attribution.tolist() == figures.features.attribution.tolist()
    assert ours.features.activation_chosen.tolist() == figures.features.activation_chosen.tolist()
    # Neither side says yes: there is nothing to say of it.
    assert [one.name for one in ours.heuristics] == ["dunno"]
    assert ours.heuristics[0].borne.bearer == "chosen"


def test_scaled_features_change_the_rewards_as_a_hook_does(tiny: Tiny) -> None:
    """0 ablates over P, 2 doubles."""
    hand = ByHand(tiny.plain, tiny.instrument.sae, tiny.instrument, SOME)
    sides = hand.sides()
    active = (sides[0].f[list(sides[0].response)].amax(0) > 0).nonzero().flatten().tolist()
    changed = Changed({active[0]: 0.0, active[1]: 2.0}, {})
    ours = measure_one(tiny.instrument, SOME, [(DUNNO, ())], changed, unhurried)
    rewards = ours.reward_chosen, ours.reward_rejected
    for side, ids, found in zip(sides, hand.ids, rewards, strict=True):
        taken = hand.written(side, active[:1], "response")
        taken -= hand.written(side, active[1:2], "response")
        assert found == pytest.approx(tiny.plain.reward(ids, subtracting(taken)), abs=1e-5)
    assert ours.heuristics == ()
    same = measure_one(tiny.instrument, SOME, [], Changed({active[0]: 1.0}, {}), unhurried)
    assert same.reward_chosen == pytest.approx(tiny.plain.reward(hand.ids[0]), abs=1e-5)


def test_pinned_features_are_set_where_they_were_not_active_too(tiny: Tiny) -> None:
    """Every token of P writes the pinned value's worth, whatever the feature wrote before."""
    hand = ByHand(tiny.plain, tiny.instrument.sae, tiny.instrument, SOME)
    sides = hand.sides()
    on_p = sides[0].f[list(sides[0].response)]
    active = int((on_p > 0).float().mean(0).argmax())
    asleep = int((on_p.amax(0) == 0).nonzero()[0])
    changed = Changed({}, {active: 0.0, asleep: 1.5})
    ours = measure_one(tiny.instrument, SOME, [], changed, unhurried)
    rewards = ours.reward_chosen, ours.reward_rejected
    for side, ids, found in zip(sides, hand.ids, rewards, strict=True):
        taken = hand.written(side, [active, asleep], "response")
        taken[list(side.response)] -= 1.5 * tiny.instrument.sae.w_dec[asleep]
        assert found == pytest.approx(tiny.plain.reward(ids, subtracting(taken)), abs=1e-5)
    zero = measure_one(tiny.instrument, SOME, [], Changed({active: 0.0}, {}), unhurried)
    same = measure_one(tiny.instrument, SOME, [], Changed({}, {active: 0.0}), unhurried)
    assert zero.reward_chosen_sae == pytest.approx(same.reward_chosen_sae, abs=1e-6)


def test_it_stops_between_two_steps_where_it_is_asked_to(tiny: Tiny) -> None:
    class StoppedError(Exception):
        pass

    def stop() -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        measure_one(tiny.instrument, SOME, [], AS_IT_IS, stop)


def test_a_check_takes_the_strongest_and_some_others(tiny: Tiny) -> None:
    """Their exact effects by hand; how likely each was to be checked goes with it."""
    found = checked(tiny, SOME)
    assert len({one.feature for one in found}) == len(found) <= STRONGEST + OTHERS
    strongest, others = found[:STRONGEST], found[STRONGEST:]
    assert {one.probability for one in strongest} == {1.0}
    least = min(abs(one.attribution) for one in strongest)
    assert all(abs(one.attribution) <= least for one in others)
    (active,) = {one.probability for one in others}
    (figures,) = measure(tiny.instrument, tiny.instrument.view([tiny.instrument.prepare(SOME)]))
    assert active == pytest.approx(len(others) / (len(figures.features.feature) - STRONGEST))
    hand = ByHand(tiny.plain, tiny.instrument.sae, tiny.instrument, SOME)
    sides = hand.sides()
    for one in (found[0], found[-1]):
        expected = hand.of_features(sides, [one.feature], "response")
        assert one.effect == pytest.approx(expected, abs=1e-4)
    assert checked(tiny, SOME) == found
    assert checked(tiny, pair(" no", " no")) == []


def checked(tiny: Tiny, some: Pair) -> list[Check]:
    view = tiny.instrument.view([tiny.instrument.prepare(some)])
    (active,) = attributions(tiny.instrument, view)
    return check(tiny.instrument, view, 0, active)
