"""One SAE feature over all pairs of a run, from the table that is sorted by feature."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import duckdb

from engine.cache.borne import STANDS
from engine.cache.feature_records import (
    FeatureDetail,
    FeatureHit,
    FeatureOnHeuristic,
    Firing,
    Pushes,
)
from engine.cache.pairs import PairStore
from engine.cache.pins import UserPins
from engine.cache.run_records import MeasuredHeuristic
from engine.cache.sealed import SealedRun
from engine.cache.snippet import snippet
from engine.errors import UserError
from engine.heuristics import Kind
from engine.hh import SIDES, Pair
from engine.verdict.selection import Candidate

MOST_HITS = 200
"""How many pairs are told, by activation."""

_TOTALS = """
SELECT count(*),
       count(*) FILTER (activation_chosen > 0),
       avg(activation_chosen) FILTER (activation_chosen > 0),
       count(*) FILTER (activation_rejected > 0),
       avg(activation_rejected) FILTER (activation_rejected > 0),
       count(*) FILTER (activation_chosen > activation_rejected),
       coalesce(sum(attribution) FILTER (attribution > 0), 0),
       coalesce(sum(attribution) FILTER (attribution < 0), 0),
       count(effect),
       coalesce(sum(effect), 0),
       coalesce(sum(attribution) FILTER (effect IS NOT NULL), 0),
       count(*) FILTER (sign(effect) = sign(attribution))
FROM by_feature WHERE feature = ? AND id IN (SELECT id FROM pairs)
"""
_HITS = """
WITH strongest AS (
    SELECT id, activation_chosen, activation_rejected, attribution, effect
    FROM by_feature WHERE feature = ? AND id IN (SELECT id FROM pairs)
    ORDER BY greatest(activation_chosen, activation_rejected) DESC, id LIMIT ?
)
SELECT strongest.*, peak.side, peak.start, peak."end" FROM strongest
LEFT JOIN (SELECT id, side, start, "end" FROM peaks WHERE feature = ?) AS peak USING (id)
ORDER BY greatest(activation_chosen, activation_rejected) DESC, id
"""
_ON_BEARERS = " ".join(
    (
        "SELECT b.kind, coalesce(CASE b.bearer WHEN 'chosen' THEN f.activation_chosen",
        "ELSE f.activation_rejected END, 0)",
        "FROM (SELECT id, kind, bearer FROM borne WHERE heuristic = ? AND",
        STANDS,
        ") AS b LEFT JOIN (SELECT * FROM by_feature WHERE feature = ?) AS f USING (id)",
        "ORDER BY id",
    )
)
_PUSHES = " ".join(
    (
        "SELECT f.feature, sum(CASE b.bearer WHEN 'chosen' THEN f.attribution",
        "ELSE -f.attribution END) / any_value(b.bearers)",
        "FROM (SELECT id, bearer, count(*) OVER () AS bearers FROM borne WHERE heuristic = ? AND",
        STANDS,
        ") AS b JOIN by_feature AS f USING (id)",
        "WHERE f.feature IN (SELECT unnest(?::INTEGER[])) GROUP BY f.feature",
    )
)


def mean_pushes(
    cursor: duckdb.DuckDBPyConnection, heuristic: str, features: Sequence[int]
) -> dict[int, float]:
    """What each feature does to its bearers' own rewards to first order, on average.

    Attributions over P, turned round where the rejected side bears the pattern; where a feature
    does not fire it does nothing. Features that fire on no bearer's pair are left out.
    """
    rows = cursor.execute(_PUSHES, [heuristic, list(features)]).fetchall()
    return {feature: float(push) for feature, push in rows}


def feature_detail(
    cursor: duckdb.DuckDBPyConnection,
    store: PairStore,
    run: SealedRun,
    index: str,
    labels: Mapping[int, str],
    feature: int,
) -> FeatureDetail:
    """All that a run knows of a feature.

    Args:
        cursor: of a connection with the views `pairs`, `by_feature`, `peaks` and the table `borne`.
        store: the index's pairs.
        run: the run attached to it.
        index: its name.
        labels: by feature.
        feature: its number in the run's SAE.

    Raises:
        UserError: the SAE has no such feature.
    """
    check_feature(run, feature)
    ((active, *totals),) = cursor.execute(_TOTALS, [feature]).fetchall()
    on_chosen, mean_chosen, on_rejected, mean_rejected, stronger_on_chosen = totals[:5]
    return FeatureDetail(
        feature=feature,
        label=labels.get(feature),
        index=index,
        run=run.run,
        measured=run.figures.pairs,
        active=active,
        chosen=Firing(on_chosen, mean_chosen),
        rejected=Firing(on_rejected, mean_rejected),
        stronger_on_chosen=stronger_on_chosen,
        pushes=Pushes(*totals[5:]),
        heuristics=_on_heuristics(cursor, run, feature),
        hits=_hits(cursor, store, feature),
    )


def check_feature(run: SealedRun, feature: int) -> None:
    """Refuse the number of a feature that the run's SAE does not have.

    Raises:
        UserError: says which it has.
    """
    if not 0 <= feature < run.manifest.d_sae:
        raise UserError(
            f"the SAE has no feature {feature}",
            where=run.manifest.sae,
            todo=f"Its features are 0 to {run.manifest.d_sae - 1}.",
        )


def with_pins(detail: FeatureDetail, own: UserPins, others: Iterable[UserPins]) -> FeatureDetail:
    """The feature with what users pinned since the run was sealed."""
    users = tuple(others)
    return replace(
        detail,
        heuristics=tuple(
            replace(
                on,
                pins=own.of(on.heuristic),
                by_user=on.pinned_by == own.user,
                others=tuple(
                    each.user for each in users if detail.feature in each.of(on.heuristic)
                ),
            )
            for on in detail.heuristics
        ),
    )


def _hits(
    cursor: duckdb.DuckDBPyConnection, store: PairStore, feature: int
) -> tuple[FeatureHit, ...]:
    rows = cursor.execute(_HITS, [feature, MOST_HITS, feature]).fetchall()
    pairs = store.pairs(row[0] for row in rows)
    return tuple(_hit(pair, row[1:5], row[5:8]) for pair, row in zip(pairs, rows, strict=True))


def _hit(
    pair: Pair,
    figures: tuple[float, float, float, float | None],
    peak: tuple[int | None, int | None, int | None],
) -> FeatureHit:
    on_chosen, on_rejected, attribution, effect = figures
    number, start, end = peak
    if number is None or start is None or end is None:
        number, start, end = int(on_rejected > on_chosen), 0, 0
    side = SIDES[number]
    before, match, after = snippet(pair.context, pair.response(side), (start, end))
    return FeatureHit(
        id=pair.id,
        label=f"{pair.name.split}:{pair.name.row}",
        tranche=pair.tranche,
        activation_chosen=on_chosen,
        activation_rejected=on_rejected,
        attribution=attribution,
        effect=effect,
        side=side,
        before=before if match else "",
        match=match,
        after=after,
    )


def _on_heuristics(
    cursor: duckdb.DuckDBPyConnection, run: SealedRun, feature: int
) -> tuple[FeatureOnHeuristic, ...]:
    made = [_on_heuristic(cursor, measured, feature) for measured in run.heuristics]
    return tuple(sorted(made, key=lambda on: not on.judges))


def _on_heuristic(
    cursor: duckdb.DuckDBPyConnection, measured: MeasuredHeuristic, feature: int
) -> FeatureOnHeuristic:
    rows = cursor.execute(_ON_BEARERS, [measured.heuristic.name, feature]).fetchall()

    def activations(kind: Kind) -> tuple[float, ...]:
        return tuple(activation for each, activation in rows if each == kind)

    return FeatureOnHeuristic(
        heuristic=measured.heuristic,
        pinned=measured.pinned,
        pinned_by=measured.pinned_by,
        judged_with=measured.features,
        judges=tuple(_judges(measured, feature)),
        counterexamples=activations("counterexample"),
        conforming=activations("conforming"),
    )


def _judges(measured: MeasuredHeuristic, feature: int) -> Iterator[tuple[int, Candidate | None]]:
    if measured.pinned:
        if feature in measured.features:
            yield 1, None
        return
    for number, fold in enumerate(measured.folds, start=1):
        for candidate in fold:
            if candidate.feature == feature:
                yield number, candidate
