"""The stages of a run: what each measures of which pairs, and how its parts are made.

Every stage is a function from pairs to one Arrow table. Ids that finished parts already hold are
never measured again, and batches lie inside parts, so a run that was killed ends with the same
rows as one that was not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Protocol

import pyarrow as pa

from engine.cache import tables
from engine.cache.bearers import Borne
from engine.cache.parts import Parts, ranges
from engine.heuristics import Heuristic
from engine.hh import Pair
from engine.measure import base
from engine.measure.alone import margin_alone
from engine.measure.budget import in_batches
from engine.measure.deletion import deletion, rewards_without
from engine.measure.effects import Question, group_effects
from engine.measure.instrument import Instrument, View
from engine.measure.integrated import integrated_rows
from engine.measure.prepare import Prepared
from engine.measure.progress import Progress, Report
from engine.measure.rows import (
    Row,
    base_row,
    check_rows,
    packed_moments,
    span_row,
    table_of,
    texts_row,
    tokens_row,
)

SAMPLE = "sample"
BASE = "base"
TEXTS = "texts"
TOKENS = "tokens"
SPANS = "spans"
EFFECTS = "effects"
INSERTION = "insertion"
CHECKS = "checks"
INTEGRATED = "integrated"
NOISE = "noise"

PART_IDS = {SAMPLE: 256, BASE: 256, "likelihood": 256}
"""How many ids a part's range spans; 1024 for the stages that measure only few of them."""

MOMENTS = b"outvoted.moments"
MOMENTS_AFTER_FIRST = b"outvoted.moments_after_first"


@dataclass(frozen=True, slots=True)
class Measured:
    """One part: its tables by stage, and the number of tokens computed for it."""

    tables: Mapping[str, pa.Table]
    tokens: int


@dataclass(frozen=True, slots=True)
class Work:
    """How much was measured in this sitting."""

    pairs: int = 0
    tokens: int = 0

    def __add__(self, other: Work) -> Work:
        return Work(self.pairs + other.pairs, self.tokens + other.tokens)


Measure = Callable[[Sequence[Pair]], Measured]
FeatureRows = Callable[
    [Instrument, View, Sequence[base.ActiveFeatures], Collection[int]], list[Row]
]
"""What is told of the active features of those pairs of a batch that are asked for."""


class Pairs(Protocol):
    """Where the pairs come from."""

    def pairs(self, ids: Iterable[int]) -> tuple[Pair, ...]: ...


def run_stage(
    run: str,
    stage: str,
    ids: Iterable[int],
    measure: Measure,
    *,
    parts: Parts,
    source: Pairs,
    report: Report,
) -> Work:
    """Measure what is missing of a stage, part by part, and say how much that was.

    Where a part has tables of several stages, the one that is asked for is written last: it is
    the one that says what was finished.
    """
    wanted = set(ids)
    missing = wanted - parts.covered(stage)
    done, computed = len(wanted) - len(missing), 0
    size = PART_IDS.get(stage.partition("/")[0], 1024)
    report(Progress(run, stage, done, len(wanted), 0))
    for first, members in ranges(missing, size):
        measured = measure(source.pairs(members))
        for name, table in sorted(measured.tables.items(), key=lambda item: item[0] == stage):
            parts.write(name, first, table)
        done, computed = done + len(members), computed + measured.tokens
        report(Progress(run, stage, done, len(wanted), measured.tokens))
    return Work(pairs=len(missing), tokens=computed)


def sample_stage(instrument: Instrument) -> Measure:
    """Rewards alone."""

    def rows_of(batch: Sequence[Prepared]) -> list[Row]:
        packed = instrument.pack(batch)
        rewards = instrument.forward.rewards(packed).tolist()
        return [
            {
                "id": prepared.pair.id,
                "tokens": made.tokens,
                "truncated": prepared.truncated,
                "reward_chosen": chosen,
                "reward_rejected": rejected,
            }
            for prepared, made, (chosen, rejected) in zip(
                batch, packed.bundles, rewards, strict=True
            )
        ]

    def measure(pairs: Sequence[Pair]) -> Measured:
        prepared = [instrument.prepare(pair) for pair in pairs]
        rows = _rows(instrument, prepared, rows_of, resumed=False)
        return Measured({SAMPLE: table_of(rows, tables.SAMPLE)}, _tokens(prepared))

    return measure


_BASE_SCHEMAS = {
    BASE: tables.BASE,
    CHECKS: tables.CHECKS,
    INTEGRATED: tables.INTEGRATED,
    TEXTS: tables.TEXT_ACTIVATIONS,
    TOKENS: tables.TOKEN_EFFECTS,
}


@dataclass(frozen=True, slots=True)
class _BaseRows:
    """What one batch adds to the tables of a part, by stage, and to its moments."""

    of: dict[str, list[Row]] = field(default_factory=dict)
    moments: dict[bytes, base.Moments] = field(default_factory=dict)


def base_stage(
    instrument: Instrument,
    *,
    base_too: bool,
    texts_too: bool,
    checked: Collection[int] = (),
    integrated: Collection[int] = (),
) -> Measure:
    """What no heuristic decides: base figures, activations and attributions by token, or both.

    With base figures also, of the pairs in `checked`, exact single effects beside attributions,
    and of those in `integrated` integrated gradients.
    """

    def rows_of(batch: Sequence[Prepared]) -> _BaseRows:
        view = instrument.view(batch)
        gradient = base.gradient_of_margin(instrument, view)
        found = _BaseRows()
        if base_too:
            measured = base.measure(instrument, view, gradient)
            active = [figures.features for figures in measured]
            found.of[BASE] = [base_row(figures) for figures in measured]
            found.of[CHECKS] = check_rows(instrument, view, active, checked)
            found.of[INTEGRATED] = integrated_rows(instrument, view, active, integrated)
            found.moments[MOMENTS] = base.moments(view)
            found.moments[MOMENTS_AFTER_FIRST] = base.moments(view, after_first=True)
        if texts_too:
            rows = range(len(batch))
            found.of[TEXTS] = [texts_row(view, row) for row in rows]
            found.of[TOKENS] = [tokens_row(instrument, view, row, gradient) for row in rows]
        return found

    def measure(pairs: Sequence[Pair]) -> Measured:
        prepared = [instrument.prepare(pair) for pair in pairs]
        parts = list(in_batches(instrument.budget, prepared, resumed=True, measure=rows_of))
        made: dict[str, pa.Table] = {}
        for stage, schema in _BASE_SCHEMAS.items():
            rows = [row for part in parts for row in part.of.get(stage, ())]
            if rows:  # few pairs are checked: most parts have no such table
                made[stage] = table_of(rows, schema)
        if BASE in made:
            sums = {
                key: packed_moments([part.moments[key] for part in parts])
                for key in (MOMENTS, MOMENTS_AFTER_FIRST)
            }
            made[BASE] = made[BASE].replace_schema_metadata(sums)
        return Measured(made, _tokens(prepared))

    return measure


def tokens_stage(instrument: Instrument) -> Measure:
    """Attributions by token alone: what runs of earlier versions lack."""
    texts = base_stage(instrument, base_too=False, texts_too=True)

    def measure(pairs: Sequence[Pair]) -> Measured:
        made = texts(pairs)
        return Measured({TOKENS: made.tables[TOKENS]}, made.tokens)

    return measure


def spans_stage(
    instrument: Instrument, stage: str, heuristic: Heuristic, bearers: Mapping[int, Borne]
) -> Measure:
    """Where the pattern is in tokens, and the deletion control."""

    def measure(pairs: Sequence[Pair]) -> Measured:
        prepared = {pair.id: instrument.prepare(pair) for pair in pairs}
        edited = {
            made.prepared.pair.id: made
            for made in (deletion(instrument, pair, heuristic, bearers[pair.id]) for pair in pairs)
        }

        def rows_of(batch: Sequence[Prepared]) -> list[Row]:
            rewards = rewards_without(instrument, [edited[item.pair.id] for item in batch])
            return [
                span_row(prepared[item.pair.id], heuristic, bearers[item.pair.id]) | asdict(made)
                for item, made in zip(batch, rewards, strict=True)
            ]

        texts = [made.prepared for made in edited.values()]
        rows = _rows(instrument, texts, rows_of, resumed=False)
        return Measured({stage: table_of(rows, tables.SPANS)}, _tokens(texts))

    return measure


def effects_stage(instrument: Instrument, stage: str, questions: Mapping[int, Question]) -> Measure:
    """Exact group effects of one heuristic and one feature set."""

    def rows_of(batch: Sequence[Prepared]) -> list[Row]:
        asked = [questions[prepared.pair.id] for prepared in batch]
        answers = group_effects(instrument, instrument.view(batch), asked)
        return [
            {"id": prepared.pair.id} | asdict(answer)
            for prepared, answer in zip(batch, answers, strict=True)
        ]

    def measure(pairs: Sequence[Pair]) -> Measured:
        prepared = [instrument.prepare(pair) for pair in pairs]
        rows = _rows(instrument, prepared, rows_of, resumed=True)
        return Measured({stage: table_of(rows, tables.EFFECTS)}, _tokens(prepared))

    return measure


def checks_stage(instrument: Instrument) -> Measure:
    """Exact single effects beside attributions, of pairs whose base figures are there already."""
    return _on_features(instrument, CHECKS, tables.CHECKS, check_rows)


def integrated_stage(instrument: Instrument) -> Measure:
    """Integrated gradients, of pairs whose base figures are there already."""
    return _on_features(instrument, INTEGRATED, tables.INTEGRATED, integrated_rows)


def _on_features(
    instrument: Instrument, stage: str, schema: pa.Schema, told: FeatureRows
) -> Measure:
    def rows_of(batch: Sequence[Prepared]) -> list[Row]:
        view = instrument.view(batch)
        active = base.attributions(instrument, view)
        return told(instrument, view, active, {pair.pair.id for pair in batch})

    def measure(pairs: Sequence[Pair]) -> Measured:
        prepared = [instrument.prepare(pair) for pair in pairs]
        rows = _rows(instrument, prepared, rows_of, resumed=True)
        return Measured({stage: table_of(rows, schema)}, _tokens(prepared))

    return measure


def _rows(
    instrument: Instrument,
    prepared: Sequence[Prepared],
    rows_of: Callable[[Sequence[Prepared]], list[Row]],
    *,
    resumed: bool,
) -> list[Row]:
    found = in_batches(instrument.budget, prepared, resumed=resumed, measure=rows_of)
    return [row for some in found for row in some]


def _tokens(prepared: Sequence[Prepared]) -> int:
    """How many are computed when each is run once."""
    return sum(item.bundle().tokens for item in prepared)


def noise_stage(instrument: Instrument) -> Measure:
    """Margins of texts run each by itself."""

    def measure(pairs: Sequence[Pair]) -> Measured:
        prepared = [instrument.prepare(pair) for pair in pairs]
        rows: list[Row] = [
            {"id": item.pair.id, "margin_alone": margin_alone(instrument, item)}
            for item in prepared
        ]
        tokens = sum(len(item.chosen.ids) + len(item.rejected.ids) for item in prepared)
        return Measured({NOISE: table_of(rows, tables.NOISE)}, tokens)

    return measure
