"""A verdict as it is kept: one row for each (pair, heuristic) with a bearer, inputs and all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from engine.heuristics import Kind
from engine.hh import Side
from engine.verdict import Judgement, Outvoter, Thresholds, Verdict


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


JUDGED = pa.schema(
    [
        ("heuristic", pa.string()),
        ("id", pa.int64()),
        ("tranche", pa.string()),
        ("context_hash", pa.string()),
        ("kind", pa.string()),
        ("bearer", pa.string()),
        ("span_start", pa.list_(pa.int32())),
        ("span_end", pa.list_(pa.int32())),
        ("features", pa.list_(pa.int32())),
        ("in_sample", pa.bool_()),
        ("margin", pa.float32()),
        ("margin_sae", pa.float32()),
        ("effect", pa.float32()),
        ("activation", pa.float32()),
        ("effect_all", pa.float32()),
        ("random_effect", pa.float32()),
        ("drop_without_others", pa.float32()),
        ("drop_without_error", pa.float32()),
        ("deletion_effect", pa.float32()),
        ("control_effect", pa.float32()),
        ("decisive", pa.bool_()),
        ("margin_threshold", pa.float64()),
        ("vote_threshold", pa.float64()),
        ("silent_activation", pa.float64()),
        ("verdict", pa.string()),
        ("confident", pa.bool_()),
        ("outvoted_by", pa.string()),
        ("vote", pa.float32()),
        ("runner_up", pa.string()),
        ("distance", pa.float64()),
        ("effect_over_response", pa.float32()),
    ]
)


def judged_table(rows: list[JudgedRow]) -> pa.Table:
    """The rows as Arrow, in the order given."""
    # asdict() copies deeply, which took two of the three seconds that opening an index did.
    columns = {name: [getattr(row, name) for row in rows] for name in JUDGED.names}
    return pa.table(columns, schema=JUDGED)


def judged_row(names: Sequence[str], values: tuple[Any, ...]) -> JudgedRow:
    """A row of the run file, as duckdb gives it, and what its columns are called."""
    fields = dict(zip(names, values, strict=True))
    for name in ("span_start", "span_end", "features"):
        fields[name] = tuple(fields[name])
    fields["verdict"] = Verdict(fields["verdict"])
    if fields["runner_up"] is not None:
        fields["runner_up"] = Verdict(fields["runner_up"])
    return JudgedRow(**fields)
