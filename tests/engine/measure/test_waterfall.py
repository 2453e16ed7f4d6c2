"""The waterfall: it adds up to the margin, and each bar is what plain hooks find."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.measure.base import attributions, gradient_of_margin
from engine.measure.breakdown import break_down, rewards_at, running
from engine.measure.effects import written_by
from engine.measure.instrument import Instrument
from engine.measure.variants import Variant, exact_effects
from engine.measure.waterfall import STRONGEST, waterfall
from engine.models.sae.load import load_sae
from engine.models.sae.norm import NORMS
from tests.engine.measure.ablation import ByHand, only
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.tiny import ARCHITECTURES, Tiny, pair
from tests.engine.models.sae.tiny import write_saelens
from tests.engine.models.tiny import D_MODEL

SOME = pair(" I don’t know it, sorry.", " I do know it, and well")


def adds_up(made_of: list[float], baseline: float) -> float:
    return sum(made_of) + baseline


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_bars_and_baseline_add_up_to_the_margin(tiny_of: MakeTiny, architecture: str) -> None:
    instrument = tiny_of(architecture).instrument
    for some in (SOME, pair(" no", " no, never"), pair(" same", " same")):
        view = instrument.view([instrument.prepare(some)])
        (active,) = attributions(instrument, view)
        for own in ((), tuple(int(feature) for feature in active.feature[:2])):
            made = waterfall(instrument, view, active, own)
            total = adds_up([bar.size for bar in made.bars], made.baseline)
            assert total == pytest.approx(made.margin, abs=1e-12)
            assert made.margin == float(view.margins[0])
            others = len(set(active.feature.tolist()) - set(own))
            expected = ["own"] * bool(own) + ["feature"] * min(others, STRONGEST)
            assert [bar.part for bar in made.bars] == [*expected, "rest", "error"]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_each_bar_is_what_plain_hooks_find(tiny_of: MakeTiny, architecture: str) -> None:
    tiny = tiny_of(architecture)
    check_bars(tiny, tiny.instrument)


@pytest.mark.parametrize("norm", NORMS)
def test_what_an_sae_writes_without_features_may_hang_on_the_token(
    tiny: Tiny, tmp_path: Path, norm: str
) -> None:
    """It normalises each token's residual: the baseline is another one at each."""
    hook = tiny.instrument.hook
    config = {"normalize_activations": norm, "metadata": {"hook_name": hook}}
    folder = write_saelens(tmp_path, "standard", config, width=D_MODEL)
    sae = load_sae(str(folder), device="cpu")
    reads = Instrument(tiny.pm, sae, hook=hook, readout="last-text-token", positions="all")
    check_bars(tiny, reads)


def check_bars(tiny: Tiny, instrument: Instrument) -> None:
    view = instrument.view([instrument.prepare(SOME)])
    (active,) = attributions(instrument, view)
    own = tuple(int(feature) for feature in active.feature[:3])
    made = waterfall(instrument, view, active, own)
    sae = instrument.sae
    hand = ByHand(tiny.plain, sae, instrument, SOME)
    sides = hand.sides()
    gone: list[int] = []
    left = []
    for bar in made.bars[:-2]:
        gone += bar.features
        left.append(hand.margin - hand.of_features(sides, gone, "response"))
    left.append(hand.margin - hand.of_features(sides, None, "response"))
    whole = [only(side.x - sae.baseline(side.x), side.response) for side in sides]
    left.append(hand.margin - hand.effect(whole))
    sizes = [before - after for before, after in zip([hand.margin, *left], left, strict=False)]
    assert [bar.size for bar in made.bars] == pytest.approx(sizes, abs=1e-4)
    assert made.baseline == pytest.approx(left[-1], abs=1e-4)
    strengths = dict(zip(active.feature.tolist(), abs(active.attribution), strict=True))
    singles = [strengths[bar.features[0]] for bar in made.bars if bar.part == "feature"]
    assert singles == sorted(singles, reverse=True)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_running_reward_is_that_of_the_text_so_far(
    tiny_of: MakeTiny, architecture: str
) -> None:
    tiny = tiny_of(architecture)
    view = tiny.instrument.view([tiny.instrument.prepare(SOME)])
    for number, side in enumerate(("chosen", "rejected")):
        prepared = view.pairs[0]
        ids = prepared.chosen.ids if side == "chosen" else prepared.rejected.ids
        places = prepared.text_positions("chosen" if side == "chosen" else "rejected")
        found = rewards_at(tiny.instrument, view, view.columns(0, number, places))
        expected = [tiny.plain.reward(ids[: place + 1]) for place in places]
        assert found == pytest.approx(expected, abs=1e-4)
        steps = running(tiny.instrument, view, number)
        before = tiny.plain.reward(ids[: places[0]])
        assert sum(steps) == pytest.approx(expected[-1] - before, abs=1e-4)


def test_a_breakdown_has_a_waterfall_for_each_heuristic_or_one_without(tiny_of: MakeTiny) -> None:
    instrument = tiny_of("llama").instrument
    view = instrument.view([instrument.prepare(SOME)])
    gradient = gradient_of_margin(instrument, view)
    (active,) = attributions(instrument, view, gradient)
    own = tuple(int(feature) for feature in active.feature[:2])
    made = break_down(instrument, view, active, gradient, {"one": own, "none": ()})
    one_sided = exact_effects(
        instrument,
        view,
        [
            Variant(0, columns, written_by(instrument, view, 0, columns, own))
            for columns in view.response_columns(0)
        ],
    )
    assert [some.heuristic for some in made.waterfalls] == ["one", "none"]
    assert made.waterfall("none") == made.waterfalls[1]
    (alone,) = break_down(instrument, view, active, gradient, {}).waterfalls
    assert alone.heuristic is None
    for number, side in enumerate((made.tokens.chosen, made.tokens.rejected)):
        # Read at its last token, it is the reward with the group ablated over the responses.
        steps = side.running_without(own)
        assert steps is not None
        assert side.running is not None
        assert side.running_without(()) is None
        lost = sum(side.running) - sum(steps)
        assert lost * (-1) ** number == pytest.approx(one_sided[number], abs=1e-4)
    told = made.tokens.chosen.by_feature.keys() | made.tokens.rejected.by_feature.keys()
    both = (made.tokens.chosen, made.tokens.rejected)
    summed = {feature: sum(sum(side.of((feature,))) for side in both) for feature in told}
    attributed = dict(zip(active.feature.tolist(), active.attribution.tolist(), strict=True))
    assert summed == pytest.approx({feature: attributed[feature] for feature in told}, abs=1e-5)
