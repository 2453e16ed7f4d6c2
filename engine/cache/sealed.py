"""A sealed run, read: which ones an index has, and the records in one of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from engine.cache.judged import JudgedRow, judged_row
from engine.cache.layout import IndexPaths
from engine.cache.manifest import Manifest, RunConfig
from engine.cache.run_file import RUN_FILE, SCHEMA_VERSION, Figures, MeasuredHeuristic
from engine.errors import UserError
from engine.heuristics import Heuristic
from engine.verdict.selection import Candidate

_JUDGED = "SELECT * FROM run.judged ORDER BY heuristic, id"
_MARGINS = "SELECT id, margin FROM run.rewards ORDER BY id"
_SAMPLED_MARGINS = "SELECT id, margin FROM run.rewards WHERE in_sample ORDER BY id"


@dataclass(frozen=True, slots=True)
class SealedRun:
    """What a sealed run says of itself."""

    manifest: Manifest
    figures: Figures
    heuristics: tuple[MeasuredHeuristic, ...]

    @property
    def run(self) -> str:
        return self.manifest.config.run


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
        raise UserError(
            f'the index "{paths.name}" has no finished run',
            where=str(paths.runs),
            todo="Make one with `outvoted score --pm PM --sae SAE`.",
        )
    found = [run for run in runs if run.startswith(asked or "")]
    if asked and len(found) != 1:
        raise UserError(
            f'"{asked}" names {"several runs" if found else "no run"} of this index',
            where="--run",
            todo=f"There are: {', '.join(found or runs)}.",
        )
    return found[0]


def run_path(paths: IndexPaths, run: str) -> Path:
    """The DuckDB file of a sealed run."""
    return paths.run(run) / RUN_FILE


def read_sealed(cursor: duckdb.DuckDBPyConnection, where: Path) -> SealedRun:
    """What the run attached as `run` says of itself.

    Raises:
        UserError: another version of Outvoted wrote it, or it is damaged.
    """
    try:
        ((version, manifest, figures),) = cursor.execute(
            "SELECT schema_version, manifest, figures FROM run.meta"
        ).fetchall()
        if version != SCHEMA_VERSION:
            raise UserError(
                f"it has schema version {version}, this Outvoted reads {SCHEMA_VERSION}",
                where=str(where),
                todo="Run the same `outvoted score` again: it seals the run anew from its parts.",
            )
        measured = cursor.execute("SELECT measured FROM run.heuristics").fetchall()
        return SealedRun(
            manifest=_manifest(json.loads(manifest)),
            figures=Figures(**json.loads(figures)),
            heuristics=tuple(_measured(json.loads(text)) for (text,) in measured),
        )
    except (duckdb.Error, ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"this is not the file of a sealed run ({str(error).splitlines()[0]})",
            where=str(where),
            todo="Delete it and run the same `outvoted score` again.",
        ) from None


def read_judged(cursor: duckdb.DuckDBPyConnection) -> list[JudgedRow]:
    """Every verdict of the run attached as `run`."""
    return [judged_row(row) for row in cursor.execute(_JUDGED).fetchall()]


def standing_margins(
    cursor: duckdb.DuckDBPyConnection, pairs: int
) -> tuple[dict[int, float], bool]:
    """Margins by id of the pairs that stand for the index, and whether those are all its pairs.

    Bearers alone stand for nobody: where a run has not measured the whole index, its hashed
    sample does.
    """
    rows = cursor.execute(_MARGINS).fetchall()
    complete = len(rows) >= pairs
    if not complete:
        rows = cursor.execute(_SAMPLED_MARGINS).fetchall()
    return dict(rows), complete


def _manifest(values: dict[str, Any]) -> Manifest:
    return Manifest(config=RunConfig(**values.pop("config")), **values)


def _measured(values: dict[str, Any]) -> MeasuredHeuristic:
    heuristic = values.pop("heuristic")
    pins = tuple(heuristic.pop("features"))
    folds = values.pop("folds")
    return MeasuredHeuristic(
        heuristic=Heuristic(**heuristic, features=pins),
        folds=tuple(tuple(Candidate(**made) for made in fold) for fold in folds),
        features=tuple(values.pop("features")),
        **values,
    )
