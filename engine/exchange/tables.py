"""What can be exported: pairs, verdicts, effects, features, suspects, triage and pins, in Arrow.

Columns are called what `outvoted show --json` calls them. `(source, split, row)` names a pair
wherever a row is of one, so that they can be joined; a transcript is context + response.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import islice

import pyarrow as pa

from engine.cache.judged import JudgedRow
from engine.cache.reader import IndexReader
from engine.cache.sealed import no_run
from engine.exchange.said_out import pins_table, triage_table
from engine.exchange.table import BATCH, NAME, Row, Table
from engine.hh import Pair
from engine.report.suspect_list import suspect_list

_FEW = 256
"""Pairs at a time whose features are read: each has some hundred."""

PAIRS = pa.schema(
    [
        *NAME,
        *((name, pa.string()) for name in ("tranche", "content_hash")),
        *((name, pa.string()) for name in ("context", "chosen", "rejected")),
        *((name, pa.float32()) for name in ("reward_chosen", "reward_rejected")),
        *((name, pa.float32()) for name in ("margin", "margin_sae")),
    ]
)
VERDICTS = pa.schema(
    [
        *NAME,
        *((name, pa.string()) for name in ("tranche", "run", "heuristic", "pattern", "kind")),
        ("bearer", pa.string()),
        ("spans", pa.list_(pa.list_(pa.int32()))),
        ("features", pa.list_(pa.int32())),
        ("in_sample", pa.bool_()),
        ("verdict", pa.string()),
        ("confident", pa.bool_()),
        ("by", pa.string()),
        ("decisive", pa.bool_()),
        ("runner_up", pa.string()),
        ("distance", pa.float64()),
        *((name, pa.float32()) for name in ("margin", "margin_sae", "vote", "activation")),
        *((f"{name}_threshold", pa.float64()) for name in ("margin", "vote", "silent")),
    ]
)
EFFECTS = pa.schema(
    [
        *NAME,
        *((name, pa.string()) for name in ("tranche", "run", "heuristic", "kind", "bearer")),
        ("features", pa.list_(pa.int32())),
        *((name, pa.float32()) for name in ("effect", "effect_all", "random_effect")),
        *((name, pa.float32()) for name in ("deletion_effect", "control_effect")),
        *((name, pa.float32()) for name in ("drop_without_others", "drop_without_error")),
        ("effect_over_response", pa.float32()),
    ]
)
FEATURES = pa.schema(
    [
        *NAME,
        *((name, pa.string()) for name in ("tranche", "run")),
        ("feature", pa.int32()),
        ("label", pa.string()),
        *((name, pa.float32()) for name in ("activation_chosen", "activation_rejected")),
        *((name, pa.float32()) for name in ("attribution", "effect")),
    ]
)
SUSPECTS = pa.schema(
    [
        *NAME,
        *((name, pa.string()) for name in ("tranche", "content_hash")),
        ("reasons", pa.list_(pa.string())),
        *((name, pa.string()) for name in ("contradicted_by", "repeats")),
        ("similarity", pa.float64()),
    ]
)


def _pairs(reader: IndexReader) -> Table:
    return Table(PAIRS, _pair_rows(reader))


def _pair_rows(reader: IndexReader) -> Iterator[Row]:
    pairs = reader.store.iter_pairs(BATCH)
    while batch := list(islice(pairs, BATCH)):
        rewards = reader.bulk.rewards([pair.id for pair in batch])
        for pair in batch:
            yield pair_row(pair, rewards)


def pair_row(pair: Pair, rewards: Mapping[int, tuple[float | None, ...]]) -> Row:
    """A row of `PAIRS`; `rewards` by pair id, as the reader gives them."""
    chosen, rejected, margin, margin_sae = rewards.get(pair.id, (None,) * 4)
    return {
        **pair.name._asdict(),
        "tranche": pair.tranche,
        "content_hash": pair.content_hash,
        "context": pair.context,
        "chosen": pair.chosen,
        "rejected": pair.rejected,
        "reward_chosen": chosen,
        "reward_rejected": rejected,
        "margin": margin,
        "margin_sae": margin_sae,
    }


def _judged(reader: IndexReader) -> Iterator[tuple[Row, JudgedRow]]:
    """Every verdict that stands, with what it shares with the other tables.

    Raises:
        UserError: the index has no run.
    """
    if reader.run is None:
        raise no_run(reader.paths)
    run = reader.run.run
    return ((_shared(reader, run, row), row) for row in reader.bulk.judged())


def _shared(reader: IndexReader, run: str, row: JudgedRow) -> Row:
    return {
        **reader.store.name_of(row.id)._asdict(),
        "tranche": row.tranche,
        "run": run,
        "heuristic": row.heuristic,
        "kind": row.kind,
        "bearer": row.bearer,
        "features": list(row.features),
    }


def _verdicts(reader: IndexReader) -> Table:
    patterns = {made.name: made.pattern for made in reader.heuristics}
    rows: Iterable[Row] = (
        {
            **shared,
            "pattern": patterns[row.heuristic],
            "spans": [list(span) for span in row.spans],
            "in_sample": row.in_sample,
            "verdict": str(row.verdict),
            "confident": row.confident,
            "by": row.outvoted_by,
            "decisive": row.decisive,
            "runner_up": None if row.runner_up is None else str(row.runner_up),
            "distance": row.distance,
            "margin": row.margin,
            "margin_sae": row.margin_sae,
            "vote": row.vote,
            "activation": row.activation,
            "margin_threshold": row.margin_threshold,
            "vote_threshold": row.vote_threshold,
            "silent_threshold": row.silent_activation,
        }
        for shared, row in _judged(reader)
    )
    return Table(VERDICTS, iter(rows))


def _effects(reader: IndexReader) -> Table:
    rows: Iterable[Row] = (
        {
            **shared,
            "effect": row.effect,
            "effect_all": row.effect_all,
            "random_effect": row.random_effect,
            "deletion_effect": row.deletion_effect,
            "control_effect": row.control_effect,
            "drop_without_others": row.drop_without_others,
            "drop_without_error": row.drop_without_error,
            "effect_over_response": row.effect_over_response,
        }
        for shared, row in _judged(reader)
    )
    return Table(EFFECTS, iter(rows))


def _features(reader: IndexReader) -> Table:
    if reader.run is None:
        raise no_run(reader.paths)
    return Table(FEATURES, _feature_rows(reader, reader.run.run))


def _feature_rows(reader: IndexReader, run: str) -> Iterator[Row]:
    pairs = reader.store.iter_pairs(_FEW)
    while batch := {pair.id: pair for pair in islice(pairs, _FEW)}:
        for identifier, made in reader.bulk.features(list(batch)):
            yield {
                **batch[identifier].name._asdict(),
                "tranche": batch[identifier].tranche,
                "run": run,
                **asdict(made),
            }


def _suspects(reader: IndexReader) -> Table:
    found = suspect_list(reader).suspects
    rows: Iterable[Row] = (
        {
            **made.pair._asdict(),
            "tranche": made.tranche,
            "content_hash": made.content_hash,
            "reasons": list(made.reasons),
            "contradicted_by": near.get("contradicted"),
            "repeats": near.get("near-duplicate"),
            "similarity": min((each.similarity for each in made.near), default=None),
        }
        for made in found
        for near in [{each.reason: str(each.pair) for each in made.near}]
    )
    return Table(SUSPECTS, iter(rows))


EXPORTS: dict[str, Callable[[IndexReader], Table]] = {
    "pairs": _pairs,
    "verdicts": _verdicts,
    "effects": _effects,
    "features": _features,
    "suspects": _suspects,
    "triage": triage_table,
    "pins": pins_table,
}
"""What can be exported, by the word that asks for it."""
