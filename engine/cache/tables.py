"""The Arrow schemas of a run's parts: one row a pair, sparse features as parallel lists."""

from __future__ import annotations

import pyarrow as pa

_FIGURES = [
    pa.field("id", pa.int64(), nullable=False),
    pa.field("tokens", pa.int32(), nullable=False),
    pa.field("truncated", pa.int32(), nullable=False),
    pa.field("reward_chosen", pa.float32(), nullable=False),
    pa.field("reward_rejected", pa.float32(), nullable=False),
]

SAMPLE = pa.schema(_FIGURES)
"""Rewards alone, of the pairs that stand for the whole index."""

BASE = pa.schema(
    [
        *_FIGURES,
        pa.field("reward_chosen_sae", pa.float32(), nullable=False),
        pa.field("reward_rejected_sae", pa.float32(), nullable=False),
        pa.field("margin_random_error", pa.float32(), nullable=False),
        pa.field("feature", pa.list_(pa.int32()), nullable=False),
        pa.field("activation_chosen", pa.list_(pa.float32()), nullable=False),
        pa.field("activation_rejected", pa.list_(pa.float32()), nullable=False),
        pa.field("attribution", pa.list_(pa.float32()), nullable=False),
    ]
)
"""Every measured pair. The file's metadata holds the moments from which FVU is pooled."""

TEXT_ACTIVATIONS = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("side", pa.list_(pa.int8()), nullable=False),
        pa.field("position", pa.list_(pa.int32()), nullable=False),
        pa.field("feature", pa.list_(pa.int32()), nullable=False),
        pa.field("value", pa.list_(pa.float32()), nullable=False),
        pa.field("text_chosen", pa.list_(pa.int32()), nullable=False),
        pa.field("text_rejected", pa.list_(pa.int32()), nullable=False),
    ]
)
"""Bearers only: sparse activations over both response texts, and which tokens those are."""

PEAKS = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("feature", pa.int32(), nullable=False),
        pa.field("side", pa.int8(), nullable=False),
        pa.field("start", pa.int32(), nullable=False),
        pa.field("end", pa.int32(), nullable=False),
    ]
)
"""Bearers only: for each feature that fires in a response text, its strongest token there, in
characters of that response; `side` is 0 for chosen, 1 for rejected."""

TOKEN_EFFECTS = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("side", pa.list_(pa.int8()), nullable=False),
        pa.field("start", pa.list_(pa.int32()), nullable=False),
        pa.field("end", pa.list_(pa.int32()), nullable=False),
        pa.field("total", pa.list_(pa.float32()), nullable=False),
        pa.field("token", pa.list_(pa.int32()), nullable=False),
        pa.field("feature", pa.list_(pa.int32()), nullable=False),
        pa.field("attribution", pa.list_(pa.float32()), nullable=False),
    ]
)
"""Bearers only: tokens of both response texts as spans of characters, and attributions at them."""

SPANS = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("bearer", pa.string(), nullable=False),
        pa.field("span_start", pa.list_(pa.int32()), nullable=False),
        pa.field("span_end", pa.list_(pa.int32()), nullable=False),
        pa.field("span_position", pa.list_(pa.int32()), nullable=False),
        pa.field("reward_deleted", pa.float32()),
        pa.field("reward_control", pa.float32()),
    ]
)
"""One heuristic's bearers: spans in characters of the response, S, and the deletion control; a
feature has no text to delete, and no rewards without it."""

EFFECTS = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("effect", pa.float32()),
        pa.field("activation", pa.float32()),
        pa.field("random_effect", pa.float32()),
        pa.field("effect_all", pa.float32(), nullable=False),
        pa.field("drop_without_others", pa.float32()),
        pa.field("drop_without_error", pa.float32(), nullable=False),
        pa.field("effect_over_response", pa.float32()),
    ]
)
"""One heuristic and one feature set: a layer. Parts of earlier versions lack the last column."""

INSERTIONS = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("reward_with", pa.float32()),
        pa.field("reward_without", pa.float32()),
    ]
)
"""Responses that lack one heuristic's pattern: their rewards with it inserted, and as they are;
null where it does not fit into the PM."""

CHECKS = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("feature", pa.int32(), nullable=False),
        pa.field("attribution", pa.float32(), nullable=False),
        pa.field("effect", pa.float32(), nullable=False),
        pa.field("probability", pa.float64(), nullable=False),
    ]
)
"""Attribution against exact single effects, on sampled pairs."""

INTEGRATED = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("steps", pa.int32(), nullable=False),
        pa.field("feature", pa.list_(pa.int32()), nullable=False),
        pa.field("integrated", pa.list_(pa.float32()), nullable=False),
        pa.field("total", pa.float32(), nullable=False),
        pa.field("effect", pa.float32(), nullable=False),
    ]
)
"""Some of the checked pairs: integrated gradients of their features over P, the sum of them all,
and the exact effect of all features, which that sum should be."""

NOISE = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("margin_alone", pa.float32(), nullable=False),
    ]
)
"""Margins of pairs run each by itself, for the noise floor."""
