"""A text run by itself: no packing, no padding, no batch. What the noise floor compares with."""

from __future__ import annotations

import torch

from engine.measure.instrument import Instrument
from engine.measure.prepare import Prepared


def margin_alone(instrument: Instrument, prepared: Prepared) -> float:
    """delta from one plain forward a side, as plain transformers would run it."""
    pm = instrument.pm
    rewards = []
    with torch.inference_mode():
        for tokens in (prepared.chosen, prepared.rejected):
            ids = torch.tensor([tokens.ids], device=pm.device)
            hidden = pm.backbone(input_ids=ids, use_cache=False).last_hidden_state[:, -1]
            rewards.append(float(pm.head(hidden).float().squeeze()))
    return rewards[0] - rewards[1]
