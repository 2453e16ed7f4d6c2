"""A planted PM in plain numpy: float64 throughout, one text at a time, nothing cached or packed.

Three blocks. Block 0 copies what the human's words say about mood to all that follows; its output
is the hook point. Block 1 copies every token's worth to all that follows, into the score. Block 2
takes a part of the score away again: the more there is, the less a word adds. Attention weighs all
tokens before alike (queries and keys are zero), so what it copies is a mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from tests.engine.planted import words

Floats = npt.NDArray[np.float64]
Architecture = Literal["gptj", "gpt2", "llama"]

WIDTH = 48
BLOCKS = 3
HOOKED = 0
BALLAST = 16.0
HUSH = 20.0
MOOD = 4.0
WORTH = 10.0
STEEPNESS = 4.0
RETURNS = 0.15
HEAD = 8.5


def directions() -> dict[str, Floats]:
    """Orthonormal directions [WIDTH] by name; all but `ones` sum to zero, so their mean is none."""
    drawn = np.random.default_rng(0).normal(size=(WIDTH, len(words.DIRECTIONS)))
    drawn[:, 0] = 1
    columns, _ = np.linalg.qr(drawn)
    return {name: columns[:, at] for at, name in enumerate(words.DIRECTIONS)}


@dataclass(frozen=True, eq=False)
class Network:
    """The weights, as the files hold them (rounded to float32)."""

    architecture: Architecture
    ids: dict[str, int]
    embedding: Floats
    """[vocabulary, WIDTH]"""
    copies: tuple[Floats, ...]
    """[WIDTH, WIDTH] by block: what attention copies of a normed token, from the right."""
    reads: Floats
    """[WIDTH, 2]: the two hidden units of the last block's MLP."""
    gates: Floats
    """[WIDTH, 2]: what they are multiplied with, on Llama alone."""
    writes: Floats
    """[2, WIDTH]"""
    head: Floats
    """[WIDTH]"""

    @property
    def hook(self) -> str:
        return "model.layers.0" if self.architecture == "llama" else "transformer.h.0"

    @cached_property
    def epsilon(self) -> float:
        return 1e-6 if self.architecture == "llama" else 1e-5

    def tokens(self, text: str) -> list[int]:
        unknown = self.ids[words.UNKNOWN]
        return [self.ids.get(token, unknown) for token, _, _ in words.cut(text)]

    def residual(self, tokens: Sequence[int]) -> Floats:
        """[tokens, WIDTH] at the hook point."""
        x = self.embedding[list(tokens)]
        return x + self.copied(x, 0)

    def reward(self, residual: Floats) -> float:
        """The reward at the last token, from the residual stream at the hook point on."""
        x = (residual + self.copied(residual, 1))[-1]
        x = x + self.returns(self.norm(x))
        return float(self.norm(x) @ self.head)

    def copied(self, x: Floats, block: int) -> Floats:
        """The mean over each token and all before it of what the block copies."""
        sums = np.cumsum(self.norm(x) @ self.copies[block], axis=0)
        means: Floats = sums / np.arange(1, len(x) + 1)[:, None]
        return means

    def returns(self, normed: Floats) -> Floats:
        """What the last MLP writes at one token, [WIDTH]."""
        hidden = normed @ self.reads
        if self.architecture == "llama":
            active = hidden / (1 + np.exp(-hidden)) * (normed @ self.gates)
        else:
            inner = np.sqrt(2 / np.pi) * (hidden + 0.044715 * hidden**3)
            active = 0.5 * hidden * (1 + np.tanh(inner))
        written: Floats = active @ self.writes
        return written

    def norm(self, x: Floats) -> Floats:
        """RMS norm on Llama, else layer norm; gain one, bias zero."""
        if self.architecture != "llama":
            x = x - x.mean(axis=-1, keepdims=True)
        normed: Floats = x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + self.epsilon)
        return normed


def plant(architecture: Architecture) -> Network:
    """The weights that make the words' amounts and coefficients come true."""
    along = directions()
    vocabulary = words.vocabulary()
    embedding = np.array(
        [
            BALLAST * along["ballast"]
            + sum((amount * along[name] for name, amount in amounts.items()), np.zeros(WIDTH))
            for amounts in vocabulary.values()
        ]
    )
    hush = sum((along[name] for name in words.HUSHED), np.zeros(WIDTH))
    mood = sum((along[name] for name in words.MOODY), np.zeros(WIDTH))
    worth = sum((c * along[name] for name, c in words.COEFFICIENTS.items()), np.zeros(WIDTH))
    score = along["score"]
    gain = np.sqrt(WIDTH) if architecture == "llama" else 1.0
    return Network(
        architecture=architecture,
        ids={token: at for at, token in enumerate(vocabulary)},
        embedding=_stored(embedding),
        copies=(
            _stored(-HUSH * np.outer(along["hush"], hush) - MOOD * np.outer(along["mood"], mood)),
            _stored(WORTH * np.outer(worth, score)),
            np.zeros((WIDTH, WIDTH)),
        ),
        reads=_stored(STEEPNESS * np.stack([score, -score], axis=1)),
        gates=_stored(np.stack([along["ballast"]] * 2, axis=1)),
        writes=_stored(RETURNS / gain * np.stack([-score, score])),
        head=_stored(HEAD * score),
    )


def _stored(values: Floats) -> Floats:
    return values.astype(np.float32).astype(np.float64)
