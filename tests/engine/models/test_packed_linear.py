"""Weights in oneDNN's order: the same layer, to rounding, forward and backward."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.models import packed_linear
from engine.models.packed_linear import PackedLinear, has_onednn, pack_linears
from tests.counting import products

needs_onednn = pytest.mark.skipif(not has_onednn(), reason="this torch was built without oneDNN")


@needs_onednn
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 24), (3, 7, 24), (0, 24)])
def test_a_packed_layer_is_the_layer(bias: bool, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    plain = nn.Linear(24, 40, bias=bias).requires_grad_(False)
    rows = torch.randn(shape)
    assert torch.allclose(PackedLinear(plain)(rows), plain(rows), atol=1e-6)


@needs_onednn
@pytest.mark.parametrize("shape", [(5,), (2, 3)])
def test_gradients_reach_the_input(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    plain = nn.Linear(24, 40).requires_grad_(False)
    rows = torch.randn(*shape, 24, requires_grad=True)
    weights = torch.randn(*shape, 40)
    expected, found = (
        torch.autograd.grad((layer(rows) * weights).sum(), rows)[0]
        for layer in (plain, PackedLinear(plain))
    )
    assert torch.allclose(found, expected, atol=1e-6)
    assert expected.abs().max() > 0.1


@needs_onednn
def test_neither_way_multiplies_the_weight_as_it_lies() -> None:
    plain = nn.Linear(24, 40).requires_grad_(False)
    rows = torch.randn(5, 24, requires_grad=True)

    def there_and_back(layer: nn.Linear) -> int:
        return products(lambda: torch.autograd.grad(layer(rows).sum(), rows))

    assert there_and_back(plain) == 2 * (2 * 5 * 24 * 40)
    assert there_and_back(PackedLinear(plain)) == 0


@needs_onednn
def test_only_float32_layers_within_bounds_are_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    def model() -> nn.Sequential:
        return nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2).bfloat16()).requires_grad_(False)

    packed = model()
    pack_linears(packed)
    assert [type(layer) for layer in packed] == [PackedLinear, nn.Linear]
    monkeypatch.setattr(packed_linear, "MOST_BYTES", 4 * 8 * 4 - 1)
    large = model()
    pack_linears(large)
    assert [type(layer) for layer in large] == [nn.Linear, nn.Linear]
