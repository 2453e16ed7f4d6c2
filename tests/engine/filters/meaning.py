"""What a filter means of a pair in memory: a second opinion on the language, and no SQL."""

from __future__ import annotations

import operator

from engine.cache.pair_records import PairDetail
from engine.filters import All, Among, Between, Compare, Contains, Either, Feature, Filter, Not

_SIGNS = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def figure_of(detail: PairDetail, name: str) -> float | None:
    """A figure of a pair and its first heuristic."""
    on = detail.heuristics[0] if detail.heuristics else None
    judgement = on.judgement if on else None
    margin, margin_sae = detail.margin, detail.margin_sae
    return {
        "row": float(detail.pair.name.row),
        "margin": margin,
        "margin_sae": margin_sae,
        "gap": None if margin is None or margin_sae is None else abs(margin_sae - margin),
        "reward_chosen": detail.reward_chosen,
        "reward_rejected": detail.reward_rejected,
        "vote": judgement.vote if judgement else None,
        "effect": on.effect if on else None,
        "effect_all": on.effect_all if on else None,
        "activation": on.activation if on else None,
        "deletion_effect": on.deletion_effect if on else None,
        "distance": judgement.distance if judgement else None,
    }[name]


def holds(tree: Filter | None, detail: PairDetail) -> bool:
    """Whether the filter keeps the pair."""
    match tree:
        case None:
            return True
        case Not(part):
            return not holds(part, detail)
        case All(parts):
            return all(holds(part, detail) for part in parts)
        case Either(parts):
            return any(holds(part, detail) for part in parts)
        case Compare(name, sign, value):
            figure = figure_of(detail, name)
            return figure is not None and bool(_SIGNS[sign](figure, value))
        case Between(name, low, high):
            figure = figure_of(detail, name)
            return figure is not None and low <= figure <= high
        case Among(name, values):
            return bool(_named(detail, name) & set(values))
        case Contains(place, text):
            return any(_has(found, text) for found in _texts(detail, place))
        case Feature(what, number, sign, value):
            if detail.margin_sae is None:
                return False
            return bool(_SIGNS[sign](_on_feature(detail, what, number), value))


def _named(detail: PairDetail, name: str) -> set[str]:
    pair = detail.pair
    on = detail.heuristics[0] if detail.heuristics else None
    found: dict[str, str | None] = {
        "tranche": pair.tranche,
        "source": pair.name.source,
        "split": pair.name.split,
        "mark": detail.mark or "none",
        "seen": detail.seen,
        "label-suspect": "yes" if detail.flags else "no",
        "suspect": "tied" if detail.flags else "none",
    }
    if on is not None:
        runner_up, by = on.judgement.runner_up, on.judgement.by
        found |= {
            "verdict": on.judgement.verdict.value,
            "runner_up": runner_up.value if runner_up else "none",
            "kind": on.kind,
            "bearer": on.bearer,
            "by": by or "none",
            "decisive": {True: "yes", False: "no", None: "unknown"}[on.decisive],
            "heuristic": on.heuristic.name,
        }
    value = found.get(name)
    return set() if value is None else {value}


def _texts(detail: PairDetail, place: str) -> tuple[str, ...]:
    pair = detail.pair
    return {
        "text": pair.transcripts,
        "context": (pair.context,),
        "chosen": (pair.chosen,),
        "rejected": (pair.rejected,),
    }[place]


def _has(found: str, text: str) -> bool:
    return text in (found.lower() if text == text.lower() else found)


def _on_feature(detail: PairDetail, what: str, number: int) -> float:
    for feature in detail.features:
        if feature.feature == number:
            if what == "attribution":
                return feature.attribution
            return max(feature.activation_chosen, feature.activation_rejected)
    return 0.0
