"""What is measured of every pair: reconstruction, activations, attributions, and the controls."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.hh import SIDES, Pair
from engine.measure.base import (
    ActiveFeatures,
    attributions,
    measure,
    moments,
    random_error,
    text_activations,
)
from engine.measure.instrument import Instrument, View
from engine.models.sae.sae import Sae
from engine.verdict import fvu
from tests.engine.measure.ablation import ByHand, subtracting
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.plain import PlainModel
from tests.engine.measure.real import Bearer, Real
from tests.engine.measure.tiny import ARCHITECTURES, Tiny, pair

PAIRS = (
    pair(" I don’t know it.", " I do know it, and well", row=1),
    pair(" no", " no, never", row=2),
    pair(" same", " same", row=3),
)


def view_of(instrument: Instrument, pairs: Sequence[Pair] = PAIRS) -> View:
    return instrument.view([instrument.prepare(some) for some in pairs])


def autograd(plain: PlainModel, sae: Sae, ids: Sequence[int], start: int) -> tuple[Tensor, Tensor]:
    """f over P, and what each feature there adds to the reward to first order, [d_sae] both."""
    x = plain.residual(ids).requires_grad_()
    (gradient,) = torch.autograd.grad(plain.run(ids, lambda _: x), x)
    f = sae.encode(x.detach())[start:]
    return f, (f * (gradient[start:] @ sae.w_dec.T)).sum(0)


def assert_attributed(
    plain: PlainModel, instrument: Instrument, some: Pair, ours: ActiveFeatures, tolerance: float
) -> None:
    hand = ByHand(plain, instrument.sae, instrument, some)
    chosen, rejected = (autograd(plain, instrument.sae, ids, hand.divergence) for ids in hand.ids)
    expected = (chosen[1] - rejected[1])[ours.feature]
    assert np.abs(ours.attribution - expected.numpy()).max(initial=0) < tolerance
    for strongest, (f, _) in zip(
        (ours.activation_chosen, ours.activation_rejected), (chosen, rejected), strict=True
    ):
        most = f.amax(0) if len(f) else torch.zeros(instrument.sae.d_sae)
        # Some activations are in the hundreds: their rounding is, too.
        np.testing.assert_allclose(strongest, most[ours.feature].numpy(), rtol=1e-6, atol=1e-4)
    active = (chosen[0] > 0).any(0) | (rejected[0] > 0).any(0)
    assert ours.feature.tolist() == active.nonzero().flatten().tolist()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_attributions_are_those_of_plain_autograd(tiny_of: MakeTiny, architecture: str) -> None:
    tiny = tiny_of(architecture)
    found = attributions(tiny.instrument, view_of(tiny.instrument))
    for some, ours in zip(PAIRS, found, strict=True):
        assert_attributed(tiny.plain, tiny.instrument, some, ours, tolerance=1e-4)
    assert np.abs(found[0].attribution).max() > 0.01
    assert found[2].feature.size == 0  # identical sides have no P


def test_attributions_on_the_real_pm(real: Real, hh_bearers: tuple[Bearer, ...]) -> None:
    some = hh_bearers[0].pair
    (ours,) = attributions(real.instrument, view_of(real.instrument, [some]))
    assert_attributed(real.plain, real.instrument, some, ours, tolerance=1e-4)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_an_attribution_is_the_first_order_effect(tiny_of: MakeTiny, architecture: str) -> None:
    """Scaling f_i by 1 - eps over P costs the margin eps * A_i, the better the smaller eps is."""
    tiny = tiny_of(architecture)
    view = view_of(tiny.instrument, PAIRS[:1])
    (ours,) = attributions(tiny.instrument, view)
    strongest = int(np.abs(ours.attribution).argmax())
    feature, attribution = int(ours.feature[strongest]), float(ours.attribution[strongest])
    hand = ByHand(tiny.plain, tiny.instrument.sae, tiny.instrument, PAIRS[0])
    sides = hand.sides()
    taken = [hand.written(side, [feature], "response") for side in sides]
    wrong = [
        abs(hand.effect([eps * part for part in taken]) / eps - attribution)
        for eps in (0.2, 0.05, 0.0125)
    ]
    assert wrong[-1] < 0.05 * abs(attribution)
    assert wrong[-1] <= wrong[0]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("positions", ["all", "after-first"])
def test_the_reconstructed_margin_is_a_plain_splice(
    tiny_of: MakeTiny, architecture: str, positions: str
) -> None:
    tiny = tiny_of(architecture)
    instrument = tiny.read_by(
        "appended-end-of-text", "all" if positions == "all" else "after-first"
    )
    sae = instrument.sae
    first = 0 if positions == "all" else 1

    def splice(x: Tensor) -> Tensor:
        return torch.cat([x[:first], sae.decode(sae.encode(x))[first:]])

    for some, ours in zip(PAIRS, measure(instrument, view_of(instrument)), strict=True):
        prepared = instrument.prepare(some)
        for side in SIDES:
            ids = prepared.tokens(side).ids
            rewards = getattr(ours, f"reward_{side}"), getattr(ours, f"reward_{side}_sae")
            assert rewards[0] == pytest.approx(tiny.plain.reward(ids), abs=1e-5)
            assert rewards[1] == pytest.approx(tiny.plain.reward(ids, splice), abs=1e-4)


def test_the_reconstructed_margin_on_the_real_pm(
    real: Real, hh_bearers: tuple[Bearer, ...]
) -> None:
    """A text at one of whose tokens a gate or the top-k cut is within rounding is another text."""
    sae = real.instrument.sae
    pairs = [one.pair for one in hh_bearers[:4]]
    view = view_of(real.instrument, pairs)
    compared = 0
    for row, ours in enumerate(measure(real.instrument, view)):
        for number, side in enumerate(SIDES):
            ids = view.pairs[row].tokens(side).ids
            columns = view.columns(row, number, range(len(ids)))
            plain = sae.encode(real.plain.residual(ids))
            if ((plain > 0) != (view.activations[row, columns] > 0)).any():
                continue
            spliced = real.plain.reward(ids, lambda x: sae.decode(sae.encode(x)))
            assert getattr(ours, f"reward_{side}_sae") == pytest.approx(spliced, abs=1e-4)
            compared += 1
    assert compared >= 4


def test_the_random_error_is_as_long_as_the_sae_error_everywhere(tiny: Tiny) -> None:
    view = view_of(tiny.instrument)
    ours = random_error(view)
    error = view.residual - view.reconstruction
    real = view.packed.real
    assert torch.allclose(ours.norm(dim=-1)[real], error.norm(dim=-1)[real], rtol=1e-5)
    assert (ours[~real] == 0).all()
    cosine = torch.cosine_similarity(ours, error, dim=-1)[real]
    assert cosine.abs().mean() < 0.5


def test_the_random_error_hangs_on_the_pair_alone(tiny: Tiny) -> None:
    """Not on its batch, its place in it, or its row in the index; other texts have another one."""
    together = random_error(view_of(tiny.instrument))
    for row, some in enumerate(PAIRS):
        elsewhere = dataclasses.replace(some, id=some.id + 100)
        alone = random_error(view_of(tiny.instrument, [elsewhere]))[0]
        assert (together[row, : len(alone)] - alone).abs().max() < 1e-5
    assert (together[0, 0] - together[1, 0]).abs().max() > 0.01


def test_the_random_margin_is_the_splice_of_that_error(tiny: Tiny) -> None:
    view = view_of(tiny.instrument, PAIRS[:1])
    (ours,) = measure(tiny.instrument, view)
    error = random_error(view)[0]
    prepared = view.pairs[0]
    columns = [
        view.columns(0, number, range(len(prepared.tokens(side).ids)))
        for number, side in enumerate(SIDES)
    ]
    chosen, rejected = (
        tiny.plain.reward(prepared.tokens(side).ids, subtracting(error[at]))
        for side, at in zip(SIDES, columns, strict=True)
    )
    assert ours.margin_random_error == pytest.approx(chosen - rejected, abs=1e-4)


@pytest.mark.parametrize("after_first", [False, True])
def test_moments_give_the_fvu_of_all_tokens(tiny: Tiny, after_first: bool) -> None:
    view = view_of(tiny.instrument)
    ours = moments(view, after_first=after_first)
    rows = []
    for some in PAIRS:
        made = tiny.instrument.prepare(some)
        # A shared token is computed, and counted, once.
        chosen, rejected = (tiny.plain.residual(made.tokens(side).ids) for side in SIDES)
        rows += [*chosen[int(after_first) :], *rejected[made.divergence :]]
    x = torch.stack(rows).double()
    error = x - tiny.instrument.sae.decode(tiny.instrument.sae.encode(x.float())).double()
    assert ours.tokens == len(x)
    expected = float(error.square().sum() / (x - x.mean(0)).square().sum())
    assert fvu(ours.error, ours.total, ours.square, ours.tokens) == pytest.approx(
        expected, rel=1e-4
    )


def test_text_activations_are_f_over_both_responses(tiny: Tiny) -> None:
    instrument = tiny.read_by("appended-end-of-text")
    view = view_of(instrument)
    for row, prepared in enumerate(view.pairs):
        ours = text_activations(view, row)
        for number, side in enumerate(SIDES):
            f = instrument.sae.encode(tiny.plain.residual(prepared.tokens(side).ids))
            places = prepared.text_positions(side)
            expected = {
                (place, int(feature)): float(f[place, feature])
                for place in places
                for feature in f[place].nonzero().flatten()
            }
            mine = ours.side == number
            found = dict(
                zip(
                    zip(ours.position[mine].tolist(), ours.feature[mine].tolist(), strict=True),
                    ours.value[mine].tolist(),
                    strict=True,
                )
            )
            assert found == pytest.approx(expected, abs=1e-4)
