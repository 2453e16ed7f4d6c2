"""Two runs of one index side by side; one pair over all runs; natural against custom text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import duckdb
import numpy as np
import numpy.typing as npt

from engine.cache.comparison_records import (
    Apart,
    ComparedHeuristic,
    ComparedMargins,
    DifferingPair,
    NaturalAgainstCustom,
    PairInRun,
    TextFigures,
    VerdictInRun,
)
from engine.cache.custom import CustomHeuristic, CustomPair
from engine.cache.judged import JUDGED, JudgedRow, judged_row
from engine.cache.layout import IndexPaths
from engine.cache.manifest import Manifest
from engine.cache.overview import run_card
from engine.cache.records import RunCard
from engine.cache.sealed import damaged_run, read_sealed, run_path
from engine.cache.unchanged import measured_on
from engine.canonical import text_hash
from engine.heuristics import Heuristic
from engine.hh import Pair, PairName
from engine.verdict import Verdict

MOST_POINTS = 400
"""How many pairs are told to draw margins against margins."""

_HASH = 8
"""Digits of a hash that are told."""

_MARGINS = "SELECT id, margin FROM rewards WHERE id IN (SELECT id FROM pairs) ORDER BY id"
_IN_RUN = "SELECT margin, margin_sae FROM run.rewards WHERE id = ?"
_JUDGED = " ".join(("SELECT", ", ".join(JUDGED), "FROM judged WHERE id = ? ORDER BY heuristic"))


Margins: TypeAlias = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]
"""Ids, ascending, and a margin for each."""


def set_apart(mine: Manifest, theirs: Manifest) -> tuple[Apart, ...]:
    """The settings in which two runs differ; models by name, and by hash where names are alike."""
    here, there = mine.config, theirs.config
    tokenizers = here.tokenizer_hash, there.tokenizer_hash
    settings = (
        ("PM", *_model(mine.pm, here.pm_hash, theirs.pm, there.pm_hash)),
        ("tokenizer", *(made[:_HASH] for made in tokenizers)),
        ("SAE", *_model(mine.sae, here.sae_hash, theirs.sae, there.sae_hash)),
        ("hook", here.hook, there.hook),
        ("readout", here.readout, there.readout),
        ("dtype", here.dtype, there.dtype),
        ("positions", here.positions, there.positions),
        ("truncation", here.truncation, there.truncation),
        ("measurement version", str(here.version), str(there.version)),
    )
    return tuple(Apart(*setting) for setting in settings if setting[1] != setting[2])


def _model(here: str, hash_here: str, there: str, hash_there: str) -> tuple[str, str]:
    """Two models' names; equal where the models are."""
    if hash_here == hash_there:
        return here, here
    if here == there:
        return f"{here} ({hash_here[:_HASH]})", f"{there} ({hash_there[:_HASH]})"
    return here, there


def margins_of(cursor: duckdb.DuckDBPyConnection) -> Margins:
    """The margins of the run whose views the cursor's connection has, on pairs of the index."""
    found = cursor.execute(_MARGINS).fetchnumpy()
    return np.asarray(found["id"], np.int64), np.asarray(found["margin"], np.float64)


def compared_margins(mine: Margins, other: Margins) -> ComparedMargins:
    """Margins of the pairs that are in both."""
    _, here, there = np.intersect1d(mine[0], other[0], assume_unique=True, return_indices=True)
    some, others = mine[1][here], other[1][there]
    pairs = len(some)
    varied = pairs > 1 and some.std() > 0 and others.std() > 0
    shown = np.linspace(0, pairs - 1, min(pairs, MOST_POINTS)).round().astype(np.int64)
    return ComparedMargins(
        pairs=pairs,
        correlation=float(np.corrcoef(some, others)[0, 1]) if varied else None,
        agreeing=int((np.sign(some) == np.sign(others)).sum()),
        mean=float(some.mean()) if pairs else None,
        other_mean=float(others.mean()) if pairs else None,
        points=tuple(zip(some[shown].tolist(), others[shown].tolist(), strict=True)),
    )


def compared_heuristic(
    heuristic: Heuristic,
    mine: Iterable[JudgedRow],
    other: Iterable[JudgedRow],
    name_of: Callable[[int], PairName],
) -> ComparedHeuristic:
    """Verdict against verdict, over the bearers that both runs judge as the same kind of pair."""
    there = {(row.id, row.kind): row for row in other}
    both = [(row, there[row.id, row.kind]) for row in mine if (row.id, row.kind) in there]
    differing = [(row, match) for row, match in both if row.verdict != match.verdict]
    differing.sort(key=lambda pair: (-abs(pair[0].margin - pair[1].margin), pair[0].id))
    return ComparedHeuristic(
        heuristic=heuristic,
        pairs=len(both),
        verdicts=Counter((row.verdict, match.verdict) for row, match in both),
        differing=tuple(_differing(row, match, name_of(row.id)) for row, match in differing),
    )


def _differing(row: JudgedRow, match: JudgedRow, name: PairName) -> DifferingPair:
    return DifferingPair(
        id=row.id,
        label=f"{name.split}:{name.row}",
        tranche=row.tranche,
        kind=row.kind,
        verdict=row.verdict,
        by=row.outvoted_by,
        other_verdict=match.verdict,
        other_by=match.outvoted_by,
        margin=row.margin,
        other_margin=match.margin,
    )


def pair_in_run(
    paths: IndexPaths,
    run: str,
    pair: Pair,
    heuristics: Sequence[Heuristic],
    sae: str,
    stands: Callable[[JudgedRow], bool],
) -> PairInRun:
    """One pair as a sealed run measured it.

    Args:
        paths: the index.
        run: the run's id.
        pair: as it is now; what was measured of another text is not told of it.
        heuristics: those to tell, where the run judged them.
        sae: the hash of the SAE that they were judged with elsewhere.
        stands: whether a verdict was passed on the pair as it is now.

    Raises:
        UserError: the run is damaged or of another version.
    """
    path = run_path(paths, run)
    try:
        with duckdb.connect(":memory:") as connection:
            quoted = str(path).replace("'", "''")
            connection.execute(f"ATTACH '{quoted}' AS run (READ_ONLY)")
            sealed = read_sealed(connection, path)
            same = measured_on(connection, pair.id, pair.content_hash)
            judged = connection.execute(_JUDGED, [pair.id]).fetchall() if same else []
            rewards = connection.execute(_IN_RUN, [pair.id]).fetchall() if same else []
    except (duckdb.Error, ValueError) as error:
        raise damaged_run(path, error) from None
    margin, margin_sae = rewards[0] if rewards else (None, None)
    known = {made.name for made in heuristics if sealed.counterpart(made, sae)}
    return PairInRun(
        run=run_card(sealed),
        margin=margin,
        margin_sae=margin_sae,
        verdicts=tuple(
            VerdictInRun(
                row.heuristic, row.kind, row.verdict, row.outvoted_by, row.vote, row.effect
            )
            for row in map(judged_row, judged)
            if row.heuristic in known and stands(row)
        ),
    )


def by_layer(run: RunCard) -> tuple[list[tuple[str, int]], str, str]:
    """What puts runs in order: hook points by their numbers, then SAE and PM."""
    parts = re.findall(r"([^0-9]*)([0-9]{0,9})", run.hook)
    return [(name, int(number or 0)) for name, number in parts], run.sae, run.pm


def natural_against_custom(
    heuristic: Heuristic,
    features: Iterable[int],
    judged: Iterable[JudgedRow],
    custom: Sequence[CustomPair],
) -> NaturalAgainstCustom:
    """A heuristic's bearers, natural and custom; `features` are all that the run judges it with.

    Custom are edits of the text alone: where features were changed too, the figures say nothing
    of the text. An unedited pair is a natural one. A custom pair that was judged with other
    features than the run's (pins come and go) has its margin and deletion effect, and no verdict.
    """
    rows = list(judged)
    groups = {frozenset(row.features) for row in rows}
    groups.add(frozenset(features))
    return NaturalAgainstCustom(
        heuristic=heuristic,
        natural=tuple(
            TextFigures(
                context=row.context_hash,
                verdict=row.verdict,
                margin=row.margin,
                margin_sae=row.margin_sae,
                vote=row.vote,
                effect=row.effect,
                activation=row.activation,
                deletion_effect=row.deletion_effect,
            )
            for row in rows
        ),
        custom=tuple(
            _custom_figures(pair, on, judged_alike=frozenset(on.features) in groups)
            for pair in custom
            if _of_text_alone(pair)
            for on in pair.after.heuristics
            if _is_of(on.heuristic, heuristic)
        ),
    )


def _is_of(kept: Heuristic, heuristic: Heuristic) -> bool:
    """`auto` was kept with the direction that it was judged by."""
    same = (kept.name, kept.key) == (heuristic.name, heuristic.key)
    return same and heuristic.direction in ("auto", kept.direction)


def _custom_figures(pair: CustomPair, on: CustomHeuristic, *, judged_alike: bool) -> TextFigures:
    return TextFigures(
        context=text_hash(pair.context),
        verdict=on.verdict if judged_alike else Verdict.UNMEASURED,
        margin=pair.after.margin,
        margin_sae=pair.after.margin_sae,
        vote=on.vote if judged_alike else None,
        effect=on.effect if judged_alike else None,
        activation=on.activation if judged_alike else None,
        deletion_effect=on.deletion_effect,
    )


def _of_text_alone(pair: CustomPair) -> bool:
    edit = pair.edit
    edited = edit.response_chosen is not None or edit.response_rejected is not None
    return edited and not edit.of_features
