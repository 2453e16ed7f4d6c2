"""A sealed run, read: which ones an index has, and the records in one of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from engine.cache.judged import judged_columns
from engine.cache.layout import IndexPaths
from engine.cache.manifest import Manifest, manifest_of
from engine.cache.run_records import (
    RUN_FILE,
    SCHEMA_VERSION,
    Figures,
    Insertion,
    IntegratedFigures,
    MeasuredHeuristic,
)
from engine.errors import UserError
from engine.heuristics import Heuristic
from engine.verdict import Verdict
from engine.verdict.intervals import Interval
from engine.verdict.selection import Candidate

_NOT_OURS = (ValueError, TypeError, KeyError, AttributeError)
"""What values of another making raise."""
_HEURISTICS = "SELECT measured FROM run.heuristics"
_JUDGED = "SELECT * FROM run.judged LIMIT 0"
_CODES = """
SELECT verdict FROM run.judged UNION
SELECT runner_up FROM run.judged WHERE runner_up IS NOT NULL
"""
_STANDING = """
SELECT p.tranche, p.context_hash, r.margin, r.in_sample, p.id
FROM rewards r JOIN pairs p ON p.id = r.id ORDER BY p.id
"""
# A tranche by its number: a name for each of many pairs would be a text each.
_BY_TRANCHE = """
SELECT list_position(?::VARCHAR[], p.tranche) - 1 AS tranche, r.margin, r.in_sample
FROM rewards r JOIN pairs p ON p.id = r.id ORDER BY p.id
"""


@dataclass(frozen=True, slots=True)
class SealedRun:
    """What a sealed run says of itself."""

    manifest: Manifest
    figures: Figures
    heuristics: tuple[MeasuredHeuristic, ...]

    @property
    def run(self) -> str:
        return self.manifest.config.run

    def measured(self, heuristic: Heuristic) -> MeasuredHeuristic | None:
        """How this run judged a heuristic; None where it did not, or judged it otherwise."""
        return next((made for made in self.heuristics if made.heuristic == heuristic), None)

    def counterpart(self, heuristic: Heuristic, sae: str) -> Heuristic | None:
        """A heuristic of another run as this one judges it; None where it does not.

        Pins are features of one SAE: it may have others here. A feature as heuristic is another
        one in another SAE. Where rewards were imported, whatever has a pattern is judged.

        Args:
            heuristic: of the other run.
            sae: the hash of its SAE.
        """
        if heuristic.feature is not None and sae != self.manifest.config.sae_hash:
            return None
        if self.manifest.imported:
            return heuristic
        bare = replace(heuristic, features=())
        known = (made.heuristic for made in self.heuristics)
        return next((made for made in known if replace(made, features=()) == bare), None)


def sealed_runs(paths: IndexPaths) -> list[str]:
    """The ids of an index's sealed runs, the newest first."""
    files = paths.runs.glob(f"*/{RUN_FILE}")
    ordered = sorted(files, key=lambda path: (path.stat().st_mtime, path), reverse=True)
    return [path.parent.name for path in ordered]


def find_run(paths: IndexPaths, asked: str | None) -> str:
    """The run that is meant: the newest, or the one whose id begins with `asked`.

    Raises:
        UserError: there is no such run, or several.
    """
    runs = sealed_runs(paths)
    if not runs:
        raise no_run(paths)
    found = [run for run in runs if run.startswith(asked or "")]
    if asked and len(found) != 1:
        raise UserError(
            f'"{asked}" names {"several runs" if found else "no run"} of this index',
            where="--run",
            todo=f"There are: {', '.join(found or runs)}.",
        )
    return found[0]


def no_run(paths: IndexPaths) -> UserError:
    """Nothing has been measured yet, and how to."""
    return UserError(
        f'the index "{paths.name}" has no finished run',
        where=str(paths.runs),
        todo="Make one with `outvoted score --pm PM --sae SAE`.",
    )


def known_heuristics(paths: IndexPaths, run: str) -> list[Heuristic]:
    """The heuristics that a run has judged, also one that an earlier version of Outvoted sealed;
    none where it is not sealed, or not readable."""
    path = run_path(paths, run)
    if not path.exists():
        return []
    try:
        with duckdb.connect(":memory:") as connection:
            quoted = str(path).replace("'", "''")
            connection.execute(f"ATTACH '{quoted}' AS run (READ_ONLY)")
            told = connection.execute(_HEURISTICS).fetchall()
        return [_measured(json.loads(text)).heuristic for (text,) in told]
    except (duckdb.Error, *_NOT_OURS):  # it is about to be sealed anew
        return []


def run_path(paths: IndexPaths, run: str) -> Path:
    """The DuckDB file of a sealed run."""
    return paths.run(run) / RUN_FILE


def read_sealed(cursor: duckdb.DuckDBPyConnection, where: Path) -> SealedRun:
    """What the run attached as `run` says of itself; its verdicts become the view `judged`.

    Raises:
        UserError: another version of Outvoted wrote it, or it is damaged.
    """
    try:
        ((version, manifest, figures),) = cursor.execute(
            "SELECT schema_version, manifest, figures FROM run.meta"
        ).fetchall()
        if version != SCHEMA_VERSION:
            later = version > SCHEMA_VERSION
            raise UserError(
                f"it has schema version {version}, this Outvoted reads version {SCHEMA_VERSION}",
                where=str(where),
                todo="A later Outvoted sealed it: update this one, or name another run with --run."
                if later
                else "Run the same `outvoted score` again: it seals the run anew from its parts.",
            )
        measured = cursor.execute(_HEURISTICS).fetchall()
        cursor.execute(_JUDGED).fetchall()
        columns = judged_columns([column[0] for column in cursor.description or ()])
        cursor.execute(" ".join(("CREATE VIEW judged AS SELECT", columns, "FROM run.judged")))
        for (code,) in cursor.execute(_CODES).fetchall():
            Verdict(code)
        return SealedRun(
            manifest=manifest_of(json.loads(manifest)),
            figures=_figures(json.loads(figures)),
            heuristics=tuple(_measured(json.loads(text)) for (text,) in measured),
        )
    except (duckdb.Error, *_NOT_OURS) as error:
        raise damaged_run(where, error) from None


def damaged_run(where: Path, error: Exception) -> UserError:
    """The run's file does not hold what a sealed run holds: which one, and what to do."""
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return UserError(
        f"run {where.parent.name} is damaged ({reason})",
        where=str(where),
        todo="Delete the file and run the same `outvoted score` again: it seals the run anew from"
        " its parts. Other runs are untouched: name one with --run.",
    )


def sealed_run(paths: IndexPaths, run: str) -> SealedRun:
    """What one of an index's sealed runs says of itself.

    Raises:
        UserError: another version of Outvoted wrote it, or it is damaged.
    """
    path = run_path(paths, run)
    try:
        with duckdb.connect(":memory:") as connection:
            quoted = str(path).replace("'", "''")
            connection.execute(f"ATTACH '{quoted}' AS run (READ_ONLY)")
            return read_sealed(connection, path)
    except duckdb.Error as error:
        raise damaged_run(path, error) from None


@dataclass(frozen=True, slots=True)
class Standing:
    """The margins that stand for an index, one for each pair, in the order of their ids.

    Bearers alone stand for nobody: where a run has not measured every pair, its hashed sample
    does.
    """

    complete: bool
    """Whether these are all pairs of the index, and not a sample."""
    ids: tuple[int, ...]
    tranches: tuple[str, ...]
    context_hashes: tuple[str, ...]
    margins: tuple[float, ...]

    def by_tranche(self) -> dict[str, list[float]]:
        """The margins of each tranche that has any."""
        found: dict[str, list[float]] = {}
        for tranche, margin in zip(self.tranches, self.margins, strict=True):
            found.setdefault(tranche, []).append(margin)
        return found


def standing_margins(cursor: duckdb.DuckDBPyConnection, pairs: int) -> Standing:
    """The margins of a sealed run's view `rewards` that stand for an index of so many pairs."""
    rows = cursor.execute(_STANDING).fetchall()
    complete = len(rows) >= pairs
    kept = [row for row in rows if complete or row[3]]
    return Standing(
        complete=complete,
        ids=tuple(row[4] for row in kept),
        tranches=tuple(row[0] for row in kept),
        context_hashes=tuple(row[1] for row in kept),
        margins=tuple(row[2] for row in kept),
    )


def margins_by_tranche(
    cursor: duckdb.DuckDBPyConnection, pairs: dict[str, int]
) -> dict[str, npt.NDArray[np.float64]]:
    """The same margins for each tranche, in the order of their ids.

    Args:
        cursor: of a connection with the view `pairs`, and the view `rewards` of a sealed run.
        pairs: how many pairs each tranche of the index has.
    """
    found = cursor.execute(_BY_TRANCHE, [list(pairs)]).fetchnumpy()
    margins = np.asarray(found["margin"], np.float64)
    if len(margins) >= sum(pairs.values()):
        stands = np.ones(len(margins), np.bool_)
    else:
        stands = np.asarray(found["in_sample"], np.bool_)
    return {
        tranche: margins[stands & (found["tranche"] == number)]
        for number, tranche in enumerate(pairs)
    }


def _figures(values: dict[str, Any]) -> Figures:
    integrated = values.pop("integrated", None)  # runs of earlier versions have none
    return Figures(
        **values, integrated=None if integrated is None else IntegratedFigures(**integrated)
    )


def _measured(values: dict[str, Any]) -> MeasuredHeuristic:
    heuristic = values.pop("heuristic")
    pins = tuple(heuristic.pop("features"))
    folds = values.pop("folds")
    insertion = values.pop("insertion", None)  # runs of earlier versions have none
    return MeasuredHeuristic(
        heuristic=Heuristic(**heuristic, features=pins),
        folds=tuple(tuple(Candidate(**made) for made in fold) for fold in folds),
        features=tuple(values.pop("features")),
        **values,
        insertion=None if insertion is None else _insertion(insertion),
    )


def _insertion(values: dict[str, Any]) -> Insertion:
    before, after = values.pop("before", None), values.pop("after", None)  # nor have they these
    return Insertion(
        **values,
        before=None if before is None else Interval(**before),
        after=None if after is None else Interval(**after),
    )
