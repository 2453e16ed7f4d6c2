"""A verdict as it is kept: one row for each (pair, heuristic) with a bearer, inputs and all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.cache.columns import Columns, arrow_schema
from engine.heuristics import Kind
from engine.hh import Side
from engine.verdict import Judgement, Outvoter, Thresholds, Verdict

if TYPE_CHECKING:  # loaded by what writes
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """The figures of one bearer, the thresholds they were held against, and the verdict."""

    heuristic: str
    id: int
    tranche: str
    context_hash: str
    kind: Kind
    bearer: Side
    span_start: tuple[int, ...]
    span_end: tuple[int, ...]
    features: tuple[int, ...]
    in_sample: bool
    margin: float
    margin_sae: float | None
    """None, as all that is not told by margins: the rewards were imported."""
    effect: float | None
    activation: float | None
    effect_all: float | None
    random_effect: float | None
    drop_without_others: float | None
    drop_without_error: float | None
    deletion_effect: float | None
    """None also of a feature, which has no text to delete."""
    control_effect: float | None
    decisive: bool | None
    margin_threshold: float
    vote_threshold: float
    silent_activation: float
    verdict: Verdict
    confident: bool
    outvoted_by: Outvoter | None
    vote: float | None
    runner_up: Verdict | None
    distance: float | None
    effect_over_response: float | None = None
    """E_F(P); None also in runs that were sealed before it was measured."""

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """In characters of the bearer's response; negative where a match begins in the context."""
        return tuple(zip(self.span_start, self.span_end, strict=True))

    @property
    def judged_on(self) -> tuple[str, Side, tuple[tuple[int, int], ...]]:
        """What the verdict was passed on: on another text it does not stand."""
        return self.context_hash, self.bearer, self.spans

    @property
    def thresholds(self) -> Thresholds:
        return Thresholds(
            margin=self.margin_threshold,
            vote=self.vote_threshold,
            silent_activation=self.silent_activation,
        )

    @property
    def judgement(self) -> Judgement:
        return Judgement(
            verdict=self.verdict,
            confident=self.confident,
            by=self.outvoted_by,
            vote=self.vote,
            runner_up=self.runner_up,
            distance=self.distance,
        )


JUDGED: Columns = {
    "heuristic": "VARCHAR",
    "id": "BIGINT",
    "tranche": "VARCHAR",
    "context_hash": "VARCHAR",
    "kind": "VARCHAR",
    "bearer": "VARCHAR",
    "span_start": "INTEGER[]",
    "span_end": "INTEGER[]",
    "features": "INTEGER[]",
    "in_sample": "BOOLEAN",
    "margin": "FLOAT",
    "margin_sae": "FLOAT",
    "effect": "FLOAT",
    "activation": "FLOAT",
    "effect_all": "FLOAT",
    "random_effect": "FLOAT",
    "drop_without_others": "FLOAT",
    "drop_without_error": "FLOAT",
    "deletion_effect": "FLOAT",
    "control_effect": "FLOAT",
    "decisive": "BOOLEAN",
    "margin_threshold": "DOUBLE",
    "vote_threshold": "DOUBLE",
    "silent_activation": "DOUBLE",
    "verdict": "VARCHAR",
    "confident": "BOOLEAN",
    "outvoted_by": "VARCHAR",
    "vote": "FLOAT",
    "runner_up": "VARCHAR",
    "distance": "DOUBLE",
    "effect_over_response": "FLOAT",
}
"""The columns of a run's table of verdicts: the fields of `JudgedRow`, in their order."""


_LATER = frozenset({"effect_over_response"})
"""What the first sealed runs had not measured yet."""


def judged_columns(there: Collection[str]) -> str:
    """The columns as they are selected from a run's table that has these; later ones are NULL."""
    return ", ".join(
        f"NULL::{kind} AS {name}" if name in _LATER and name not in there else name
        for name, kind in JUDGED.items()
    )


def judged_table(rows: list[JudgedRow]) -> pa.Table:
    """The rows as Arrow, in the order given."""
    import pyarrow as pa

    # asdict() copies deeply, which took two of the three seconds that opening an index did.
    columns = {name: [getattr(row, name) for row in rows] for name in JUDGED}
    return pa.table(columns, schema=arrow_schema(JUDGED))


def judged_row(values: tuple[Any, ...]) -> JudgedRow:
    """A row of the run file, as duckdb gives it, its columns in the schema's order."""
    fields = dict(zip(JUDGED, values, strict=True))
    for name in ("span_start", "span_end", "features"):
        fields[name] = tuple(fields[name])
    fields["verdict"] = Verdict(fields["verdict"])
    if fields["runner_up"] is not None:
        fields["runner_up"] = Verdict(fields["runner_up"])
    return JudgedRow(**fields)
