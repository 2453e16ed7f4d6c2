"""A run of imported rewards: sealed like any other, judged by margins alone, and named by them.

Nothing but rewards is known of it. So its pairs stand for themselves, its noise floor was never
measured, and of the verdicts only `tie` and `pm-wrong` can be passed: the rest are `unmeasured`.
Bearers are judged when the run is read, whatever the heuristics are by then.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.cache import tables
from engine.cache.bearers import BearerTable, Borne
from engine.cache.borne import Shape, shapes_of
from engine.cache.judged import JudgedRow, judged_table
from engine.cache.keys import lowest_hashes
from engine.cache.layout import IndexPaths
from engine.cache.manifest import Manifest, RunConfig
from engine.cache.pairs import PairStore
from engine.cache.questions import MARGINS
from engine.cache.records import IMPORTED
from engine.cache.run_file import write_run
from engine.cache.run_records import Figures
from engine.cache.sealed import run_path
from engine.cache.unchanged import content_hashes
from engine.files import writer_lock
from engine.heuristics import Heuristic, kind_of
from engine.verdict import Evidence, Thresholds, Verdict, judge, margin_threshold

_SAMPLE = 2_048
"""As many pairs as the margin threshold is taken from in any other run."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Rewards:
    """Rewards of some pairs of an index, [pairs] each, the ids ascending and distinct."""

    ids: npt.NDArray[np.int64]
    chosen: Floats
    rejected: Floats


def seal_rewards(paths: IndexPaths, store: PairStore, rewards: Rewards, pm: str, file: Path) -> str:
    """Seal a run of rewards that were measured elsewhere; its id.

    The same rewards of the same pairs are the same run.

    Args:
        paths: the index.
        store: its pairs.
        rewards: checked.
        pm: what to call the PM that gave them.
        file: where they came from.
    """
    manifest = _manifest(rewards, pm, file)
    table = pa.table(
        {
            "id": rewards.ids,
            "tokens": np.zeros(len(rewards.ids), np.int32),
            "truncated": np.zeros(len(rewards.ids), np.int32),
            "reward_chosen": rewards.chosen.astype(np.float32),
            "reward_rejected": rewards.rejected.astype(np.float32),
        },
        schema=tables.SAMPLE,
    )
    target = run_path(paths, manifest.config.run)
    with writer_lock(target.parent / "run"):
        write_run(
            target,
            manifest=manifest,
            figures=_figures(rewards, lowest_hashes(store, store.count())),
            heuristics=[],
            judged=[],
            base=(),
            sample=table,
            sampled=rewards.ids.tolist(),
            checks=tables.CHECKS.empty_table(),
            peaks=tables.PEAKS.empty_table(),
            tokens=tables.TOKEN_EFFECTS.empty_table(),
            texts=content_hashes(store),
        )
    return manifest.config.run


def _manifest(rewards: Rewards, pm: str, file: Path) -> Manifest:
    digest = hashlib.sha256(pm.encode())
    for column in (rewards.ids, rewards.chosen, rewards.rejected):
        digest.update(column.tobytes())
    config = RunConfig(
        pm_hash=digest.hexdigest()[:16],
        tokenizer_hash="",
        sae_hash="",
        hook="none",
        readout=IMPORTED,
        dtype="float32",
        positions="none",
    )
    return Manifest(
        config=config,
        pm=pm,
        pm_path=str(file.absolute()),
        architecture="imported rewards",
        sae="none",
        sae_path="",
        sae_kind="none",
        d_sae=0,
    )


def _figures(rewards: Rewards, by_hash: Sequence[int]) -> Figures:
    margins = rewards.chosen - rewards.rejected
    known = np.isin(by_hash, rewards.ids)
    sample = np.asarray(by_hash, np.int64)[known][:_SAMPLE]
    return Figures(
        pairs=len(rewards.ids),
        sample=len(rewards.ids),
        tokens=0,
        noise_floor=0.0,
        margin_threshold=margin_threshold(0.0, margins[np.searchsorted(rewards.ids, sample)]),
        fvu=None,
        fvu_after_first=None,
        reward_recovered=None,
        reward_recovered_random=None,
        sign_agreement=None,
        attribution_pairs=0,
        attribution_features=0,
        attribution_spearman=None,
        attribution_sign_agreement=None,
        attribution_recall=None,
    )


def stand_imported(
    cursor: duckdb.DuckDBPyConnection, bearing: Sequence[BearerTable], epsilon: float
) -> None:
    """Put what margins alone say of today's bearers into the table `judged`."""
    cursor.register("imported", judged_table(judge_imported(cursor, bearing, epsilon)))
    cursor.execute("INSERT INTO judged SELECT * FROM imported")
    cursor.unregister("imported")


def judge_imported(
    cursor: duckdb.DuckDBPyConnection, bearing: Sequence[BearerTable], epsilon: float
) -> list[JudgedRow]:
    """What margins alone say of every bearer with a reward.

    Args:
        cursor: of a connection with the views `pairs` and `rewards`.
        bearing: the heuristics, and who bears them.
        epsilon: the margin threshold.
    """
    shapes = shapes_of(cursor, bearing)
    margins: Mapping[int, float] = dict(cursor.execute(MARGINS, [sorted(shapes)]).fetchall())
    return [
        row
        for table in bearing
        for row in _judged(table.heuristic, table.bearers, shapes, margins, epsilon)
    ]


def _judged(
    heuristic: Heuristic,
    bearers: Sequence[Borne],
    shapes: Mapping[int, Shape],
    margins: Mapping[int, float],
    epsilon: float,
) -> Iterator[JudgedRow]:
    for borne in bearers:
        if borne.id not in margins:
            continue
        margin, shape = margins[borne.id], shapes[borne.id]
        kind = kind_of(borne.bearer, heuristic.direction)
        evidence = Evidence(kind == "counterexample", margin, margin, False, None, None, None, None)
        judged = judge(evidence, Thresholds(epsilon, math.nan, math.nan))
        told = judged.verdict in (Verdict.TIE, Verdict.PM_WRONG)
        yield JudgedRow(
            heuristic=heuristic.name,
            id=borne.id,
            tranche=shape.tranche,
            context_hash=shape.context_hash,
            kind=kind,
            bearer=borne.bearer,
            span_start=tuple(start - shape.context for start, _ in borne.spans),
            span_end=tuple(end - shape.context for _, end in borne.spans),
            features=(),
            in_sample=False,
            margin=margin,
            margin_sae=None,
            effect=None,
            activation=None,
            effect_all=None,
            random_effect=None,
            drop_without_others=None,
            drop_without_error=None,
            deletion_effect=None,
            control_effect=None,
            decisive=None,
            margin_threshold=epsilon,
            vote_threshold=math.nan,
            silent_activation=math.nan,
            verdict=judged.verdict if told else Verdict.UNMEASURED,
            confident=judged.confident,
            outvoted_by=None,
            vote=None,
            runner_up=None,
            distance=None,
        )
