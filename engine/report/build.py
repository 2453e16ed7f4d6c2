"""From an open index and its run to the report."""

from __future__ import annotations

from dataclasses import replace

from engine.cache.keys import keys_of
from engine.cache.population import before_and_after
from engine.cache.reader import IndexReader
from engine.cache.sealed import no_run
from engine.report.likelihood import bearer_likelihood, likelihood_report
from engine.report.margins import tranche_margins
from engine.report.on_heuristic import on_heuristic
from engine.report.report import Report
from engine.report.suspects import bearers_without, standing_without, suspects_of
from engine.report.training import training_report


def build_report(reader: IndexReader, *, without_suspects: bool = False) -> Report:
    """The answer of the reader's run, on the heuristics the reader looks at.

    Args:
        reader: the open index.
        without_suspects: leave out the pairs whose label may be wrong. Features, thresholds and
            the SAE's faithfulness stay the run's.

    Raises:
        UserError: the index has no run, or custom pairs cannot be read.
    """
    run, standing = reader.run, reader.standing()
    if run is None or standing is None:
        raise no_run(reader.paths)
    suspicions = suspects_of(reader)
    suspects = frozenset().union(*suspicions.values())
    left_out = suspects if without_suspects else frozenset()
    standing = standing_without(standing, left_out)
    tables = [bearers_without(table, left_out) for table in reader.bearers()]
    keys = keys_of(reader.store, sorted({borne.id for table in tables for borne in table.bearers}))
    rewards = reader.bulk.rewards(list(keys))
    margins = {at: margin for at, (*_, margin, _) in rewards.items() if margin is not None}
    sums = reader.bulk.likelihoods()
    contexts_cut, most_cut = reader.bulk.truncated()
    contexts = {identifier: key.context_hash for identifier, key in keys.items()}
    training = reader.training
    customs = {made.heuristic.name: made for made in reader.customs() if made.custom}
    heuristics = (
        replace(
            on_heuristic(
                table,
                measured,
                judged,
                keys,
                run.figures.margin_threshold,
                training,
                suspicions,
                reader.bulk.random_errors([row.id for row in judged]),
                margins,
            ),
            custom=customs.get(table.heuristic.name),
            likelihood=bearer_likelihood(table, contexts, sums, training),
            pushes=reader.bulk.pushes_on(table.heuristic, measured.features) if measured else {},
            rewards=before_and_after(judged, rewards),
        )
        for table in tables
        for measured in [run.measured(table.heuristic)]
        for judged in [
            [row for row in reader.bulk.judged_of(table.heuristic) if row.id not in left_out]
        ]
    )
    return Report(
        index=reader.paths.name,
        pairs=reader.store.count(),
        manifest=run.manifest,
        figures=run.figures,
        margins=tranche_margins(standing, reader.store.tranches()),
        training=training_report(standing, training, reader.store.count()),
        heuristics=tuple(heuristics),
        sources=tuple(reader.store.sources.values()),
        likelihood=likelihood_report(reader.likelihood, sums, standing, training),
        contexts_cut=contexts_cut,
        most_cut=most_cut,
        suspects=len(suspects),
        suspicions={reason: len(ids) for reason, ids in suspicions.items()},
        duplicates_looked_for=reader.duplicates_looked_for,
        without_suspects=without_suspects,
    )
