"""Natural bearers against custom ones, figure by figure: the fourth hypothesis is a comparison.

Custom text may be out of distribution. That is no verdict on a pair: the same figures, judged with
the same thresholds, stand side by side (design, section 3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from engine.cache.comparison_records import NaturalAgainstCustom, TextFigures
from engine.canonical import Json
from engine.report.wording import signed
from engine.verdict import Verdict

FIGURES: tuple[tuple[str, Callable[[TextFigures], float | None]], ...] = (
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


def custom_rows(made: NaturalAgainstCustom) -> list[tuple[str, str, str]]:
    """A table's rows: what, of natural bearers, of custom ones. Verdicts are counts."""
    rows = [("bearers", f"{len(made.natural):,}", f"{len(made.custom):,}")]
    rows += [
        (str(verdict), f"{natural:,}", f"{custom:,}")
        for verdict, natural, custom in verdict_counts(made)
    ]
    return rows + [
        (
            f"mean {name}",
            signed(_mean(map(told, made.natural))),
            signed(_mean(map(told, made.custom))),
        )
        for name, told in FIGURES
    ]


def custom_json(made: NaturalAgainstCustom) -> Json:
    """Counts and means of either."""
    return {"natural": _json(made.natural), "custom": _json(made.custom)}


def _json(rows: Sequence[TextFigures]) -> Json:
    counts = Counter(row.verdict for row in rows)
    return {
        "pairs": len(rows),
        "verdicts": {str(verdict): counts[verdict] for verdict in Verdict if counts[verdict]},
        **{f"mean_{name.replace(' ', '_')}": _mean(map(told, rows)) for name, told in FIGURES},
    }


def _mean(figures: Iterable[float | None]) -> float | None:
    values = [value for value in figures if value is not None]
    return sum(values) / len(values) if values else None
