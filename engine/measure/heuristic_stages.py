"""The stages of one heuristic: what they are called, and what each asks of which bearers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from engine.cache import tables
from engine.cache.bearers import BearerTable
from engine.canonical import short_hash
from engine.measure import stages, staging
from engine.measure.effects import Question
from engine.measure.judging import by_id
from engine.measure.selection import Selection
from engine.measure.sitting import Sitting
from engine.measure.staging import Stage


def spans_stage_name(table: BearerTable) -> str:
    """Where a heuristic's pattern stands, and its deletion."""
    return f"{staging.SPANS}/{table.heuristic.key}"


def effects_stage_name(table: BearerTable, features: Sequence[int]) -> str:
    """The exact effects of one set of features: another set is another stage."""
    return f"{staging.EFFECTS}/{table.heuristic.key}-{short_hash(sorted(features))}"


def insertion_stage_name(table: BearerTable) -> str:
    """What inserting a heuristic's pattern does."""
    return f"{staging.INSERTION}/{table.heuristic.key}"


def spans_of(table: BearerTable) -> Stage:
    """Where a heuristic's pattern is and what deleting it does; of a feature, where it fires."""
    bearers = {borne.id: borne for borne in table.bearers}
    name = spans_stage_name(table)
    make = stages.spans_stage if table.heuristic.feature is None else stages.firing_stage
    asked = partial(make, stage=name, heuristic=table.heuristic, bearers=bearers)
    return Stage(name, bearers.keys(), asked)


def effects_of(sitting: Sitting, table: BearerTable, selection: Selection) -> Iterator[Stage]:
    """One layer for each feature set: a fold's bearers are judged with the other's features."""
    spans = by_id(sitting.parts.read(spans_stage_name(table), tables.SPANS))
    for fold in dict.fromkeys(fold.features for fold in selection.folds):
        questions = {
            borne.id: Question(
                bearer=borne.bearer,
                span=_span(spans[borne.id]),
                features=fold,
                seed=f"{table.heuristic.key}:{borne.id}",
            )
            for borne in table.bearers
            if selection.judging(borne.id).features == fold
        }
        name = effects_stage_name(table, fold)
        make = partial(stages.effects_stage, stage=name, questions=questions)
        yield Stage(name, questions.keys(), make)


def _span(row: Mapping[str, object]) -> tuple[int, ...]:
    positions = row["span_position"]
    return tuple(positions) if isinstance(positions, list) else ()
