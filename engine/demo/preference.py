"""Train the demo's PM: the original's architecture at a thousandth of its width and depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import GPTJConfig, GPTJForSequenceClassification

Pair = tuple[str, str]
"""A chosen and a rejected transcript."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The PM's size."""

    width: int = 128
    blocks: int = 4
    heads: int = 4
    rotary: int = 16
    positions: int = 512


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the PM is trained."""

    epochs: int = 1
    batch: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    dropout: float = 0.1
    centring: float = 0.01
    """Weight of the squared sum of a pair's rewards: the loss leaves their level open."""
    seed: int = 0


def new_pm(
    vocabulary: int, shape: Shape, dropout: float, seed: int
) -> GPTJForSequenceClassification:
    """An untrained GPT-J with one label whose bos = eos = pad is token 0."""
    torch.manual_seed(seed)
    config = GPTJConfig(
        vocab_size=vocabulary,
        n_positions=shape.positions,
        n_embd=shape.width,
        n_layer=shape.blocks,
        n_head=shape.heads,
        rotary_dim=shape.rotary,
        resid_pdrop=dropout,
        embd_pdrop=dropout,
        attn_pdrop=dropout,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
        tie_word_embeddings=False,
    )
    config.num_labels = 1
    return GPTJForSequenceClassification(config)


def batch_of(tokenizer: Tokenizer, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and attention mask, [texts, longest] of int64, padded on the right with token 0."""
    rows = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return ids, mask


def rewards(
    model: GPTJForSequenceClassification, tokenizer: Tokenizer, texts: Sequence[str]
) -> torch.Tensor:
    """The reward of each text, [texts], read at its last token with nothing appended."""
    ids, mask = batch_of(tokenizer, texts)
    hidden = model.transformer(input_ids=ids, attention_mask=mask).last_hidden_state
    last = hidden[torch.arange(len(texts)), mask.sum(1) - 1]
    scored: torch.Tensor = model.score(last)
    return scored.squeeze(-1)


def train_pm(
    model: GPTJForSequenceClassification,
    tokenizer: Tokenizer,
    pairs: Sequence[Pair],
    recipe: Recipe,
) -> list[float]:
    """Minimise -log sigmoid(r(chosen) - r(rejected)); returns the loss of every step."""
    generator = torch.Generator().manual_seed(recipe.seed)
    torch.manual_seed(recipe.seed)
    steps = recipe.epochs * (len(pairs) // recipe.batch)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.learning_rate, total_steps=max(steps, 2), pct_start=0.1
    )
    losses: list[float] = []
    model.train()
    for _ in range(recipe.epochs):
        for rows in _batches(pairs, recipe.batch, generator):
            chosen, rejected = zip(*(pairs[row] for row in rows), strict=True)
            better, worse = rewards(model, tokenizer, chosen + rejected).chunk(2)
            loss = -functional.logsigmoid(better - worse).mean()
            loss = loss + recipe.centring * (better + worse).square().mean()
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
    model.train(False)
    return losses


def _batches(pairs: Sequence[Pair], size: int, generator: torch.Generator) -> list[list[int]]:
    """Full batches of random pairs of similar length (half as much padding); a rest is left out."""
    order = torch.randperm(len(pairs), generator=generator).tolist()
    group = size * 16
    batches = [
        part[start : start + size]
        for at in range(0, len(order), group)
        for part in [sorted(order[at : at + group], key=lambda row: len(pairs[row][0]))]
        for start in range(0, len(part) - size + 1, size)
    ]
    return [batches[at] for at in torch.randperm(len(batches), generator=generator).tolist()]


@torch.no_grad()
def score(
    model: GPTJForSequenceClassification, tokenizer: Tokenizer, texts: Sequence[str]
) -> list[float]:
    """The rewards of many texts, 64 at a time."""
    model.train(False)
    return [
        reward
        for start in range(0, len(texts), 64)
        for reward in rewards(model, tokenizer, texts[start : start + 64]).tolist()
    ]
