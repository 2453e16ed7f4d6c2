"""A run's own figures: noise floor, threshold, and how faithful its SAE and attributions are."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engine.cache import tables
from engine.cache.parts import Parts, only
from engine.cache.run_records import Figures, IntegratedFigures
from engine.measure.base_stage import MOMENTS, MOMENTS_AFTER_FIRST
from engine.measure.staging import BASE
from engine.verdict import (
    attribution_agreement,
    fvu,
    margin_threshold,
    noise_floor,
    reward_recovered,
    sign_agreement,
)

FIGURES = tuple(field.name for field in tables.BASE if not pa.types.is_list(field.type))
"""What is read of the base figures: some 40 bytes a pair, whatever the features."""


def run_figures(
    parts: Parts,
    base: pa.Table,
    sample: pa.Table,
    checks: pa.Table,
    integrated: pa.Table,
    noise: pa.Table,
    sampled: Sequence[int],
) -> Figures:
    """Compute them from the tables of a finished run.

    Args:
        parts: of the run, for the moments in their metadata.
        base: base figures (`FIGURES`), one row a pair.
        sample: rewards of the sampled pairs that have no base figures.
        checks: exact single effects beside attributions.
        integrated: integrated gradients of some of the same pairs.
        noise: margins of pairs run each by itself.
        sampled: ids of the hashed sample.
    """
    asked = [*noise["id"].to_pylist(), *sampled]
    margins = {
        identifier: margin
        for table in (only(sample, asked), only(base, asked))
        for identifier, margin in zip(
            table["id"].to_pylist(), _margin(table, "").tolist(), strict=True
        )
    }
    tau = noise_floor(
        [
            margins[identifier] - alone
            for identifier, alone in zip(
                noise["id"].to_pylist(), noise["margin_alone"].to_pylist(), strict=True
            )
        ]
    )
    margin, margin_sae = _margin(base, ""), _margin(base, "_sae")
    agreement = attribution_agreement(
        checks["attribution"].to_numpy(),
        checks["effect"].to_numpy(),
        1 / checks["probability"].to_numpy(),
        checks["id"].to_numpy(),
    )
    return Figures(
        pairs=base.num_rows,
        sample=len(sampled),
        tokens=_tokens(base) + _tokens(sample),
        noise_floor=tau,
        margin_threshold=margin_threshold(tau, [margins[identifier] for identifier in sampled]),
        fvu=_fvu(parts, MOMENTS),
        fvu_after_first=_fvu(parts, MOMENTS_AFTER_FIRST),
        reward_recovered=reward_recovered(margin, margin_sae),
        reward_recovered_random=reward_recovered(margin, base["margin_random_error"].to_numpy()),
        sign_agreement=sign_agreement(margin, margin_sae),
        attribution_pairs=agreement.pairs if agreement else 0,
        attribution_features=agreement.features if agreement else 0,
        attribution_spearman=agreement.spearman if agreement else None,
        attribution_sign_agreement=agreement.sign_agreement if agreement else None,
        attribution_recall=agreement.recall if agreement else None,
        integrated=integrated_figures(checks, integrated),
    )


def integrated_figures(checks: pa.Table, integrated: pa.Table) -> IntegratedFigures | None:
    """Integrated gradients and attributions against exact effects, on the pairs that have both.

    Args:
        checks: `tables.CHECKS`.
        integrated: `tables.INTEGRATED`; its features hold every checked one of its pairs.
    """
    found = {
        (row["id"], feature): value
        for row in integrated.to_pylist()
        for feature, value in zip(row["feature"], row["integrated"], strict=True)
    }
    rows = [row for row in checks.to_pylist() if (row["id"], row["feature"]) in found]
    effects = [row["effect"] for row in rows]
    weights = [1 / row["probability"] for row in rows]
    pairs = [row["id"] for row in rows]
    gradients = [found[row["id"], row["feature"]] for row in rows]
    ours = attribution_agreement(gradients, effects, weights, pairs)
    theirs = attribution_agreement([row["attribution"] for row in rows], effects, weights, pairs)
    if ours is None or theirs is None:
        return None
    total, effect = (integrated[name].to_numpy().astype(np.float64) for name in ("total", "effect"))
    whole = float(np.abs(effect).sum())
    return IntegratedFigures(
        pairs=ours.pairs,
        features=ours.features,
        steps=max(integrated["steps"].to_pylist()),
        spearman=ours.spearman,
        sign_agreement=ours.sign_agreement,
        attribution_spearman=theirs.spearman,
        attribution_sign_agreement=theirs.sign_agreement,
        gap=float(np.abs(total - effect).sum()) / whole if whole else None,
    )


def _margin(table: pa.Table, suffix: str) -> npt.NDArray[np.float64]:
    chosen, rejected = (
        table[f"reward_{side}{suffix}"].to_numpy().astype(np.float64)
        for side in ("chosen", "rejected")
    )
    return np.asarray(chosen - rejected)


def _tokens(table: pa.Table) -> int:
    tokens: int = pc.sum(table["tokens"], min_count=0).as_py()
    return tokens


def _fvu(parts: Parts, key: bytes) -> float | None:
    # Added up one by one: a part's total is as wide as the residual stream.
    error, square, tokens, total = 0.0, 0.0, 0, None
    for entry in map(json.loads, parts.metadata(BASE, key)):
        error, square, tokens = (
            error + entry["error"],
            square + entry["square"],
            tokens + entry["tokens"],
        )
        here = np.asarray(entry["total"], np.float64)
        total = here if total is None else total + here
    return None if total is None else fvu(error, total, square, tokens)
