"""Integrated gradients are what plain autograd gives at each midpoint, text by text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import torch

from engine.cache import tables
from engine.hh import Pair
from engine.measure.base import attributions
from engine.measure.figures import integrated_figures
from engine.measure.instrument import View
from engine.measure.integrated import Integrated, integrate
from tests.engine.measure.ablation import ByHand, Side
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.plain import Edit
from tests.engine.measure.tiny import ARCHITECTURES, Tiny, pair

PAIRS = (
    pair(" I don’t know it.", " I do know it, and well", row=1),
    pair(" I don't know", " I don't", row=2),  # nothing of the rejected side is in P
)
D_SAE = 96


def view_of(tiny: Tiny, some: Pair) -> View:
    return tiny.instrument.view([tiny.instrument.prepare(some)])


def ours(tiny: Tiny, some: Pair, steps: int = 5) -> Integrated:
    view = view_of(tiny, some)
    (active,) = attributions(tiny.instrument, view)
    return integrate(tiny.instrument, view, 0, active, steps)


def at(there: torch.Tensor) -> Edit:
    return lambda _: there


def by_hand(hand: ByHand, side: Side, steps: int) -> torch.Tensor:
    """[d_sae]: of one text's reward; each midpoint is a forward and a backward of its own."""
    written = hand.written(side, None, "response")
    total = torch.zeros(D_SAE)
    for step in range(steps):
        there = (side.x - (1 - (step + 0.5) / steps) * written).requires_grad_()
        (gradient,) = torch.autograd.grad(hand.plain.run(side.ids, at(there)), there)
        along = side.f * (gradient @ hand.sae.w_dec.T)
        total += along[list(side.response)].sum(0) / steps
    return total


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("some", PAIRS)
def test_of_every_feature(tiny_of: MakeTiny, architecture: str, some: Pair) -> None:
    tiny = tiny_of(architecture)
    found = ours(tiny, some)
    hand = ByHand(tiny.plain, tiny.instrument.sae, tiny.instrument, some)
    chosen, rejected = hand.sides()
    expected = (by_hand(hand, chosen, 5) - by_hand(hand, rejected, 5)).numpy()
    largest = max(1, float(np.abs(expected).max()))
    assert found.integrated == pytest.approx(expected[found.feature], abs=3e-5 * largest)
    assert np.abs(expected).max() > 0.01
    # Whatever is not active gets nothing, so those that are make up the sum.
    assert found.total == pytest.approx(float(expected.sum()), abs=1e-4 * largest)
    assert found.effect == pytest.approx(
        hand.of_features((chosen, rejected), None, "response"), abs=1e-4 * largest
    )


def test_the_more_steps_the_more_complete(tiny: Tiny) -> None:
    """All of them together become the effect of all features; plain attribution is not it."""
    made = {steps: ours(tiny, PAIRS[0], steps) for steps in (1, 64)}
    view = view_of(tiny, PAIRS[0])
    (active,) = attributions(tiny.instrument, view)
    effect = made[64].effect
    gaps = {steps: abs(each.total - effect) / abs(effect) for steps, each in made.items()}
    assert gaps[64] < 1e-3 < gaps[1]
    assert abs(float(active.attribution.sum()) - effect) > abs(made[64].total - effect)


def test_one_midpoint_more_than_a_batch_holds_changes_nothing(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ours(tiny, PAIRS[0])
    monkeypatch.setattr(tiny.instrument.budget, "columns", 1)
    assert ours(tiny, PAIRS[0]).integrated == pytest.approx(whole.integrated, abs=1e-5)


def test_identical_sides_have_none(tiny: Tiny) -> None:
    found = ours(tiny, pair(" no", " no"))
    assert (found.total, found.effect, len(found.integrated)) == (0, 0, 0)


def test_agreement_is_over_the_checked_features_of_the_pairs_that_have_both() -> None:
    checks = pa.Table.from_pylist(
        [
            {"id": id_, "feature": feature, "attribution": a, "effect": e, "probability": 1.0}
            for id_, feature, a, e in (
                (1, 3, -2.0, 1.0),
                (1, 4, 2.0, 2.0),
                (1, 5, 1.0, -3.0),
                (2, 3, 9.0, -9.0),  # no integrated gradients were taken of this pair
            )
        ],
        schema=tables.CHECKS,
    )
    integrated = pa.Table.from_pylist(
        [
            {
                "id": 1,
                "steps": 5,
                "feature": [3, 4, 5, 6],
                "integrated": [1.5, 2.5, -1.0, 7.0],
                "total": 9.0,
                "effect": 10.0,
            }
        ],
        schema=tables.INTEGRATED,
    )
    found = integrated_figures(checks, integrated)
    assert found is not None
    assert (found.pairs, found.features, found.steps) == (1, 3, 5)
    assert found.spearman == pytest.approx(1)
    assert found.sign_agreement == 1
    assert found.attribution_spearman == pytest.approx(0.5)
    assert found.attribution_sign_agreement == pytest.approx(1 / 3)
    assert found.gap == pytest.approx(0.1)
    assert integrated_figures(checks, tables.INTEGRATED.empty_table()) is None
