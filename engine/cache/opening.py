"""An index is opened: its run attached, its heuristics found, the views made that questions ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from engine.cache import by_token, questions
from engine.cache.bearers import LookedAt, bearers, stand_bearers
from engine.cache.borne import add_borne, make_borne
from engine.cache.columns import declared
from engine.cache.fired import stand_firing
from engine.cache.judged import JUDGED
from engine.cache.kept import with_kept
from engine.cache.labels import check_labels, kept_labels
from engine.cache.layout import IndexPaths
from engine.cache.likelihood import open_likelihood
from engine.cache.pairs import PairStore, open_pairs
from engine.cache.reader import IndexReader
from engine.cache.records import SoFar
from engine.cache.sealed import (
    SealedRun,
    damaged_run,
    find_run,
    read_sealed,
    run_path,
    sealed_runs,
)
from engine.cache.so_far import begun_runs, stand_parts
from engine.cache.training import open_training
from engine.cache.unchanged import stand_unchanged
from engine.errors import UserError
from engine.heuristics import Heuristic, compile_heuristic
from engine.heuristics.file import default_heuristics


def open_reader(
    paths: IndexPaths,
    *,
    run: str | None = None,
    heuristics: Sequence[Heuristic] | None = None,
    labels: Mapping[int, str] | None = None,
    kept_in: Path | None = None,
) -> IndexReader:
    """Open an index with its newest run, or the one named; without any, nothing is measured.

    Where there is no finished run, the finished parts of one that was begun are shown.

    Args:
        paths: the index.
        run: the beginning of a run's id, or all of it; of a finished one, or one that was begun.
        heuristics: what to look at; None: the run's own, or else the ones that ship, and those
            the user kept. One that the run does not know, or judged otherwise, reads `unmeasured`.
        labels: what to call the features of the run's SAE, before what the run keeps.
        kept_in: where heuristics are kept; None: a file of the index.

    Raises:
        UserError: there is no such index or run, or a file of it is damaged.
    """
    store = open_pairs(paths)
    try:
        sealed, so_far = _open_run(paths, store, run)
        with store.cursor() as cursor:
            folder = paths.run(sealed.run) if sealed else None
            training = open_training(cursor, folder)
            likelihood = open_likelihood(cursor, folder)
        if labels and sealed and not sealed.manifest.imported:
            check_labels(labels, sealed.manifest.d_sae, sealed.manifest.sae)
        named = {**kept_labels(folder), **(labels or {})}
        own = [made.heuristic for made in sealed.heuristics] if sealed else []
        wanted = heuristics
        if wanted is None:
            wanted = with_kept(paths, own or default_heuristics())
        looked_at = _look(paths, store, wanted, sealed)
    except UserError:
        store.close()
        raise
    return IndexReader(
        paths, store, sealed, looked_at, named, training, likelihood, kept_in, so_far
    )


def _look(
    paths: IndexPaths, store: PairStore, wanted: Sequence[Heuristic], sealed: SealedRun | None
) -> list[LookedAt]:
    """Make the table `borne` of the heuristics, with the run's verdicts that stand."""
    matchers = {
        heuristic: compile_heuristic(heuristic) for heuristic in wanted if heuristic.feature is None
    }
    judged = {made.heuristic: made.judged_as for made in sealed.heuristics} if sealed else {}
    if sealed is not None and sealed.manifest.imported:
        _judge_imported(paths, store, wanted, sealed.figures.margin_threshold)
        judged = {heuristic: heuristic.direction for heuristic in wanted}
    looked_at = []
    with store.cursor() as cursor:
        make_borne(cursor)
        for heuristic in wanted:
            looked_at.append(
                stand_bearers(paths, store, cursor, matchers[heuristic])
                if heuristic in matchers
                else stand_firing(cursor, heuristic, sealed, store.count())
            )
            add_borne(cursor, heuristic, judged_as=judged.get(heuristic))
    return looked_at


def _judge_imported(
    paths: IndexPaths, store: PairStore, wanted: Sequence[Heuristic], epsilon: float
) -> None:
    """Put what margins alone say of today's bearers in the place of a run's verdicts."""
    from engine.cache.imported import stand_imported  # Arrow, which few indexes need

    tables = bearers(paths, store, wanted)
    with store.cursor() as cursor:
        cursor.execute("DROP VIEW judged")
        cursor.execute(f"CREATE TABLE judged ({declared(JUDGED)})")
        stand_imported(cursor, tables, epsilon)


def _open_run(
    paths: IndexPaths, store: PairStore, asked: str | None
) -> tuple[SealedRun | None, SoFar | None]:
    """Attach the run that is meant, and make the views that the questions ask."""
    with store.cursor() as cursor:
        if not any(run.startswith(asked or "") for run in sealed_runs(paths)):
            begun = [run for run in begun_runs(paths) if run.startswith(asked or "")]
            if asked is None or len(begun) == 1:
                cursor.execute(questions.NOTHING_JUDGED)
                cursor.execute(by_token.NOT_STORED)
                return None, _so_far(cursor, paths, store, begun)
        path = run_path(paths, find_run(paths, asked))
        try:
            store.attach(path, "run")
            found = read_sealed(cursor, path)
            cursor.execute(questions.MEASURED)
            ((by_feature,),) = cursor.execute(questions.IS_SORTED).fetchall()
            cursor.execute(questions.SORTED if by_feature else questions.UNSORTED)
            ((stored,),) = cursor.execute(by_token.HAS_TOKENS).fetchall()
            cursor.execute(by_token.STORED if stored else by_token.NOT_STORED)
            stand_unchanged(cursor, store, found.manifest)
        except duckdb.Error as error:
            raise damaged_run(path, error) from None
        return found, None


def _so_far(
    cursor: duckdb.DuckDBPyConnection, paths: IndexPaths, store: PairStore, begun: Sequence[str]
) -> SoFar | None:
    """Make the views of the newest run that was begun, or of none."""
    if not begun:
        cursor.execute(questions.NOTHING_MEASURED)
        return None
    try:
        return stand_parts(cursor, paths, store, begun[0])
    except duckdb.Error as error:
        raise UserError(
            f"a part of run {begun[0]} cannot be read ({str(error).splitlines()[0]})",
            where=str(paths.run(begun[0])),
            todo="Run the same `outvoted score` again: it names the part.",
        ) from None
