"""Attention on a GPU: what CUDA's fused kernels ask for holds, and GPT-J's fused one is its own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import GPTJConfig, LlamaConfig

from engine.measure.alone import margin_alone, reward_alone
from engine.measure.base import gradient_of_margin
from engine.measure.instrument import Instrument
from engine.measure.packing import ALIGNED
from engine.measure.subset import after_prefix
from engine.models import attention
from engine.models.attention import FARTHER, Attend, farther, fuse_attention, fused
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.tiny import ARCHITECTURES, Tiny, from_ids, make_tiny

PAIRS = (
    ((1, 2, 3, 4, 5), (1, 2, 9, 8)),
    ((7, 8), (7, 8, 9, 10)),
    ((11, 12, 13), (11, 12, 13)),
    ((14,), (15, 16, 17, 18, 19, 20)),
)


@pytest.fixture(scope="module")
def gptj(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A GPT-J of this module's own, attending by fused kernels."""
    tiny = make_tiny(tmp_path_factory.mktemp("fused"), "gptj")
    fuse_attention(config_of(tiny), tiny.pm.blocks)
    return tiny


class Calls:
    """What torch's attention is called with."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[tuple[Tensor, Tensor | None, bool]] = []
        monkeypatch.setattr(nn.functional, "scaled_dot_product_attention", self)
        monkeypatch.setattr(attention, "scaled_dot_product_attention", self)

    def __call__(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> Tensor:
        assert query.dtype == key.dtype == value.dtype
        assert all(one.stride(-1) == 1 for one in (query, key, value))
        assert dropout_p == 0
        self.seen.append((query, attn_mask, is_causal))
        return scaled_dot_product_attention(
            query, key, value, attn_mask, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa
        )


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    return Calls(monkeypatch)


def everything(instrument: Instrument) -> Iterator[Tensor]:
    """Rewards, reconstructed rewards, and both ways of going on from the hook point."""
    view = instrument.view([from_ids(*pair) for pair in PAIRS])
    forward, packed = instrument.forward, view.packed
    yield forward.rewards(packed)
    yield instrument.reconstructed_rewards(view)
    rest = after_prefix(packed)
    yield forward.resume_at(packed, rest, rest.of(view.reconstruction), view.captured)
    yield gradient_of_margin(instrument, view)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_packed_call_has_a_mask_that_fused_kernels_read_where_it_lies(
    tiny_of: MakeTiny, gptj: Tiny, calls: Calls, architecture: str
) -> None:
    tiny = gptj if architecture == "gptj" else tiny_of(architecture)
    list(everything(tiny.instrument))
    assert calls.seen
    for query, mask, _ in calls.seen:
        assert mask is not None
        assert mask.dtype == query.dtype
        assert mask.stride(-1) == 1
        assert all(stride % ALIGNED == 0 for stride in mask.stride()[:-1])
        assert mask.storage_offset() % ALIGNED == 0
        assert (mask == 0).any(-1).all()  # who sees nothing has no softmax, and kernels give NaN


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_text_alone_has_no_mask_and_so_the_kernels_that_take_none(
    tiny_of: MakeTiny, gptj: Tiny, calls: Calls, architecture: str
) -> None:
    tiny = gptj if architecture == "gptj" else tiny_of(architecture)
    reward = reward_alone(tiny.pm, (1, 2, 3, 4, 5))
    assert calls.seen
    assert all(mask is None and causal for _, mask, causal in calls.seen)
    assert reward == pytest.approx(tiny.plain.reward((1, 2, 3, 4, 5)), abs=1e-5)


def test_a_fused_gptj_measures_what_its_own_attention_does(gptj: Tiny, tiny: Tiny) -> None:
    """`tiny` is the same model as it is on a CPU: forward, resumed, and gradients."""
    pairs = zip(everything(gptj.instrument), everything(tiny.instrument), strict=True)
    for ours, theirs in pairs:
        assert (ours - theirs).abs().max() < 1e-5
        assert theirs.abs().max() > 1e-3
    for pair in PAIRS:  # alone, what both texts begin with is run once, and each goes on from it
        alone = [margin_alone(each.instrument, from_ids(*pair)) for each in (gptj, tiny)]
        assert alone[0] == pytest.approx(alone[1], abs=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_it_is_as_near_to_the_formula_as_the_models_own(tiny: Tiny, dtype: torch.dtype) -> None:
    own = vars(type(tiny.pm.blocks[0].get_submodule("attn")))["_attn"]
    bound = own.__get__(tiny.pm.blocks[0].get_submodule("attn"))
    assert farther(bound, fused, config_of(tiny), torch.zeros(1, dtype=dtype)) <= FARTHER


def blind(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> tuple[Tensor, None]:
    """Sees what the mask hides."""
    return fused(query, key, value, None)


def broken(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> tuple[Tensor, None]:
    return fused(query, key, value * torch.nan, mask)


def refused(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> tuple[Tensor, None]:
    raise RuntimeError("No available kernel. Aborting execution.\nadvice")


@pytest.mark.parametrize("kernel", [blind, broken, refused])
def test_where_a_kernel_is_wrong_or_missing_all_stays_as_it_was_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kernel: Attend
) -> None:
    tiny = make_tiny(tmp_path, "gptj")
    caplog.set_level(logging.WARNING)
    logging.getLogger("outvoted").addHandler(caplog.handler)
    fuse_attention(config_of(tiny), tiny.pm.blocks, kernel)
    logging.getLogger("outvoted").removeHandler(caplog.handler)
    (told,) = set(caplog.messages)
    assert told.startswith("fused attention is not used: ")
    assert "advice" not in told
    assert config_of(tiny)._attn_implementation == "eager"
    assert not any("_attn" in vars(module) for module in tiny.pm.backbone.modules())


def test_other_architectures_ask_torch_themselves(tiny_of: MakeTiny) -> None:
    tiny = tiny_of("llama")
    fuse_attention(LlamaConfig(), tiny.pm.blocks)
    assert not any("_attn" in vars(module) for module in tiny.pm.backbone.modules())


def config_of(tiny: Tiny) -> GPTJConfig:
    config = vars(tiny.pm.backbone)["config"]
    assert isinstance(config, GPTJConfig)
    return config
