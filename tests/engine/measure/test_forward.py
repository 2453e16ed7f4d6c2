"""Going on from the hook point: x itself changes nothing, and the prefix need not run again."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from engine.measure.forward import Captured, Forward
from engine.measure.packing import Packed
from engine.measure.subset import after_prefix
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.plain import Edit
from tests.engine.measure.tiny import ARCHITECTURES, Tiny, from_ids

PAIRS = (
    ((1, 2, 3, 4, 5), (1, 2, 9, 8)),
    ((7, 8), (7, 8, 9, 10)),  # chosen ends where the sides part
    ((11, 12, 13), (11, 12, 13)),  # no side has anything of its own
    ((14,), (15, 16)),  # nothing is shared
)


def captured(tiny: Tiny) -> tuple[Packed, Captured]:
    packed = tiny.instrument.pack([from_ids(*pair) for pair in PAIRS])
    return packed, tiny.instrument.forward.capture(packed)


def rest_again(forward: Forward, packed: Packed, residual: Tensor, run: Captured) -> Tensor:
    rest = after_prefix(packed)
    return forward.resume_at(packed, rest, rest.of(residual), run)


def noise_like(x: Tensor) -> Tensor:
    return torch.randn(x.shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_x_itself_gives_the_run_back(tiny_of: MakeTiny, architecture: str) -> None:
    tiny = tiny_of(architecture)
    packed, run = captured(tiny)
    forward = tiny.instrument.forward
    assert (forward.resume(packed, run.residual) - run.rewards).abs().max() < 1e-5
    assert (rest_again(forward, packed, run.residual, run) - run.rewards).abs().max() < 1e-5
    assert (forward.rewards(packed) - run.rewards).abs().max() < 1e-5


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_resuming_is_what_a_hook_does(tiny_of: MakeTiny, architecture: str) -> None:
    """Any change at any token: the same as an edit of the plain model's residual stream."""
    tiny = tiny_of(architecture)
    packed, run = captured(tiny)
    change = noise_like(run.residual)
    rewards = tiny.instrument.forward.resume(packed, run.residual + change)
    for row, pair in enumerate(PAIRS):
        for branch, text in enumerate(pair):
            columns = [packed.column(row, branch, position) for position in range(len(text))]
            expected = tiny.plain.reward(text, adding(change[row, columns]))
            assert float(rewards[row, branch]) == pytest.approx(expected, abs=1e-5)
    assert (rewards - run.rewards).abs().max() > 0.1


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_rest_alone_is_enough_after_the_prefix(tiny_of: MakeTiny, architecture: str) -> None:
    tiny = tiny_of(architecture)
    packed, run = captured(tiny)
    forward = tiny.instrument.forward
    changed = run.residual + noise_like(run.residual) * ~packed.in_prefix.unsqueeze(-1)
    whole = forward.resume(packed, changed)
    rest = rest_again(forward, packed, changed, run)
    assert (whole - rest).abs().max() < 1e-5
    # The text that ends in the prefix keeps its reward, to the bit.
    assert rest[1, 0] == run.rewards[1, 0]
    assert (rest[2] == run.rewards[2]).all()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("block", [0, 2])
def test_any_block_may_be_the_hook_point(tiny_of: MakeTiny, architecture: str, block: int) -> None:
    """The first and the last too, where nothing or everything is left to run."""
    instrument = tiny_of(architecture).instrument
    forward = Forward(instrument.pm, block)
    packed = instrument.pack([from_ids(*pair) for pair in PAIRS])
    run = forward.capture(packed)
    changed = run.residual + noise_like(run.residual) * ~packed.in_prefix.unsqueeze(-1)
    assert (forward.resume(packed, run.residual) - run.rewards).abs().max() < 1e-5
    whole = forward.resume(packed, changed)
    rest = rest_again(forward, packed, changed, run)
    assert (whole - rest).abs().max() < 1e-5


def test_resuming_leaves_the_model_as_it_was(tiny: Tiny) -> None:
    packed, run = captured(tiny)
    tiny.instrument.forward.resume(packed, noise_like(run.residual))
    _, again = captured(tiny)
    assert (again.rewards == run.rewards).all()
    assert not any("forward" in vars(module) for module in tiny.pm.backbone.modules())


def test_gradients_flow_to_what_is_put_in(tiny: Tiny) -> None:
    packed, run = captured(tiny)
    given = run.residual.clone().requires_grad_()
    rewards = tiny.instrument.forward.resume(packed, given)
    (gradient,) = torch.autograd.grad(rewards.sum(), given)
    assert (gradient[packed.real].abs().sum(-1) > 0).any()
    assert (gradient[~packed.real] == 0).all()


def adding(change: Tensor) -> Edit:
    return lambda x: x + change
