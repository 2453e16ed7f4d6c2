"""How a run's effects were taken, in words: what no figure of a report can be read without."""

from __future__ import annotations

from engine.cache.manifest import METHOD, RunConfig
from engine.canonical import Json

_WHERE = {"all": "at every token", "after-first": "at every token but a text's first"}


def method_sentence(config: RunConfig) -> str:
    """Positions, error term, baseline, readout and dtype, and what the comparison with custom
    text is."""
    where = _WHERE.get(config.positions, config.positions)
    return (
        f"Reconstruction {where}. Effects are exact: margin less the margin with the features at"
        " zero (the baseline), the decoder's bias and the SAE's error kept; of the heuristic's"
        " features at the pattern's tokens (the vote) and over the responses, of all others and of"
        " the error over the responses, from the first token that differs on; attributions there"
        f" too. Rewards read at: {config.readout}, in {config.dtype}. That custom text is out of"
        " distribution is a comparison, no verdict."
    )


def method_json(config: RunConfig) -> Json:
    """The same as fields."""
    return {
        "positions": config.positions,
        **METHOD,
        "readout": config.readout,
        "dtype": config.dtype,
        "out_of_distribution": "a comparison, no verdict",
    }
