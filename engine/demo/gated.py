"""Train the demo's gated SAE on the output of one block of the demo's PM.

After Rajamanoharan et al., "Improving Dictionary Learning with Gated Sparse Autoencoders" (2024):
the reconstruction, an L1 penalty on the gate's positive part, and an auxiliary reconstruction from
that part through a frozen copy of the decoder, whose columns have unit norm. Names and layout are
dictionary_learning's, the ones of the original PM's SAEs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import GPTJForSequenceClassification

from engine.demo.preference import batch_of


@dataclass(frozen=True, slots=True)
class SparseRecipe:
    """How the SAE is trained."""

    features: int = 768
    sparsity: float = 0.7
    """Weight of the L1 penalty, for inputs scaled to a mean square of one."""
    steps: int = 4000
    batch: int = 512
    learning_rate: float = 2e-3
    seed: int = 0


class GatedSAE(nn.Module):
    """A dictionary of directions, each with a gate and a magnitude.

    h = W_e(x - b); f = 1[h + gate_bias > 0] * relu(exp(r_mag) * h + mag_bias); x_hat = W_d f + b
    """

    def __init__(self, width: int, features: int) -> None:
        super().__init__()
        self.decoder_bias = nn.Parameter(torch.zeros(width))
        self.r_mag = nn.Parameter(torch.zeros(features))
        self.gate_bias = nn.Parameter(torch.zeros(features))
        self.mag_bias = nn.Parameter(torch.zeros(features))
        self.encoder = nn.Linear(width, features, bias=False)
        self.decoder = nn.Linear(features, width, bias=False)
        directions = nn.functional.normalize(torch.randn(width, features), dim=0)
        self.decoder.weight.data = directions
        self.encoder.weight.data = directions.T.clone()

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Features and the gate's positive part, both [tokens, features], of x [tokens, width]."""
        h = self.encoder(x - self.decoder_bias)
        gate = h + self.gate_bias
        magnitude = torch.relu(self.r_mag.exp() * h + self.mag_bias)
        return (gate > 0) * magnitude, torch.relu(gate)

    def decode(self, features: torch.Tensor) -> torch.Tensor:
        """The reconstruction, [tokens, width]."""
        return features @ self.decoder.weight.T + self.decoder_bias

    def loss(self, x: torch.Tensor, sparsity: float) -> torch.Tensor:
        """The gated SAE loss, a scalar, for x [tokens, width]."""
        features, gate = self.encode(x)
        reconstruction = (self.decode(features) - x).square().sum(-1).mean()
        frozen = gate @ self.decoder.weight.detach().T + self.decoder_bias.detach()
        auxiliary = (frozen - x).square().sum(-1).mean()
        return reconstruction + sparsity * gate.sum(-1).mean() + auxiliary


@torch.no_grad()
def residuals(
    model: GPTJForSequenceClassification, tokenizer: Tokenizer, texts: Sequence[str], block: int
) -> torch.Tensor:
    """The outputs of `transformer.h.<block>` at every token of the texts, [tokens, width]."""
    kept: list[torch.Tensor] = []
    for start in range(0, len(texts), 64):
        ids, mask = batch_of(tokenizer, texts[start : start + 64])
        outputs = model.transformer(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        kept.append(outputs.hidden_states[block + 1][mask.bool()])
    return torch.cat(kept)


def train_sae(x: torch.Tensor, recipe: SparseRecipe) -> GatedSAE:
    """A gated SAE of the residuals x [tokens, width], in their own units."""
    torch.manual_seed(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed)
    scale = (x - x.mean(0)).square().sum(-1).mean().sqrt() / math.sqrt(x.shape[1])
    x = x / scale
    sae = GatedSAE(x.shape[1], recipe.features)
    sae.decoder_bias.data = x.mean(0)
    optimiser = torch.optim.Adam(sae.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.999))
    for step in range(recipe.steps):
        # The penalty comes in over the first tenth; the last fifth cools down.
        part = step / recipe.steps
        for group in optimiser.param_groups:
            group["lr"] = recipe.learning_rate * min(1.0, (1 - part) * 5)
        batch = x[torch.randint(len(x), (recipe.batch,), generator=generator)]
        loss = sae.loss(batch, recipe.sparsity * min(1.0, part * 10))
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        with torch.no_grad():
            sae.decoder.weight.data = nn.functional.normalize(sae.decoder.weight.data, dim=0)
    return _unscaled(sae, float(scale))


@torch.no_grad()
def _unscaled(sae: GatedSAE, scale: float) -> GatedSAE:
    """The same SAE for inputs that are `scale` times as large; the decoder keeps its unit norm."""
    for bias in (sae.decoder_bias, sae.gate_bias, sae.mag_bias):
        bias.mul_(scale)
    return sae


@torch.no_grad()
def faithfulness(sae: GatedSAE, x: torch.Tensor) -> tuple[float, float]:
    """FVU and mean L0 over x [tokens, width]."""
    features, _ = sae.encode(x)
    error = (sae.decode(features) - x).square().sum()
    return float(error / (x - x.mean(0)).square().sum()), float(
        (features > 0).sum(-1).float().mean()
    )
