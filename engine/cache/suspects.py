"""Pairs whose label may be wrong, or that count twice: found once, when somebody asks."""

from __future__ import annotations

import threading

import duckdb
import numpy as np
import numpy.typing as npt

from engine.cache.called_wrong import called_wrong
from engine.cache.duplicates import Duplicate, kept_duplicates
from engine.cache.layout import IndexPaths
from engine.cache.pairs import PairStore

# 64 bits of each text and the same context: two texts that differ are not taken for one another.
_SUSPECTS = """
CREATE TABLE suspects AS
WITH sides AS (
    SELECT id, context_hash, hash(chosen) AS chosen, hash(rejected) AS rejected FROM pairs
),
found AS (
    SELECT id, 'identical' AS reason FROM sides WHERE chosen = rejected
    UNION ALL
    SELECT here.id, 'contradicted' FROM sides here JOIN sides there
    ON here.context_hash = there.context_hash
    AND here.chosen = there.rejected AND here.rejected = there.chosen
    AND here.chosen <> here.rejected
    UNION ALL
    SELECT unnest(?::BIGINT[]), unnest(?::VARCHAR[])
    UNION ALL
    SELECT unnest(?::BIGINT[]), 'called-wrong'
)
SELECT id, list(DISTINCT reason ORDER BY reason) AS reasons FROM found GROUP BY id
"""

_HASHES = "SELECT (hash(content_hash) >> 32)::UINTEGER AS hash FROM pairs"
_HASH = "SELECT (hash(?::VARCHAR) >> 32)::BIGINT"
_COUNT = "SELECT count(*) FROM pairs WHERE content_hash = ?"


class Suspects:
    """The table `suspects`: an id and its reasons, all that no run of its own has to tell.

    `identical` sides; `contradicted`: the same pair, or nearly, stands elsewhere with the opposite
    label; `near-duplicate`: it repeats an earlier pair (both of these as far as somebody looked
    for near-duplicates); `called-wrong` by several PMs. Tied sides are told by their margin.
    """

    def __init__(self, paths: IndexPaths, store: PairStore) -> None:
        self._paths = paths
        self._store = store
        self._lock = threading.Lock()
        self._made = False
        self._called_wrong: frozenset[int] | None = None
        self._kept: tuple[Duplicate, ...] | None = None
        self._by_id: dict[int, tuple[Duplicate, ...]] | None = None
        self._hashes: npt.NDArray[np.uint32] | None = None

    def make(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Make the table, unless it is there."""
        called, kept = self.called_wrong(), self._near()
        with self._lock:
            if not self._made:
                near = [near for found in kept.values() for near in found]
                reasons = [each.reason for each in near]
                values = [[each.id for each in near], reasons, sorted(called)]
                cursor.execute(_SUSPECTS, values)
                self._made = True

    @property
    def looked_for(self) -> bool:
        """Whether anybody looked for near-duplicates of the index as it is now."""
        self._near()
        return self._kept is not None

    def near(self, identifier: int) -> tuple[Duplicate, ...]:
        """What a pair nearly says again, or contradicts."""
        return self._near().get(identifier, ())

    def _near(self) -> dict[int, tuple[Duplicate, ...]]:
        with self._lock:
            if self._by_id is None:
                self._kept = kept_duplicates(self._paths, self._store)
                self._by_id = {}
                for each in self._kept or ():
                    self._by_id[each.id] = (*self._by_id.get(each.id, ()), each)
            return self._by_id

    def elsewhere(self, cursor: duckdb.DuckDBPyConnection, content_hash: str) -> int:
        """How many pairs have this content hash.

        Nearly always none has: 32 bits of every hash, read once, tell that without a look at them.
        """
        with self._lock:
            if self._hashes is None:
                self._hashes = np.sort(cursor.execute(_HASHES).fetchnumpy()["hash"])
        ((wanted,),) = cursor.execute(_HASH, [content_hash]).fetchall()
        place = int(np.searchsorted(self._hashes, np.uint32(wanted)))
        if place == len(self._hashes) or self._hashes[place] != wanted:
            return 0
        ((count,),) = cursor.execute(_COUNT, [content_hash]).fetchall()
        return int(count)

    def called_wrong(self) -> frozenset[int]:
        """The ids of the pairs that several PMs call wrong; runs are read once."""
        with self._lock:
            if self._called_wrong is None:
                self._called_wrong = called_wrong(self._paths, self._store)
            return self._called_wrong
