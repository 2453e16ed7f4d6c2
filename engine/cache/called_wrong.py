"""Pairs whose label several PMs of an index contradict with confidence."""

from __future__ import annotations

import math
from collections import Counter

import duckdb

from engine.cache.keys import keys_of
from engine.cache.layout import IndexPaths
from engine.cache.pairs import PairStore
from engine.cache.sealed import read_sealed, run_path, sealed_runs
from engine.cache.unchanged import has_hashes
from engine.errors import UserError

SEVERAL = 2
CONFIDENT = -math.log(3)
"""A margin below it gives the label a probability under a quarter (docs/filters.md)."""

_WRONG = "SELECT id, {hash} FROM run.rewards WHERE margin < ?"


def called_wrong(paths: IndexPaths, store: PairStore) -> frozenset[int]:
    """The ids of those pairs; of each PM its newest readable run is asked.

    Runs that cannot be read are passed over: a suspicion is no reason to refuse the index. So is
    what a run says of other texts than the pairs have now.
    """
    runs = sealed_runs(paths)
    if len(runs) < SEVERAL:
        return frozenset()
    by_pm: dict[str, frozenset[int]] = {}
    for run in runs:
        try:
            pm, wrong = _of_run(paths, store, run)
        except (duckdb.Error, UserError):
            continue
        by_pm.setdefault(pm, wrong)
    counted = Counter(identifier for wrong in by_pm.values() for identifier in wrong)
    return frozenset(identifier for identifier, pms in counted.items() if pms >= SEVERAL)


def _of_run(paths: IndexPaths, store: PairStore, run: str) -> tuple[str, frozenset[int]]:
    """The PM's hash, and the pairs that it calls wrong."""
    path = run_path(paths, run)
    with duckdb.connect(":memory:") as connection:
        quoted = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS run (READ_ONLY)")
        sealed = read_sealed(connection, path)
        known = "content_hash" if has_hashes(connection) else "NULL"
        found = connection.execute(_WRONG.format(hash=known), [CONFIDENT]).fetchall()
    today = keys_of(store, [identifier for identifier, _ in found])
    return sealed.manifest.config.pm_hash, frozenset(
        identifier
        for identifier, measured in found
        if identifier in today and measured in (None, today[identifier].content_hash)
    )
