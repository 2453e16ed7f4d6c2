"""A run that is not finished, as far as it is: its finished parts as the views that questions ask.

Parts are written whole and never again, so what stands in one is seen as it will be sealed. There
are margins and features; verdicts, thresholds and what stands for the index come with the seal.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from engine.cache.layout import IndexPaths
from engine.cache.manifest import MANIFEST
from engine.cache.pairs import PairStore
from engine.cache.records import SoFar
from engine.cache.run_records import RUN_FILE

_BASE = """
SELECT id, reward_chosen, reward_rejected, reward_chosen - reward_rejected,
       reward_chosen_sae - reward_rejected_sae, margin_random_error, truncated, NULL FROM
"""
_SAMPLE = """
SELECT id, reward_chosen, reward_rejected, reward_chosen - reward_rejected,
       NULL, NULL, truncated, NULL FROM
"""
_NO_REWARDS = """
CREATE TABLE rewards (id BIGINT, reward_chosen FLOAT, reward_rejected FLOAT, margin FLOAT,
    margin_sae FLOAT, margin_random_error FLOAT, truncated INTEGER, strongest INTEGER[])
"""
_FEATURES = """
CREATE VIEW features AS SELECT id, unnest(feature) AS feature,
    unnest(activation_chosen) AS activation_chosen,
    unnest(activation_rejected) AS activation_rejected, unnest(attribution) AS attribution,
    NULL::FLOAT AS effect FROM
"""
_NO_FEATURES = """
CREATE VIEW features AS SELECT NULL::BIGINT AS id, NULL::INTEGER AS feature,
    NULL::FLOAT AS activation_chosen, NULL::FLOAT AS activation_rejected,
    NULL::FLOAT AS attribution, NULL::FLOAT AS effect LIMIT 0
"""
_BY_FEATURE = "CREATE VIEW by_feature AS SELECT * FROM features"
_UNKNOWN = "WHERE id NOT IN (SELECT id FROM rewards)"


def begun_runs(paths: IndexPaths) -> list[str]:
    """The ids of an index's runs that were begun and are not finished, the newest first."""
    found = [
        (manifest.stat().st_mtime, manifest.parent.name)
        for manifest in paths.runs.glob(f"*/{MANIFEST}")
        if not manifest.with_name(RUN_FILE).exists()
    ]
    return [run for _, run in sorted(found, reverse=True)]


def stand_parts(
    cursor: duckdb.DuckDBPyConnection, paths: IndexPaths, store: PairStore, run: str
) -> SoFar:
    """Make `rewards`, `features` and `by_feature` of a run's finished parts, as they are now.

    Raises:
        duckdb.Error: a part is damaged, or went away meanwhile.
    """
    from engine.cache.part_place import part_place  # Arrow, which few indexes need
    from engine.cache.parts import Parts

    parts = Parts(part_place(paths.run(run)), store.source_hashes())
    base, sample = parts.files("base"), parts.files("sample")
    cursor.execute(_NO_REWARDS)
    if base:
        cursor.execute(" ".join(("INSERT INTO rewards", _BASE, _read(base))))
    if sample:
        cursor.execute(" ".join(("INSERT INTO rewards", _SAMPLE, _read(sample), _UNKNOWN)))
    cursor.execute(" ".join((_FEATURES, _read(base))) if base else _NO_FEATURES)
    cursor.execute(_BY_FEATURE)
    ((pairs,),) = cursor.execute("SELECT count(*) FROM rewards").fetchall()
    return SoFar(run, pairs)


def _read(files: Sequence[Path]) -> str:
    """The rows of Parquet files; their names are ours, below a folder that the user named."""
    quoted = ("'" + str(path).replace("'", "''") + "'" for path in files)
    return f"read_parquet([{', '.join(quoted)}])"
