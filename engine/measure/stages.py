"""The stages of a run: what each measures of which pairs, and how its parts are made.

Every stage is a function from pairs to one Arrow table. Ids that finished parts already hold are
never measured again, and batches lie inside parts, so a run that was killed ends with the same
rows as one that was not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa

from engine.cache import tables
from engine.cache.bearers import Borne
from engine.cache.parts import Parts, ranges
from engine.heuristics import Heuristic
from engine.hh import Pair
from engine.measure import base
from engine.measure.alone import margin_alone
from engine.measure.batches import batches
from engine.measure.checks import check
from engine.measure.deletion import deletion, rewards_without
from engine.measure.effects import Question, group_effects
from engine.measure.instrument import Instrument, View
from engine.measure.prepare import Prepared
from engine.measure.progress import Progress, Report
from engine.measure.tokens import token_effects

SAMPLE = "sample"
BASE = "base"
TEXTS = "texts"
TOKENS = "tokens"
SPANS = "spans"
EFFECTS = "effects"
CHECKS = "checks"
NOISE = "noise"

PART_IDS = {SAMPLE: 256, BASE: 256}
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


Row = dict[str, object]


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

    def measure(pairs: Sequence[Pair]) -> Measured:
        rows: list[Row] = []
        tokens = 0
        for batch in batches([instrument.prepare(pair) for pair in pairs], resumed=False):
            packed = instrument.pack(batch)
            rewards = instrument.forward.rewards(packed).tolist()
            tokens += sum(made.tokens for made in packed.bundles)
            rows += [
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
        return Measured({SAMPLE: _table(rows, tables.SAMPLE)}, tokens)

    return measure


def base_stage(instrument: Instrument, *, base_too: bool, texts_too: bool) -> Measure:
    """What no heuristic decides: base figures, activations and attributions by token, or both."""

    def measure(pairs: Sequence[Pair]) -> Measured:
        rows: list[Row] = []
        texts: list[Row] = []
        tokens_of: list[Row] = []
        sums: dict[bytes, list[base.Moments]] = {MOMENTS: [], MOMENTS_AFTER_FIRST: []}
        tokens = 0
        for batch in batches([instrument.prepare(pair) for pair in pairs], resumed=True):
            view = instrument.view(batch)
            tokens += int(view.packed.real.sum())
            gradient = base.gradient_of_margin(instrument, view)
            if base_too:
                rows += [_base_row(figures) for figures in base.measure(instrument, view, gradient)]
                sums[MOMENTS].append(base.moments(view))
                sums[MOMENTS_AFTER_FIRST].append(base.moments(view, after_first=True))
            if texts_too:
                texts += [_texts(view, row) for row in range(len(batch))]
                tokens_of += [
                    {"id": prepared.pair.id}
                    | asdict(token_effects(instrument, view, row, gradient))
                    for row, prepared in enumerate(batch)
                ]
        made: dict[str, pa.Table] = {}
        if base_too:
            metadata = {key: _packed_moments(parts) for key, parts in sums.items()}
            made[BASE] = _table(rows, tables.BASE).replace_schema_metadata(metadata)
        if texts_too:
            made[TEXTS] = _table(texts, tables.TEXT_ACTIVATIONS)
            made[TOKENS] = _table(tokens_of, tables.TOKEN_EFFECTS)
        return Measured(made, tokens)

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
        rows: list[Row] = []
        tokens = 0
        for batch in batches([made.prepared for made in edited.values()], resumed=False):
            deletions = [edited[item.pair.id] for item in batch]
            tokens += sum(item.bundle().tokens for item in batch)
            for made, rewards in zip(
                deletions, rewards_without(instrument, deletions), strict=True
            ):
                pair = prepared[made.prepared.pair.id]
                rows.append(_span_row(pair, heuristic, bearers[pair.pair.id]) | asdict(rewards))
        return Measured({stage: _table(rows, tables.SPANS)}, tokens)

    return measure


def effects_stage(instrument: Instrument, stage: str, questions: Mapping[int, Question]) -> Measure:
    """Exact group effects of one heuristic and one feature set."""

    def measure(pairs: Sequence[Pair]) -> Measured:
        rows: list[Row] = []
        tokens = 0
        for batch in batches([instrument.prepare(pair) for pair in pairs], resumed=True):
            view = instrument.view(batch)
            tokens += sum(made.tokens for made in view.packed.bundles)
            asked = [questions[prepared.pair.id] for prepared in batch]
            answers = group_effects(instrument, view, asked)
            rows += [
                {"id": prepared.pair.id} | asdict(answer)
                for prepared, answer in zip(batch, answers, strict=True)
            ]
        return Measured({stage: _table(rows, tables.EFFECTS)}, tokens)

    return measure


def checks_stage(instrument: Instrument) -> Measure:
    """Exact single effects beside attributions, on the sampled pairs."""

    def measure(pairs: Sequence[Pair]) -> Measured:
        rows: list[Row] = []
        tokens = 0
        for pair in pairs:
            prepared = instrument.prepare(pair)
            tokens += prepared.bundle().tokens
            rows += [{"id": pair.id} | asdict(made) for made in check(instrument, prepared)]
        return Measured({CHECKS: _table(rows, tables.CHECKS)}, tokens)

    return measure


def noise_stage(instrument: Instrument) -> Measure:
    """Margins of texts run each by itself."""

    def measure(pairs: Sequence[Pair]) -> Measured:
        prepared = [instrument.prepare(pair) for pair in pairs]
        rows: list[Row] = [
            {"id": item.pair.id, "margin_alone": margin_alone(instrument, item)}
            for item in prepared
        ]
        tokens = sum(len(item.chosen.ids) + len(item.rejected.ids) for item in prepared)
        return Measured({NOISE: _table(rows, tables.NOISE)}, tokens)

    return measure


def _base_row(figures: base.PairFigures) -> Row:
    row: Row = asdict(figures)
    return row | asdict(figures.features)


def _span_row(prepared: Prepared, heuristic: Heuristic, bearer: Borne) -> Row:
    context = len(prepared.pair.context)
    return {
        "id": prepared.pair.id,
        "bearer": bearer.bearer,
        "span_start": [start - context for start, _ in bearer.spans],
        "span_end": [end - context for _, end in bearer.spans],
        "span_position": prepared.overlapping(bearer.bearer, bearer.spans, heuristic.window),
    }


def _texts(view: View, row: int) -> Row:
    prepared = view.pairs[row]
    return {
        "id": prepared.pair.id,
        "text_chosen": prepared.text_positions("chosen"),
        "text_rejected": prepared.text_positions("rejected"),
    } | asdict(base.text_activations(view, row))


def _packed_moments(sums: Sequence[base.Moments]) -> bytes:
    whole = {
        "tokens": sum(made.tokens for made in sums),
        "error": sum(made.error for made in sums),
        "square": sum(made.square for made in sums),
        "total": np.sum([made.total for made in sums], axis=0).tolist(),
    }
    return json.dumps(whole).encode()


def _table(rows: Sequence[Row], schema: pa.Schema) -> pa.Table:
    """Rows as a table sorted by id, whatever order the batches had."""
    columns = {name: [row[name] for row in rows] for name in schema.names}
    return pa.table(columns, schema=schema).sort_by("id")
