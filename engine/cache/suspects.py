"""Pairs whose label may be wrong by their texts alone: found once, when somebody asks."""

from __future__ import annotations

import threading

import duckdb

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
"""


class Suspects:
    """The table `suspects`: identical sides, or the same pair elsewhere with the opposite label.

    Tied sides are told by their margin (design, section 3: `label-suspect`).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made = False

    def make(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Make the table, unless it is there."""
        with self._lock:
            if not self._made:
                cursor.execute(_SUSPECTS)
                self._made = True
