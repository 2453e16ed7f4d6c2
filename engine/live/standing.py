"""How an index's run judges each of its heuristics, and the running PM that goes with it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.cache.judged import JudgedRow
from engine.cache.reader import IndexReader
from engine.cache.run_records import MeasuredHeuristic
from engine.cache.sealed import SealedRun
from engine.errors import UserError
from engine.heuristics import Heuristic
from engine.live.client import LiveRescorer
from engine.live.outcome import Standing
from engine.verdict import Thresholds


class Standings:
    """One for each heuristic that a reader looks at, in its order; more may join them.

    A heuristic that the run judged is held against the run's thresholds; where its folds differ
    in the activation below which it is silent, against the smallest. One that the run does not
    know is measured where it has pins, against the margin threshold alone (no
    random groups were measured), and stays unmeasured where it has none: nobody looked for its
    features.
    """

    def __init__(self, reader: IndexReader) -> None:
        """Of a reader with a run; it may be closed where no heuristic joins it any more.

        Raises:
            UserError: the index has no run.
        """
        self._reader = reader
        self._run = _run_of(reader)
        self._found: dict[Heuristic, Standing] = {}
        self()

    def __call__(self) -> tuple[Standing, ...]:
        return tuple(map(self._of, self._reader.heuristics))

    def _of(self, heuristic: Heuristic) -> Standing:
        found = self._found.get(heuristic)
        if found is None:
            found = self._found[heuristic] = self._judging(heuristic)
        return found

    def _judging(self, heuristic: Heuristic) -> Standing:
        measured = self._run.measured(heuristic)
        if measured is None:
            return _unknown(heuristic, self._run)
        return _known(measured, self._run, self._reader.bulk.judged_of(heuristic))


def make_rescorer(reader: IndexReader, command: Sequence[str], device: str) -> LiveRescorer:
    """A running PM for the reader's run; its process starts with the first question.

    Args:
        reader: of an index with a run.
        command: what speaks the worker's protocol, as words.
        device: where the worker puts the models: `cpu`, `cuda`, ...

    Raises:
        UserError: the index has no run.
    """
    run = _run_of(reader)
    if run.manifest.imported:
        raise UserError(
            f"the rewards of run {run.run} were imported: no PM is known to ask",
            where=run.manifest.pm_path,
            todo="Measure with a PM and its SAE: `outvoted score --pm PM --sae SAE`.",
        )
    return LiveRescorer(
        command, run.manifest, Standings(reader), device=device, labels=reader.labels
    )


def _known(measured: MeasuredHeuristic, run: SealedRun, judged: Sequence[JudgedRow]) -> Standing:
    silent = min((row.silent_activation for row in judged), default=0.0)
    return Standing(
        heuristic=measured.as_judged,
        features=measured.features,
        in_sample=measured.in_sample,
        thresholds=Thresholds(run.figures.margin_threshold, measured.vote_threshold, silent),
        margin_threshold=run.figures.margin_threshold,
    )


def _unknown(heuristic: Heuristic, run: SealedRun) -> Standing:
    epsilon = run.figures.margin_threshold
    return Standing(
        heuristic=heuristic,
        features=heuristic.features,
        in_sample=False,
        thresholds=Thresholds(epsilon, epsilon, 0.0) if heuristic.features else None,
        margin_threshold=epsilon,
    )


def _run_of(reader: IndexReader) -> SealedRun:
    if reader.run is None:
        raise UserError(
            f'the index "{reader.paths.name}" has no finished run: no PM is known to ask',
            where=str(reader.paths.runs),
            todo="Make one with `outvoted score --pm PM --sae SAE`.",
        )
    return reader.run
