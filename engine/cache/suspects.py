"""Pairs whose label may be wrong: found once, when somebody asks."""

from __future__ import annotations

import threading

import duckdb

from engine.cache.called_wrong import called_wrong
from engine.cache.layout import IndexPaths

# 64 bits of each text and the same context: two texts that differ are not taken for one another.
_SUSPECTS = """
CREATE TABLE suspects AS
WITH sides AS (
    SELECT id, context_hash, hash(chosen) AS chosen, hash(rejected) AS rejected FROM pairs
)
SELECT id FROM sides WHERE chosen = rejected
UNION
SELECT here.id FROM sides here JOIN sides there
ON here.context_hash = there.context_hash
AND here.chosen = there.rejected AND here.rejected = there.chosen
UNION
SELECT unnest(?::BIGINT[]) AS id
"""


class Suspects:
    """The table `suspects`: identical sides, the same pair elsewhere with the opposite label, or
    several PMs that call the label wrong with confidence.

    Tied sides are told by their margin (design, section 3: `label-suspect`).
    """

    def __init__(self, paths: IndexPaths) -> None:
        self._paths = paths
        self._lock = threading.Lock()
        self._made = False
        self._called_wrong: frozenset[int] | None = None

    def make(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Make the table, unless it is there."""
        called = self.called_wrong()
        with self._lock:
            if not self._made:
                cursor.execute(_SUSPECTS, [sorted(called)])
                self._made = True

    def called_wrong(self) -> frozenset[int]:
        """The ids of the pairs that several PMs call wrong; runs are read once."""
        with self._lock:
            if self._called_wrong is None:
                self._called_wrong = called_wrong(self._paths)
            return self._called_wrong
