"""The thresholds of a planted run, worked out again from the formulas of docs/verdicts.md."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.engine.planted.figures import PairFigures
from tests.engine.planted.network import Floats
from tests.engine.planted.pairs import PlantedPair

FEWEST_FOR_FOLDS = 40
FEWEST_FOR_A_PERCENTILE = 30
ROUNDING = 1e-4


@dataclass(frozen=True, slots=True)
class HeuristicThresholds:
    """Of one heuristic's bearers."""

    margin: float
    vote: float
    silent: tuple[float, ...]
    """For each bearer, from the bearers of the other fold; from all where there are no folds."""
    in_sample: bool


def margin_threshold(margins: Sequence[float]) -> float:
    """5% of the median absolute margin: in fp32 twice the noise floor is far below it."""
    return 0.05 * float(np.median(np.abs(margins)))


def heuristic_thresholds(
    pairs: Sequence[PlantedPair], figures: Sequence[PairFigures], margin: float, *, pinned: bool
) -> HeuristicThresholds:
    """From all bearers of one heuristic."""
    at_random = [abs(each.random_effect) for each in figures if each.random_effect is not None]
    vote = max(margin, float(np.percentile(at_random, 95))) if at_random else margin
    activations = np.array([each.activation or 0.0 for each in figures])
    if pinned or len(pairs) < FEWEST_FOR_FOLDS:
        level = _silent(activations)
        return HeuristicThresholds(margin, vote, (level,) * len(pairs), in_sample=not pinned)
    fold = np.array(folds(pairs))
    by_fold = [_silent(activations[fold != judged]) for judged in (0, 1)]
    silent = tuple(by_fold[each] for each in fold)
    return HeuristicThresholds(margin, vote, silent, in_sample=False)


def folds(pairs: Sequence[PlantedPair]) -> list[int]:
    """0 or 1: contexts by which sides bear the pattern, then by hash, dealt in turn."""
    sides: dict[str, set[str]] = {}
    for pair in pairs:
        sides.setdefault(_hash(pair.context), set()).add(pair.bearer)
    dealt = sorted(sides, key=lambda context: (sorted(sides[context]), context))
    return [dealt.index(_hash(pair.context)) % 2 for pair in pairs]


def _silent(activations: Floats) -> float:
    if activations.size < FEWEST_FOR_A_PERCENTILE:
        return 0.0
    return float(np.percentile(activations, 10)) * (1 - ROUNDING)


def _hash(context: str) -> str:
    canonical = json.dumps([context], separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
