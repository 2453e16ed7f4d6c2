"""GPT-J's attention by torch's fused kernels, on a GPU: transformers has none for its packed masks.

Its own keeps every score in float32, [rows, heads, columns, columns] a block, a few times over.
Other architectures ask torch's kernels themselves (docs/attention.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import GPTJConfig, PreTrainedConfig

from engine.log import LOGGER

Attend = Callable[[Tensor, Tensor, Tensor, Tensor | None], tuple[Tensor, Tensor | None]]
"""(queries, keys, values, additive mask) -> (their mean values, None or the weights); the first
three are [rows, heads, columns, head_dim], in the PM's dtype."""

FARTHER = 4
"""How many times as far from the exact answer as GPT-J's own attention the fused one may be."""
_COLUMNS = 40


def fused(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> tuple[Tensor, None]:
    """GPT-J's attention, its weights never made. Without a mask a text sees what comes before."""
    causal = mask is None and query.shape[2] == key.shape[2]
    return scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=causal), None


def fuse_attention(config: PreTrainedConfig, blocks: nn.ModuleList, attend: Attend = fused) -> None:
    """Have a GPT-J's blocks attend by fused kernels, if they are right on this device.

    They are tried on a small packed mask first, values and gradients, in the blocks' own dtype.
    Where torch refuses them or they are off by more than rounding, all stays as it was, and the
    log says so. Other architectures are left alone.
    """
    if not isinstance(config, GPTJConfig):
        return
    modules = [block.get_submodule("attn") for block in blocks]
    try:
        ratio = farther(cast("Attend", modules[0]._attn), attend, config, next(blocks.parameters()))
    except RuntimeError as error:  # a kernel that is not there, or finds no room
        LOGGER.warning("fused attention is not used: %s", str(error).partition("\n")[0])
        return
    if not ratio <= FARTHER:
        LOGGER.warning("fused attention is not used: it is off by %.1f times rounding", ratio)
        return
    for module in modules:
        vars(module)["_attn"] = attend  # shadows the class's method
    # From here on masks are made as for these kernels: none at all for a text by itself.
    config._attn_implementation = "sdpa"


def farther(own: Attend, other: Attend, config: GPTJConfig, like: Tensor) -> float:
    """How far another attention is from the exact one, in units of how far a model's own is.

    The worse of the values and the gradients of queries, keys and values. Where its own is nearer
    than one rounding of the largest number, that is the unit.

    Args:
        own: the model's.
        other: what is tried.
        config: of the model; it says how many heads, and how wide.
        like: a tensor of the dtype and on the device of the model.
    """
    draw = torch.Generator().manual_seed(0)
    shape = (2, config.n_head, _COLUMNS, config.n_embd // config.n_head)
    given = [torch.randn(shape, generator=draw).to(like) for _ in range(3)]
    seen = torch.ones(_COLUMNS, _COLUMNS, dtype=torch.bool).tril()
    seen[_COLUMNS * 3 // 4 :, _COLUMNS // 2 : _COLUMNS * 3 // 4] = False  # a branch and another
    mask = torch.zeros(2, 1, _COLUMNS, _COLUMNS).to(like)
    mask.masked_fill_(~seen.to(like.device), torch.finfo(like.dtype).min)
    exact = _answers(_exactly, [one.double() for one in given], mask.double())
    ratios = []
    theirs, ours = _answers(own, given, mask), _answers(other, given, mask)
    for right, one, another in zip(exact, theirs, ours, strict=True):
        rounding = float(right.abs().max()) * torch.finfo(like.dtype).eps
        unit = max(rounding, float((one.double() - right).abs().max()))
        ratios.append(float((another.double() - right).abs().max()) / unit)
    return float(torch.tensor(ratios).max())  # of NaN, NaN


def _exactly(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> tuple[Tensor, None]:
    """The formula itself (Vaswani et al. 2017, equation 1), with an additive mask."""
    scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
    return (scores if mask is None else scores + mask).softmax(-1) @ value, None


def _answers(attend: Attend, given: list[Tensor], mask: Tensor) -> tuple[Tensor, ...]:
    """What it makes of a packed batch, and the gradients of what went in."""
    taking = [one.detach().clone().requires_grad_() for one in given]
    with torch.enable_grad():
        out, _ = attend(taking[0], taking[1], taking[2], mask)
        weights = torch.linspace(-1, 1, out.shape[-1], dtype=torch.float64).to(out)
        gradients = torch.autograd.grad((out * weights).sum(), taking)
    return (out.detach(), *gradients)
