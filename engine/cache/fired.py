"""Who bears a feature as a heuristic: pairs on which a run found it firing on one side alone."""

from __future__ import annotations

import duckdb

from engine.cache.bearers import LookedAt
from engine.cache.sealed import SealedRun
from engine.errors import UserError
from engine.heuristics import Heuristic
from engine.heuristics.census import Counts
from engine.hh import SIDES

_BEARING = """
CREATE OR REPLACE TEMP TABLE bearing AS
SELECT j.id, j.bearer, length(p.context)::INTEGER AS context, j.span_start, j.span_end,
       p.tranche, p.context_hash
FROM judged j JOIN pairs p ON p.id = j.id AND p.context_hash = j.context_hash
WHERE j.heuristic = ? ORDER BY j.id
"""
_COUNTS = "SELECT bearer, count(*) FROM bearing GROUP BY bearer"


def stand_firing(
    cursor: duckdb.DuckDBPyConnection, heuristic: Heuristic, run: SealedRun | None, pairs: int
) -> LookedAt:
    """Make the cursor's own table `bearing` (as `stand_bearers` does) of what the run found.

    Args:
        cursor: of a connection with the views `pairs` and `judged`.
        heuristic: a feature.
        run: the run; None: nothing was measured.
        pairs: how many the index has; those that were not measured count as without it.

    Raises:
        UserError: the run did not measure the feature, or there is no run.
    """
    measured = run.measured(heuristic) if run else None
    if measured is None:
        raise UserError(
            f"where {heuristic.pattern} is known to a run that measured it, and this one did not"
            if run
            else f"where {heuristic.pattern} is known to a run, and there is none",
            where=f'heuristic "{heuristic.name}"',
            todo="Score with this --heuristics file and --pairs all, or a filter.",
        )
    cursor.execute(_BEARING, [heuristic.name])
    standing = dict(cursor.execute(_COUNTS).fetchall())
    one, other = (standing.get(side, 0) for side in SIDES)
    both = measured.both
    return LookedAt(heuristic, Counts(one, other, both, pairs - one - other - both))
