"""A pair run by itself: no packing, no padding, no batch. What the noise floor compares with."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import DynamicCache

from engine.measure.instrument import Instrument
from engine.measure.packing import common_prefix
from engine.measure.prepare import Prepared
from engine.models.pm import PreferenceModel


def margin_alone(instrument: Instrument, prepared: Prepared) -> float:
    """delta from plain forwards, one text after the other.

    What both begin with is run once, as plain transformers would go on from its own cache.
    """
    pm, texts = instrument.pm, [prepared.chosen.ids, prepared.rejected.ids]
    # Each text keeps at least the token that it is read at.
    shared = min(common_prefix(texts), min(map(len, texts)) - 1)
    with torch.inference_mode():
        cache = DynamicCache()
        if shared:
            _run(pm, texts[0][:shared], cache)
        rewards = []
        for ids in texts:
            rewards.append(_read(pm, _run(pm, ids[shared:], cache)))
            cache.crop(shared - len(ids))
    chosen, rejected = rewards
    return chosen - rejected


def reward_alone(pm: PreferenceModel, ids: Sequence[int]) -> float:
    """The reward at the last of these ids, from one plain forward."""
    with torch.inference_mode():
        return _read(pm, _run(pm, ids))


def _run(pm: PreferenceModel, ids: Sequence[int], cache: DynamicCache | None = None) -> Tensor:
    """[d_model]: the last hidden state, after what the cache holds."""
    row = torch.tensor([ids], device=pm.device)
    hidden = pm.backbone(input_ids=row, past_key_values=cache, use_cache=cache is not None)
    last: Tensor = hidden.last_hidden_state[0, -1]
    return last


def _read(pm: PreferenceModel, hidden: Tensor) -> float:
    return float(pm.head(hidden).float().squeeze())
