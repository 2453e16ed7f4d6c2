"""A text run by itself: no packing, no padding, no batch. What the noise floor compares with."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from engine.measure.instrument import Instrument
from engine.measure.prepare import Prepared
from engine.models.pm import PreferenceModel


def margin_alone(instrument: Instrument, prepared: Prepared) -> float:
    """delta from one plain forward a side, as plain transformers would run it."""
    chosen, rejected = (
        reward_alone(instrument.pm, tokens.ids) for tokens in (prepared.chosen, prepared.rejected)
    )
    return chosen - rejected


def reward_alone(pm: PreferenceModel, ids: Sequence[int]) -> float:
    """The reward at the last of these ids, from one plain forward."""
    with torch.inference_mode():
        row = torch.tensor([ids], device=pm.device)
        hidden = pm.backbone(input_ids=row, use_cache=False).last_hidden_state[:, -1]
        return float(pm.head(hidden).float().squeeze())
