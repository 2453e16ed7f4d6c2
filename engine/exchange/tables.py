"""What can be exported: pairs, verdicts, effects, features, suspects and triage, as Arrow batches.

Columns are called what `outvoted show --json` calls them. `(source, split, row)` names a pair in
all of them, so that they can be joined; a transcript is context + response.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice

import pyarrow as pa

from engine.cache.judged import JudgedRow
from engine.cache.reader import IndexReader
from engine.cache.sealed import no_run
from engine.canonical import Json
from engine.hh import Pair
from engine.report.suspect_list import suspect_list

_BATCH = 2048
_FEW = 256
"""Pairs at a time whose features are read: each has some hundred."""
_NAME = [("source", pa.string()), ("split", pa.string()), ("row", pa.int64())]

PAIRS = pa.schema(
    [
        *_NAME,
        *((name, pa.string()) for name in ("tranche", "content_hash")),
        *((name, pa.string()) for name in ("context", "chosen", "rejected")),
        *((name, pa.float32()) for name in ("reward_chosen", "reward_rejected")),
        *((name, pa.float32()) for name in ("margin", "margin_sae")),
    ]
)
VERDICTS = pa.schema(
    [
        *_NAME,
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
        *_NAME,
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
        *_NAME,
        *((name, pa.string()) for name in ("tranche", "run")),
        ("feature", pa.int32()),
        ("label", pa.string()),
        *((name, pa.float32()) for name in ("activation_chosen", "activation_rejected")),
        *((name, pa.float32()) for name in ("attribution", "effect")),
    ]
)
SUSPECTS = pa.schema(
    [
        *_NAME,
        *((name, pa.string()) for name in ("tranche", "content_hash")),
        ("reasons", pa.list_(pa.string())),
        *((name, pa.string()) for name in ("contradicted_by", "repeats")),
        ("similarity", pa.float64()),
    ]
)
TRIAGE = pa.schema(
    [
        ("user", pa.string()),
        *_NAME,
        *((name, pa.string()) for name in ("content_hash", "mark", "note", "blind", "time")),
    ]
)

Row = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Table:
    """A schema, and its rows batch by batch: an index need not fit into memory."""

    schema: pa.Schema
    rows: Iterator[Row]
    at_a_time: int = _BATCH
    """Rows of a batch, at most."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Record batches of the schema."""
        while batch := list(islice(self.rows, self.at_a_time)):
            yield pa.RecordBatch.from_pylist(batch, schema=self.schema)


def _pairs(reader: IndexReader) -> Table:
    return Table(PAIRS, _pair_rows(reader))


def _pair_rows(reader: IndexReader) -> Iterator[Row]:
    pairs = reader.store.iter_pairs(_BATCH)
    while batch := list(islice(pairs, _BATCH)):
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


def _triage(reader: IndexReader) -> Table:
    rows: Iterable[Row] = (
        {
            "user": user,
            **made.name._asdict(),
            "content_hash": made.content_hash,
            "mark": made.mark,
            "note": made.note,
            "blind": made.blind,
            "time": made.time,
        }
        for user, words in reader.words().items()
        for made in words
        if made.mark is not None or made.note is not None
    )
    return Table(TRIAGE, iter(rows))


EXPORTS: dict[str, Callable[[IndexReader], Table]] = {
    "pairs": _pairs,
    "verdicts": _verdicts,
    "effects": _effects,
    "features": _features,
    "suspects": _suspects,
    "triage": _triage,
}
"""What can be exported, by the word that asks for it."""
