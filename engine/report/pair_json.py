"""One pair as the command line prints it with `--json`: `show` and `rescore` share the shape.

Its keys are a contract: more may be added, and none is renamed.
"""

from __future__ import annotations

import math
from dataclasses import asdict

from engine.cache.on_pair import opposers
from engine.cache.pair_records import FeatureOnPair, HeuristicOnPair, Likelihood, PairDetail
from engine.canonical import Json


def pair_json(detail: PairDetail) -> dict[str, Json]:
    """All that is known of a pair; a figure that is not finite is null, as JSON has no NaN."""
    pair = detail.pair
    return {
        "pair": {
            "source": pair.name.source,
            "split": pair.name.split,
            "row": pair.name.row,
            "tranche": pair.tranche,
            "context": pair.context,
            "chosen": pair.chosen,
            "rejected": pair.rejected,
        },
        "run": detail.run,
        "reward_chosen": _figure(detail.reward_chosen),
        "reward_rejected": _figure(detail.reward_rejected),
        "margin": _figure(detail.margin),
        "margin_sae": _figure(detail.margin_sae),
        "margin_random_error": _figure(detail.margin_random_error),
        "heuristics": [_heuristic(made, detail) for made in detail.heuristics],
        "features": [_feature(made) for made in detail.features],
        "truncated": detail.truncated,
        "flags": list(detail.flags),
        "seen": detail.seen,
        "likelihood": _likelihood(detail.likelihood),
        "mark": detail.mark,
        "note": detail.note,
    }


def _likelihood(made: Likelihood | None) -> Json:
    """Log-likelihoods per token, in nats."""
    if made is None:
        return None
    return asdict(made) | {"chosen": _figure(made.chosen), "rejected": _figure(made.rejected)}


def _heuristic(made: HeuristicOnPair, detail: PairDetail) -> dict[str, Json]:
    judged, thresholds = made.judgement, made.thresholds
    return {
        "heuristic": made.heuristic.name,
        "pattern": made.heuristic.pattern,
        "kind": made.kind,
        "bearer": made.bearer,
        "spans": [list(span) for span in made.spans],
        "features": list(made.features),
        "verdict": judged.verdict.value,
        "by": judged.by,
        "opposers": [each.feature for each in opposers(made, detail)],
        "decisive": made.decisive,
        "runner_up": None if judged.runner_up is None else judged.runner_up.value,
        "distance": _figure(judged.distance),
        "vote": _figure(judged.vote),
        "effect": _figure(made.effect),
        "activation": _figure(made.activation),
        # The one that the vote is held against; all of them are below.
        "threshold": None if thresholds is None else _figure(thresholds.vote),
        "thresholds": None
        if thresholds is None
        else {name: _figure(value) for name, value in asdict(thresholds).items()},
        "confident": judged.confident,
        "in_sample": made.in_sample,
        "effect_all": _figure(made.effect_all),
        "random_effect": _figure(made.random_effect),
        "deletion_effect": _figure(made.deletion_effect),
        "control_effect": _figure(made.control_effect),
        "drop_without_others": _figure(made.drop_without_others),
        "drop_without_error": _figure(made.drop_without_error),
        "effect_over_response": _figure(made.effect_over_response),
    }


def _feature(made: FeatureOnPair) -> dict[str, Json]:
    return {
        "feature": made.feature,
        "label": made.label,
        "activation_chosen": _figure(made.activation_chosen),
        "activation_rejected": _figure(made.activation_rejected),
        "attribution": _figure(made.attribution),
        "effect": _figure(made.effect),
    }


def _figure(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
