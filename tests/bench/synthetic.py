"""An index of HH's size with a finished run, both made up from a seed: something to measure on.

    python -m tests.bench.synthetic FOLDER [--pairs 160800] [--features 48] [--seed 0]

makes FOLDER/synthetic, which `outvoted --cache FOLDER --name synthetic` opens. The pairs are
written to a file and indexed like anybody's; the run's figures are drawn, its verdicts are judged
from them by the product's own rules, and it is sealed by the product's own writer.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.cache import tables
from engine.cache.bearers import BearerTable, bearers
from engine.cache.indexing import index_sources
from engine.cache.judged import JudgedRow
from engine.cache.keys import keys_of, lowest_hashes
from engine.cache.layout import IndexPaths
from engine.cache.manifest import Manifest, RunConfig
from engine.cache.pairs import PairStore, open_pairs
from engine.cache.run_file import write_run
from engine.cache.run_records import Figures, MeasuredHeuristic
from engine.cache.sealed import run_path, sealed_runs
from engine.cache.snapshot import refresh_snapshot
from engine.cache.unchanged import content_hashes
from engine.heuristics import Heuristic, kind_of
from engine.hh import split_pair_id
from engine.verdict import Candidate, Evidence, Thresholds, judge
from tests.bench.synthetic_pairs import HH_PAIRS, write_pairs

NAME = "synthetic"
D_SAE = 32_768
HEURISTICS = (
    Heuristic("url", "https://", features=(32_048, 32_651)),
    Heuristic("dont-know", "I don't know", fold=True, features=(32_612, 32_487)),
    Heuristic("sorry", "I'm sorry", features=(32_131, 32_744)),
)
"""The last one is borne by every twelfth pair."""
_OTHERS = 32_000
"""Features below it are anybody's."""
_THRESHOLDS = Thresholds(margin=0.1, vote=0.12, silent_activation=0.3)
_SAMPLE = 2_048

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The rewards of every pair, by row."""

    chosen: Floats
    rejected: Floats
    chosen_sae: Floats
    rejected_sae: Floats


def make_synthetic(
    folder: Path, pairs: int = HH_PAIRS, *, features: int = 48, seed: int = 0
) -> IndexPaths:
    """An index of so many pairs in a cache folder, every one of them measured.

    Args:
        folder: the cache folder; an index that is finished there already is taken as it is.
        pairs: how many.
        features: how many active features each pair has.
        seed: the same seed gives the same pairs and figures.
    """
    paths = IndexPaths(folder, NAME)
    if sealed_runs(paths):
        return paths
    paths.folder.mkdir(parents=True, exist_ok=True)
    index_sources(paths, [write_pairs(folder / f"{NAME}.parquet", pairs, seed)])
    store = open_pairs(paths)
    rng = np.random.default_rng(seed)
    drawn = _rewards(pairs, rng)
    found = bearers(paths, store, HEURISTICS)
    manifest = _manifest()
    write_run(
        run_path(paths, manifest.config.run),
        manifest=manifest,
        figures=_figures(pairs),
        heuristics=[_measured(table) for table in found],
        judged=[row for table in found for row in _judged(store, table, drawn, rng)],
        base=[_base(drawn, features, found, rng)],
        sample=tables.SAMPLE.empty_table(),
        sampled=lowest_hashes(store, _SAMPLE),
        checks=tables.CHECKS.empty_table(),
        peaks=tables.PEAKS.empty_table(),
        tokens=tables.TOKEN_EFFECTS.empty_table(),
        texts=content_hashes(store),
    )
    store.close()
    refresh_snapshot(paths)
    return paths


def _rewards(pairs: int, rng: np.random.Generator) -> Drawn:
    rejected = rng.normal(-1.0, 1.0, pairs)
    margin = rng.normal(0.4, 0.9, pairs)
    gap = rng.normal(0.0, 0.15, (2, pairs))
    columns = (rejected + margin, rejected, rejected + margin + gap[0], rejected + gap[1])
    return Drawn(*(column.astype(np.float32) for column in columns))


def _judged(
    store: PairStore, table: BearerTable, drawn: Drawn, rng: np.random.Generator
) -> Iterator[JudgedRow]:
    ids = [borne.id for borne in table.bearers]
    keys = keys_of(store, ids)
    contexts = {pair.id: len(pair.context) for pair in store.pairs(ids)}
    for borne in table.bearers:
        _, row = split_pair_id(borne.id)
        kind = kind_of(borne.bearer, table.heuristic.direction)
        toward_chosen = 1.0 if borne.bearer == "chosen" else -1.0
        effect, others, error, deletion = (
            float(rng.normal(mean, 0.3))
            for mean in (-0.25 * toward_chosen, 0.9, 0.4, -0.3 * toward_chosen)
        )
        activation = max(float(rng.normal(2.0, 1.2)), 0.0)
        margin = float(drawn.chosen[row] - drawn.rejected[row])
        margin_sae = float(drawn.chosen_sae[row] - drawn.rejected_sae[row])
        evidence = Evidence(
            kind == "counterexample", margin, margin_sae, True, effect, activation, others, error
        )
        judgement = judge(evidence, _THRESHOLDS)
        yield JudgedRow(
            heuristic=table.heuristic.name,
            id=borne.id,
            tranche=keys[borne.id].tranche,
            context_hash=keys[borne.id].context_hash,
            kind=kind,
            bearer=borne.bearer,
            span_start=tuple(start - contexts[borne.id] for start, _ in borne.spans),
            span_end=tuple(end - contexts[borne.id] for _, end in borne.spans),
            features=table.heuristic.features,
            in_sample=False,
            margin=margin,
            margin_sae=margin_sae,
            effect=effect,
            activation=activation,
            effect_all=1.2 * effect,
            random_effect=float(rng.normal(0.0, 0.05)),
            drop_without_others=others,
            drop_without_error=error,
            deletion_effect=deletion,
            control_effect=float(rng.normal(0.0, 0.05)),
            decisive=abs(deletion) > abs(margin),
            margin_threshold=_THRESHOLDS.margin,
            vote_threshold=_THRESHOLDS.vote,
            silent_activation=_THRESHOLDS.silent_activation,
            verdict=judgement.verdict,
            confident=judgement.confident,
            outvoted_by=judgement.by,
            vote=judgement.vote,
            runner_up=judgement.runner_up,
            distance=judgement.distance,
        )


def _base(
    drawn: Drawn, features: int, found: tuple[BearerTable, ...], rng: np.random.Generator
) -> pa.Table:
    pairs = len(drawn.chosen)
    active = np.cumsum(rng.integers(1, _OTHERS // features, (pairs, features)), axis=1)
    for table in found:
        rows = [split_pair_id(borne.id)[1] for borne in table.bearers]
        active[rows, -len(table.heuristic.features) :] = table.heuristic.features
    activation = rng.gamma(1.5, 0.8, (2, pairs, features)).astype(np.float32)
    side = rng.integers(0, 3, (pairs, features))
    activation[0][side == 1], activation[1][side == 2] = 0.0, 0.0
    attribution = rng.normal(0.0, 0.1, (pairs, features)).astype(np.float32)
    columns = {
        "id": np.arange(pairs, dtype=np.int64) + (1 << 40),
        "tokens": rng.integers(80, 400, pairs).astype(np.int32),
        "truncated": np.zeros(pairs, np.int32),
        "reward_chosen": drawn.chosen,
        "reward_rejected": drawn.rejected,
        "reward_chosen_sae": drawn.chosen_sae,
        "reward_rejected_sae": drawn.rejected_sae,
        "margin_random_error": rng.normal(0.0, 1.0, pairs).astype(np.float32),
        "feature": _lists(active.astype(np.int32)),
        "activation_chosen": _lists(activation[0]),
        "activation_rejected": _lists(activation[1]),
        "attribution": _lists(attribution),
    }
    return pa.table(columns, schema=tables.BASE)


def _lists(values: npt.NDArray[np.int32] | Floats) -> pa.ListArray:
    """One list a row."""
    rows, width = values.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * width
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values.ravel()))


def _measured(table: BearerTable) -> MeasuredHeuristic:
    found = tuple(Candidate(feature, 0.95, 0.8) for feature in table.heuristic.features)
    return MeasuredHeuristic(
        heuristic=table.heuristic,
        direction=table.heuristic.direction,
        folds=(found, found),
        features=table.heuristic.features,
        jaccard=1.0,
        in_sample=False,
        pinned=False,
        vote_threshold=_THRESHOLDS.vote,
        chosen_only=table.counts.chosen_only,
        rejected_only=table.counts.rejected_only,
        both=table.counts.both,
    )


def _manifest() -> Manifest:
    return Manifest(
        config=RunConfig("pm", "tokenizer", "sae", "h.12", "last-text-token", "float32", "all"),
        pm="synthetic-pm",
        pm_path="nowhere/pm",
        architecture="GPTJForSequenceClassification",
        sae="synthetic-sae",
        sae_path="nowhere/sae",
        sae_kind="gated",
        d_sae=D_SAE,
    )


def _figures(pairs: int) -> Figures:
    return Figures(
        pairs=pairs,
        sample=_SAMPLE,
        tokens=240 * pairs,
        noise_floor=1e-5,
        margin_threshold=_THRESHOLDS.margin,
        fvu=0.1,
        fvu_after_first=0.1,
        reward_recovered=0.95,
        reward_recovered_random=0.2,
        sign_agreement=0.96,
        attribution_pairs=0,
        attribution_features=0,
        attribution_spearman=None,
        attribution_sign_agreement=None,
        attribution_recall=None,
    )


def main() -> None:
    """Make one and say where it is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, help="the cache folder")
    parser.add_argument("--pairs", type=int, default=HH_PAIRS)
    parser.add_argument("--features", type=int, default=48, help="active features of a pair")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    started = time.perf_counter()
    paths = make_synthetic(args.folder, args.pairs, features=args.features, seed=args.seed)
    print(f"{paths.folder}: {args.pairs:,} pairs in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
