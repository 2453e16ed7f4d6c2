"""How well a latent separates a pattern's tokens from others, every pair of tokens compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.engine.planted.figures import Planting, span_positions
from tests.engine.planted.pairs import PlantedPair
from tests.engine.planted.words import cut


def separation(
    planting: Planting, pairs: Sequence[PlantedPair], latent: int
) -> tuple[float, float]:
    """AUROC over the bearers' response tokens, and the share of bearers in which it fires on S."""
    inside, outside, fires = [], [], []
    for pair in pairs:
        text = pair.transcript(pair.bearer)
        network = planting.network
        f = planting.dictionary.encode(network.residual(network.tokens(text)))[:, latent]
        span = span_positions(pair.heuristic, text, len(pair.context))
        start = len(cut(pair.context))
        others = sorted(set(range(start, len(f))) - set(span))
        inside.append(f[span])
        outside.append(f[others])
        fires.append(bool((f[span] > 0).any()))
    ours, theirs = np.concatenate(inside)[:, None], np.concatenate(outside)[None]
    return float(((ours > theirs) + (ours == theirs) / 2).mean()), float(np.mean(fires))
