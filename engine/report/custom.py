"""Natural bearers against custom ones, figure by figure: the fourth hypothesis is a comparison.

Custom text may be out of distribution. That is no verdict on a pair: the same figures, judged with
the same thresholds, stand side by side (docs/verdicts.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from engine.cache.comparison_records import NaturalAgainstCustom, TextFigures
from engine.canonical import Json
from engine.report.margins_json import bounds_json
from engine.report.wording import mean_cell
from engine.verdict import Interval, Verdict, bootstrap_mean, share_intervals

Told = Callable[[TextFigures], float | None]

FIGURES: tuple[tuple[str, Told], ...] = (
    ("margin", lambda row: row.margin),
    ("reconstructed margin", lambda row: row.margin_sae),
    ("vote", lambda row: row.vote),
    ("activation", lambda row: row.activation),
    ("deletion effect", lambda row: row.deletion_effect),
)


def verdict_counts(made: NaturalAgainstCustom) -> list[tuple[Verdict, int, int]]:
    """How many natural and how many custom bearers have each verdict that any has, in order."""
    natural, custom = (Counter(row.verdict for row in rows) for rows in (made.natural, made.custom))
    return [
        (verdict, natural[verdict], custom[verdict])
        for verdict in Verdict
        if natural[verdict] or custom[verdict]
    ]


def verdict_shares(made: NaturalAgainstCustom) -> list[tuple[Verdict, Interval, Interval]]:
    """The share of each of those verdicts, natural and custom, with 95% intervals.

    Raises ValueError where there are no bearers of either.
    """
    verdicts = [verdict for verdict, _, _ in verdict_counts(made)]
    both = (_shares(rows, verdicts) for rows in (made.natural, made.custom))
    return list(zip(verdicts, *both, strict=True))


def custom_rows(made: NaturalAgainstCustom) -> list[tuple[str, str, str]]:
    """A table's rows: what, of natural bearers, of custom ones. Verdicts are counts; means have
    95% intervals, bootstrapped over contexts."""
    rows = [("bearers", f"{len(made.natural):,}", f"{len(made.custom):,}")]
    rows += [
        (str(verdict), f"{natural:,}", f"{custom:,}")
        for verdict, natural, custom in verdict_counts(made)
    ]
    return rows + [
        (f"mean {name}", mean_cell(_mean(made.natural, told)), mean_cell(_mean(made.custom, told)))
        for name, told in FIGURES
    ]


def custom_json(made: NaturalAgainstCustom) -> Json:
    """Counts of either, and means with their 95% intervals."""
    return {"natural": _json(made.natural), "custom": _json(made.custom)}


def _json(rows: Sequence[TextFigures]) -> Json:
    counts = Counter(row.verdict for row in rows)
    means: dict[str, Json] = {}
    for name, told in FIGURES:
        key, found = f"mean_{name.replace(' ', '_')}", _mean(rows, told)
        means[key] = found.estimate if found else None
        means[f"{key}_interval"] = bounds_json(found)
    return {
        "pairs": len(rows),
        "verdicts": {str(verdict): counts[verdict] for verdict in Verdict if counts[verdict]},
        **means,
    }


def _mean(rows: Sequence[TextFigures], told: Told) -> Interval | None:
    """Over those that have the figure, bootstrapped over contexts."""
    found = [(value, row.context) for row in rows if (value := told(row)) is not None]
    return bootstrap_mean([value for value, _ in found], [context for _, context in found])


def _shares(rows: Sequence[TextFigures], verdicts: Sequence[Verdict]) -> tuple[Interval, ...]:
    flags = np.array([[row.verdict is verdict for verdict in verdicts] for row in rows], np.bool_)
    return share_intervals(flags, [row.context for row in rows])
