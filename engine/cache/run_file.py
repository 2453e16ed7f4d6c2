"""How a run is sealed: one DuckDB file, built beside its name and renamed in, then only read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from engine.cache.judged import JudgedRow, judged_table
from engine.cache.manifest import Manifest
from engine.cache.run_records import (
    SCHEMA_VERSION,
    STRONGEST,
    TOLD_FEATURES,
    Figures,
    MeasuredHeuristic,
)
from engine.cache.writing import room_named
from engine.canonical import Json, canonical
from engine.files import replacing, sweep

if TYPE_CHECKING:  # loaded by what writes
    import pyarrow as pa

_MEMORY = "512MB"
"""What duckdb may hold while it seals; what has no room there goes to disk."""
_MEMORY = "512MB"
"""What duckdb may hold while it seals, however many pairs were measured: the rest goes to disk."""
_THREADS = 8
"""At most: each holds buffers of its own, and 256 of them have no room in that."""
# The strongest are taken from a pair's own lists: a GROUP BY holds every group in memory at once.
_REWARDS = """
CREATE TABLE run.rewards AS
SELECT id, tokens, truncated, reward_chosen, reward_rejected,
       reward_chosen - reward_rejected AS margin,
       reward_chosen_sae, reward_rejected_sae,
       reward_chosen_sae - reward_rejected_sae AS margin_sae,
       margin_random_error,
       id IN (SELECT id FROM sampled) AS in_sample,
       strongest, content_hash
FROM (
    SELECT id, tokens, truncated, reward_chosen, reward_rejected,
           reward_chosen_sae, reward_rejected_sae, margin_random_error,
           list_transform(
               list_filter(
                   list_sort(list_zip(list_transform(attribution, lambda a: -a), feature)),
                   lambda ranked: ranked[1] < 0
               )[:?],
               lambda ranked: ranked[2]
           ) AS strongest
    FROM base
    UNION ALL
    SELECT id, tokens, truncated, reward_chosen, reward_rejected, NULL, NULL, NULL, []
    FROM sample ANTI JOIN base USING (id)
) LEFT JOIN texts USING (id) ORDER BY id
"""
_FEATURES = """
CREATE TABLE run.features AS
SELECT u.id, u.feature, u.activation_chosen, u.activation_rejected, u.attribution,
       checks.effect, checks.probability
FROM (
    SELECT id, unnest(feature) AS feature, unnest(activation_chosen) AS activation_chosen,
           unnest(activation_rejected) AS activation_rejected, unnest(attribution) AS attribution
    FROM base
) AS u LEFT JOIN checks ON checks.id = u.id AND checks.feature = u.feature
ORDER BY u.id, u.feature
"""
_BY_FEATURE = """
CREATE TABLE run.by_feature AS
SELECT feature, id, activation_chosen, activation_rejected, attribution, effect
FROM run.features ORDER BY feature, id
"""
_PEAKS = """
CREATE TABLE run.peaks AS
SELECT feature, id, side, start, "end" FROM peaks ORDER BY feature, id
"""


_TOKENS = """
CREATE TABLE run.tokens AS
SELECT id, unnest(generate_series(0, len(side) - 1))::INTEGER AS token, unnest(side) AS side,
       unnest(start) AS start, unnest("end") AS "end", unnest(total) AS total
FROM tokens ORDER BY id, token
"""
_TOKEN_EFFECTS = """
CREATE TABLE run.token_effects AS
SELECT id, feature, token, attribution FROM (
    SELECT id, unnest(token) AS token, unnest(feature) AS feature,
           unnest(attribution) AS attribution FROM tokens
) WHERE (id, feature) IN (
    SELECT (id, feature) FROM run.features WHERE id IN (SELECT id FROM tokens)
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY abs(attribution) DESC, feature) <= ?
) OR feature IN (SELECT unnest(?::INTEGER[]))
ORDER BY id, feature, token
"""


def write_run(
    target: Path,
    *,
    manifest: Manifest,
    figures: Figures,
    heuristics: list[MeasuredHeuristic],
    judged: list[JudgedRow],
    base: Iterable[pa.Table],
    sample: pa.Table,
    sampled: list[int],
    checks: pa.Table,
    peaks: pa.Table,
    tokens: pa.Table,
    texts: pa.Table,
) -> None:
    """Seal a run: replace its file by one made of these tables. The caller holds the run's lock.

    Base figures are of every measured pair: they come in pieces, and no two are held at once.
    `texts` has the content hash of each (`engine.cache.unchanged.content_hashes`).
    """
    import pyarrow as pa

    meta = pa.table(
        {
            "schema_version": [SCHEMA_VERSION],
            "manifest": [canonical(manifest.stated())],
            "figures": [canonical(asdict(figures))],
        }
    )
    measured = pa.table(
        {
            "name": pa.array([made.heuristic.name for made in heuristics], pa.string()),
            "measured": pa.array([json.dumps(_plain(made)) for made in heuristics], pa.string()),
        }
    )
    tables = {
        "sample": sample,
        "sampled": pa.table({"id": pa.array(sampled, pa.int64())}),
        "checks": checks,
        "peaks": peaks,
        "tokens": tokens,
        "texts": texts,
        "judged": judged_table(judged),
        "measured": measured,
        "meta": meta,
    }
    sweep(target.parent, target.name)
    with replacing(target) as beside, room_named(target):
        try:
            _write(beside, base, tables, {own for made in heuristics for own in made.features})
        finally:
            beside.with_name(f"{beside.name}.wal").unlink(missing_ok=True)


def _write(
    path: Path, base: Iterable[pa.Table], tables: Mapping[str, pa.Table], own: set[int]
) -> None:
    # What does not fit in memory goes beside the run, never into the user's working folder.
    spill = str(path.with_name(f"{path.name}.tmp"))
    threads = min(os.cpu_count() or 1, _THREADS)
    with duckdb.connect(
        ":memory:",
        config={"temp_directory": spill, "memory_limit": _MEMORY, "threads": threads},
    ) as connection:
        quoted = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS run")
        for name, table in tables.items():
            connection.register(name, table)
        _load(connection, base)
        connection.execute(_FEATURES)
        connection.execute(_REWARDS, [STRONGEST])
        connection.execute(_BY_FEATURE)
        connection.execute(_PEAKS)
        connection.execute(_TOKENS)
        connection.execute(_TOKEN_EFFECTS, [TOLD_FEATURES, sorted(own)])
        connection.execute("CREATE TABLE run.judged AS SELECT * FROM judged ORDER BY heuristic, id")
        connection.execute("CREATE TABLE run.heuristics AS SELECT * FROM measured")
        connection.execute("CREATE TABLE run.meta AS SELECT * FROM meta")
        connection.execute("CHECKPOINT run")  # detaching does it too, and keeps a failure quiet
        connection.execute("DETACH run")


def _load(connection: duckdb.DuckDBPyConnection, base: Iterable[pa.Table]) -> None:
    """Put base figures into the table `base`, piece by piece."""
    import pyarrow as pa

    from engine.cache.tables import BASE

    raised: list[BaseException] = []

    def batches() -> Iterator[pa.RecordBatch]:
        # duckdb hides what a stream raises, ctrl+c too.
        try:
            for piece in base:
                yield from piece.to_batches()
        except BaseException as error:
            raised.append(error)
            raise

    connection.register("pieces", pa.RecordBatchReader.from_batches(BASE, batches()))
    try:
        connection.execute("CREATE TABLE base AS SELECT * FROM pieces")
    except duckdb.Error:
        if raised:
            raise raised[0] from None
        raise
    connection.unregister("pieces")


def _plain(measured: MeasuredHeuristic) -> dict[str, Json]:
    return asdict(measured)
