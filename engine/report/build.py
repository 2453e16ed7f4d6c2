"""From an open index and its run to the report."""

from __future__ import annotations

from dataclasses import replace

from engine.cache.keys import keys_of
from engine.cache.reader import IndexReader
from engine.cache.sealed import no_run
from engine.report.likelihood import bearer_likelihood, likelihood_report
from engine.report.margins import tranche_margins
from engine.report.on_heuristic import on_heuristic
from engine.report.report import Report
from engine.report.training import training_report


def build_report(reader: IndexReader) -> Report:
    """The answer of the reader's run, on the heuristics the reader looks at.

    Raises:
        UserError: the index has no run, or custom pairs cannot be read.
    """
    run, standing = reader.run, reader.standing()
    if run is None or standing is None:
        raise no_run(reader.paths)
    keys = keys_of(
        reader.store, sorted({borne.id for table in reader.tables for borne in table.bearers})
    )
    sums = reader.likelihoods()
    contexts = {identifier: key.context_hash for identifier, key in keys.items()}
    training = reader.training
    customs = {made.heuristic.name: made for made in reader.customs() if made.custom}
    heuristics = (
        replace(
            on_heuristic(
                table,
                run.measured(table.heuristic),
                reader.judged_of(table.heuristic),
                keys,
                run.figures.margin_threshold,
                training,
            ),
            custom=customs.get(table.heuristic.name),
            likelihood=bearer_likelihood(table, contexts, sums, training),
        )
        for table in reader.tables
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
    )
