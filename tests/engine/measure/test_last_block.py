"""The last block, computed only where a reward is read: the same rewards and gradients."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import cast

import pytest
import torch
from torch import Tensor, nn

from engine.measure.last_block import only_at
from engine.measure.packing import Packed
from tests.engine.measure.tiny import Tiny, pair

TEXTS = ((" I don’t know it.", " I do know it, and well"), (" same", " same"), ("", " something"))


def packed(tiny: Tiny) -> Packed:
    return tiny.instrument.pack([tiny.instrument.prepare(pair(*sides)) for sides in TEXTS])


def run(tiny: Tiny, batch: Packed, cut: AbstractContextManager[None]) -> tuple[Tensor, Tensor]:
    """Rewards, [rows, branches], and the gradient of their sum at the embeddings."""
    embed = cast("Callable[[], nn.Module]", tiny.pm.backbone.get_input_embeddings)()
    given = embed(batch.input_ids).requires_grad_()
    with cut:
        hidden = tiny.pm.backbone(
            inputs_embeds=given, attention_mask=batch.mask, position_ids=batch.position_ids
        ).last_hidden_state
    rows = torch.arange(len(hidden)).unsqueeze(1)
    rewards = tiny.pm.head(hidden[rows, batch.readouts]).squeeze(-1)
    (gradient,) = torch.autograd.grad(rewards.sum(), given)
    return rewards.detach(), gradient


def test_rewards_and_gradients_are_those_of_the_whole_block(tiny: Tiny) -> None:
    batch, last = packed(tiny), tiny.pm.blocks[-1]
    rewards, gradient = run(tiny, batch, nullcontext())
    found, slopes = run(tiny, batch, only_at(last, batch.readouts))
    assert torch.allclose(found, rewards, atol=1e-5)
    assert torch.allclose(slopes, gradient, atol=1e-5)
    assert gradient.abs().max() > 1e-3
    assert "forward" not in vars(last)  # the model is left as it was


def test_its_mlp_sees_the_readouts_alone(tiny: Tiny) -> None:
    batch, seen = packed(tiny), list[int]()
    mlp = tiny.pm.blocks[-1].get_submodule("mlp")
    handle = mlp.register_forward_hook(lambda _mlp, inputs, _out: seen.append(inputs[0].shape[-2]))
    with only_at(tiny.pm.blocks[-1], batch.readouts):
        tiny.pm.backbone(
            input_ids=batch.input_ids,
            attention_mask=batch.mask,
            position_ids=batch.position_ids,
        )
    handle.remove()
    assert seen == [batch.readouts.shape[1]] and batch.input_ids.shape[1] > 2


class Doubling(nn.Module):
    """A block that asks no cache."""

    def forward(
        self,
        hidden_states: Tensor,
        past_key_values: object = None,
        attention_mask: Tensor | None = None,
    ) -> Tensor:
        return 2 * hidden_states


@pytest.mark.parametrize("mask", [None, torch.zeros(1, 1, 3, 3)])
def test_a_block_that_asks_no_cache_computes_everything(mask: Tensor | None) -> None:
    block, hidden = Doubling(), torch.randn(1, 3, 4)
    with only_at(block, torch.tensor([[1, 2]])):
        assert torch.equal(block(hidden, attention_mask=mask), 2 * hidden)
