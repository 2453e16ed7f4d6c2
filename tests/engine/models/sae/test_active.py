"""Products over the active features alone are the products over all."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from engine.models.sae.active import MANY, attributed, written

D_SAE, D_IN = 96, 24


def features(tokens: int, active: int) -> Tensor:
    """[tokens, D_SAE], so many of a token's features active, none at the first token."""
    torch.manual_seed(0)
    f = torch.zeros(tokens, D_SAE)
    for token in range(1, tokens):
        f[token, torch.randperm(D_SAE)[:active]] = torch.rand(active) + 0.1
    return f


# None, a few, and more than pay: from there on the whole product is taken.
@pytest.mark.parametrize("active", [0, 4, D_SAE // MANY + 30])
@pytest.mark.parametrize("tokens", [0, 1, 7])
def test_only_active_features_write_and_count(tokens: int, active: int) -> None:
    f, w_dec = features(tokens, active), torch.randn(D_SAE, D_IN)
    gradient = torch.randn(tokens, D_IN)
    assert torch.allclose(written(f, w_dec), f @ w_dec, atol=1e-5)
    expected = (f * (gradient @ w_dec.T)).sum(0)
    assert torch.allclose(attributed(f, gradient, w_dec), expected, atol=1e-5)


def test_leading_dimensions_are_kept() -> None:
    f, w_dec = features(6, 3).reshape(2, 3, D_SAE), torch.randn(D_SAE, D_IN)
    assert torch.allclose(written(f, w_dec), f @ w_dec, atol=1e-5)


def test_what_is_no_number_stays_none() -> None:
    f = features(5, 3)
    f[2, 8] = torch.nan
    assert written(f, torch.ones(D_SAE, D_IN)).isnan().any(1).tolist() == [0, 0, 1, 0, 0]


def test_gradients_reach_features_and_decoder() -> None:
    """An SAE that is trained, or whose features are: the same gradients."""
    f, w_dec = features(5, 3).requires_grad_(), torch.randn(D_SAE, D_IN, requires_grad=True)
    weights = torch.randn(5, D_IN)
    found = torch.autograd.grad((written(f, w_dec) * weights).sum(), (f, w_dec))
    expected = torch.autograd.grad((f @ w_dec * weights).sum(), (f, w_dec))
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other, atol=1e-5)
