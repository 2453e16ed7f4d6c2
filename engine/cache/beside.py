"""What stands beside a run: another run of its index, one pair over all runs, custom pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.cache.comparing import (
    by_layer,
    compared_heuristic,
    compared_margins,
    margins_of,
    natural_against_custom,
    pair_in_run,
    set_apart,
)
from engine.cache.comparison_records import Comparison, NaturalAgainstCustom, PairInRun
from engine.cache.custom import read_customs
from engine.cache.overview import run_card
from engine.cache.sealed import no_run, sealed_runs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.cache.judged import JudgedRow
    from engine.cache.reader import IndexReader
    from engine.heuristics import Heuristic


def compared(
    mine: IndexReader, theirs: IndexReader, theirs_of: Mapping[Heuristic, Heuristic | None]
) -> Comparison:
    """One run beside another one of the same index, on the heuristics that are looked at.

    Args:
        mine: of the one run.
        theirs: of the other one.
        theirs_of: each heuristic as the other run judges it; None: it does not.

    Raises:
        UserError: one of them is no run, or a file is damaged.
    """
    if mine.run is None or theirs.run is None:
        raise no_run(mine.paths)
    with mine.ask.cursor() as cursor, theirs.ask.cursor() as their_cursor:
        margins = compared_margins(margins_of(cursor), margins_of(their_cursor))
    return Comparison(
        run=run_card(mine.run),
        other=run_card(theirs.run),
        apart=set_apart(mine.run.manifest, theirs.run.manifest),
        margins=margins,
        heuristics=tuple(
            compared_heuristic(
                heuristic,
                mine.bulk.judged_of(heuristic),
                theirs.bulk.judged_of(there) if there else (),
                mine.store.name_of,
            )
            for heuristic, there in theirs_of.items()
        ),
    )


def over_runs(reader: IndexReader, identifier: int) -> tuple[PairInRun, ...]:
    """One pair in every sealed run, in the order of their hook points.

    Raises:
        UserError: there is no such pair, or a run cannot be read.
    """
    (pair,) = reader.store.pairs([identifier])
    borne = reader.one_pair.borne_by(identifier)
    sae = reader.run.manifest.config.sae_hash if reader.run else ""

    def stands_now(row: JudgedRow) -> bool:
        now = borne.get(row.heuristic)
        return now is not None and row.judged_on == now[1].judged_on

    found = (
        pair_in_run(reader.paths, run, pair, reader.heuristics, sae, stands_now)
        for run in sealed_runs(reader.paths)
    )
    return tuple(sorted(found, key=lambda made: by_layer(made.run)))


def against_customs(reader: IndexReader) -> tuple[NaturalAgainstCustom, ...]:
    """Each heuristic's bearers against the custom pairs kept of the run; without a run, nothing.

    Raises:
        UserError: the custom pairs cannot be read.
    """
    run = reader.run
    if run is None:
        return ()
    by_user = read_customs(reader.paths.custom, run.run)
    kept = [pair for pairs in by_user.values() for pair in pairs]
    return tuple(
        natural_against_custom(
            heuristic,
            measured.features if measured else (),
            reader.bulk.judged_of(heuristic),
            kept,
        )
        for heuristic in reader.heuristics
        for measured in [run.measured(heuristic)]
    )
