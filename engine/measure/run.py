"""One run: its stages in order, then the seal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import pyarrow as pa

from engine.cache import tables
from engine.cache.bearers import BearerTable
from engine.cache.judged import JudgedRow
from engine.cache.keys import Keys, keys_of, lowest_hashes
from engine.cache.manifest import MANIFEST
from engine.cache.parts import Parts, only, without
from engine.cache.run_file import RUN_FILE, Figures, Insertion, MeasuredHeuristic, write_run
from engine.canonical import short_hash
from engine.measure import stages, staging
from engine.measure.base_stage import base_stage, tokens_stage
from engine.measure.effects import Question
from engine.measure.figures import run_figures
from engine.measure.firing import COLUMNS, bearer_table, candidates
from engine.measure.fitting import fitted
from engine.measure.insertion import MOST_HOSTS, find_hosts, insertion, insertion_stage
from engine.measure.judging import Layer, Margins, by_id, judge_heuristic
from engine.measure.peaks import strongest_tokens
from engine.measure.selection import Selection, select
from engine.measure.sharing import share
from engine.measure.sitting import Sitting
from engine.measure.staging import Stage, Work

SAMPLE_PAIRS = 2048
"""The margins that epsilon_m is a share of (design, section 2)."""
NOISE_PAIRS = 256
CHECKED_PAIRS = 100
INTEGRATED_PAIRS = 32

_TEXTS_ALONE = partial(base_stage, base_too=False, texts_too=True)


def measure_run(sitting: Sitting) -> tuple[Figures, Work]:
    """Measure what is missing of a run and seal it; its figures, and how much was measured.

    The work counts pairs whose rewards were measured, and the tokens of every stage.
    """
    sitting, sampled, left_out = fitted(sitting, lowest_hashes(sitting.store, SAMPLE_PAIRS))
    sitting.manifest.write(sitting.paths.run(sitting.run) / MANIFEST)
    share(sitting, _of_pm_alone(sitting))
    bearing = _bearing(sitting)
    keys = keys_of(sitting.store, sorted(bearing))
    checked = _checked(keys)
    work = _measure_pairs(sitting, sampled, bearing, checked)
    if sitting.features:
        firing, more = _find_firing(sitting)
        sitting, work = replace(sitting, bearers=[*sitting.bearers, *firing]), work + more
        keys = keys_of(sitting.store, sorted(_bearing(sitting)))
        checked = _checked(keys)
    selections = [_select(sitting, table, keys) for table in sitting.bearers]
    hosts = _find_hosts(sitting, sampled, keys)
    tokens = _measure_heuristics(sitting, checked, selections, hosts)
    figures = _seal(sitting, sampled, checked, keys, selections, hosts)
    return figures, work + Work(tokens=tokens, left_out=left_out)


def _measure_pairs(
    sitting: Sitting, sampled: Sequence[int], bearing: set[int], checked: Sequence[int]
) -> Work:
    """What no heuristic's features decide: base figures of bearers and of whatever else was asked
    for, rewards of the sample, the noise floor's margins, where patterns are and their deletion.

    Each pair is asked of one stage alone, so that stages may be measured in any order.
    """
    parts = sitting.parts
    with_base = parts.covered(staging.BASE)
    with_texts = parts.covered(staging.TEXTS)
    whole = bearing - with_base - with_texts
    # An interrupted sitting may have left base figures without the texts that go with them.
    texts = bearing - whole
    tokens = texts & with_texts
    base = (bearing | set(sitting.also)) - whole
    both = partial(
        base_stage,
        base_too=True,
        texts_too=True,
        checked=set(checked),
        integrated=set(checked[:INTEGRATED_PAIRS]),
    )
    first, *others = sitting.measure(
        Stage(staging.TEXTS, whole, both),
        Stage(staging.TEXTS, texts, _TEXTS_ALONE),
        Stage(staging.TOKENS, tokens, tokens_stage),
        Stage(staging.BASE, base, partial(base_stage, base_too=True, texts_too=False)),
        Stage(staging.SAMPLE, set(sampled) - whole - base - with_base, stages.sample_stage),
        Stage(staging.NOISE, sampled[:NOISE_PAIRS], stages.noise_stage),
        *(_spans(table) for table in sitting.bearers),
    )
    texts_work, tokens_work, base_work, sample_work, *rest = others
    alone = sum(work.tokens for work in (texts_work, tokens_work, *rest))
    return first + base_work + sample_work + Work(tokens=alone)


def _bearing(sitting: Sitting) -> set[int]:
    return {borne.id for table in sitting.bearers for borne in table.bearers}


def _find_firing(sitting: Sitting) -> tuple[list[BearerTable], Work]:
    """Who bears the features, of all pairs that the run has base figures of, by any sitting."""
    instrument, parts, store = sitting.instrument, sitting.parts, sitting.store
    base = parts.read(staging.BASE, tables.BASE, COLUMNS)
    fires = [candidates(base, heuristic) for heuristic in sitting.features]
    every = set().union(*fires)
    with_texts = parts.covered(staging.TEXTS)
    work = sitting.measure(
        Stage(staging.TEXTS, every, _TEXTS_ALONE),
        Stage(staging.TOKENS, every & with_texts, tokens_stage),
    )
    texts = only(parts.read(staging.TEXTS, tables.TEXT_ACTIVATIONS), sorted(every))
    found = [
        bearer_table(
            texts, map(instrument.prepare, store.pairs(sorted(ids))), heuristic, store.count()
        )
        for heuristic, ids in zip(sitting.features, fires, strict=True)
    ]
    work += sitting.measure(*(_spans(table) for table in found))
    return found, Work(tokens=sum(made.tokens for made in work))


def _checked(keys: Mapping[int, Keys]) -> list[int]:
    """The bearers on which attributions are checked: those with the lowest content hashes.

    The lowest come first: integrated gradients are taken of the first of them alone.
    """
    return sorted(keys, key=lambda identifier: keys[identifier].content_hash)[:CHECKED_PAIRS]


def _of_pm_alone(sitting: Sitting) -> Iterator[str]:
    """The stages that no SAE decides."""
    yield from (staging.SAMPLE, staging.NOISE)
    for table in sitting.bearers:
        yield from (_spans_stage(table), _insertion_stage(table))


def _spans_stage(table: BearerTable) -> str:
    return f"{staging.SPANS}/{table.heuristic.key}"


def _effects_stage(table: BearerTable, features: Sequence[int]) -> str:
    return f"{staging.EFFECTS}/{table.heuristic.key}-{short_hash(sorted(features))}"


def _insertion_stage(table: BearerTable) -> str:
    return f"{staging.INSERTION}/{table.heuristic.key}"


def _spans(table: BearerTable) -> Stage:
    """Where a heuristic's pattern is and what deleting it does; of a feature, where it fires."""
    bearers = {borne.id: borne for borne in table.bearers}
    name = _spans_stage(table)
    make = stages.spans_stage if table.heuristic.feature is None else stages.firing_stage
    asked = partial(make, stage=name, heuristic=table.heuristic, bearers=bearers)
    return Stage(name, bearers.keys(), asked)


def _select(sitting: Sitting, table: BearerTable, keys: Mapping[int, Keys]) -> Selection:
    return select(
        table,
        sitting.parts,
        _spans_stage(table),
        staging.TEXTS,
        {identifier: key.context_hash for identifier, key in keys.items()},
        sitting.instrument.sae.decoder_norms.cpu().numpy(),
    )


def _measure_heuristics(
    sitting: Sitting,
    checked: Sequence[int],
    selections: Sequence[Selection],
    hosts: Sequence[Sequence[int]],
) -> int:
    """What the heuristics' features decide, and attribution against exact effects on sampled
    bearers; the tokens computed."""
    asked = [
        Stage(staging.CHECKS, checked, stages.checks_stage),
        Stage(staging.INTEGRATED, checked[:INTEGRATED_PAIRS], stages.integrated_stage),
    ]
    for table, selection, hosting in zip(sitting.bearers, selections, hosts, strict=True):
        asked += _effects(sitting, table, selection)
        name = _insertion_stage(table)
        insert = partial(insertion_stage, stage=name, heuristic=table.heuristic)
        asked.append(Stage(name, hosting, insert))
    return sum(work.tokens for work in sitting.measure(*asked))


def _effects(sitting: Sitting, table: BearerTable, selection: Selection) -> Iterator[Stage]:
    """One layer for each feature set: a fold's bearers are judged with the other's features."""
    spans = by_id(sitting.parts.read(_spans_stage(table), tables.SPANS))
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
        name = _effects_stage(table, fold)
        make = partial(stages.effects_stage, stage=name, questions=questions)
        yield Stage(name, questions.keys(), make)


def _find_hosts(
    sitting: Sitting, sampled: Sequence[int], keys: Mapping[int, Keys]
) -> list[tuple[int, ...]]:
    """The hosts of each heuristic's pattern, chosen from the sample."""
    sample = sitting.store.pairs(sampled)
    hosts: list[tuple[int, ...]] = []
    for table in sitting.bearers:
        ordered = sorted(table.bearers, key=lambda borne: keys[borne.id].content_hash)
        first = ordered[:MOST_HOSTS]
        pairs = sitting.store.pairs([borne.id for borne in first])
        hosts.append(find_hosts(table.heuristic, list(zip(pairs, first, strict=True)), sample))
    return hosts


def _seal(
    sitting: Sitting,
    sampled: Sequence[int],
    checked: Sequence[int],
    keys: Mapping[int, Keys],
    selections: Sequence[Selection],
    hosts: Sequence[Sequence[int]],
) -> Figures:
    """Seal the run. Parts may hold more than today's samples: those of earlier sittings too."""
    sitting.check_pairs()
    parts = sitting.parts
    base = parts.read(staging.BASE, tables.BASE)
    sample = without(parts.read(staging.SAMPLE, tables.SAMPLE), base["id"])
    checks = only(parts.read(staging.CHECKS, tables.CHECKS), checked)
    noise = only(parts.read(staging.NOISE, tables.NOISE), sampled[:NOISE_PAIRS])
    integrated = only(parts.read(staging.INTEGRATED, tables.INTEGRATED), checked[:INTEGRATED_PAIRS])
    figures = run_figures(parts, base, sample, checks, integrated, noise, sampled)
    margins = {
        row["id"]: Margins(
            chosen=row["reward_chosen"],
            rejected=row["reward_rejected"],
            margin_sae=row["reward_chosen_sae"] - row["reward_rejected_sae"],
        )
        for row in base.drop(["feature", "attribution"]).to_pylist()
    }
    measured: list[MeasuredHeuristic] = []
    judged: list[JudgedRow] = []
    for table, selection, hosting in zip(sitting.bearers, selections, hosts, strict=True):
        layer = _layer(parts, table, selection)
        heuristic, rows = judge_heuristic(
            table, selection, layer, margins, keys, figures.margin_threshold
        )
        measured.append(replace(heuristic, insertion=_insertion(sitting, table, hosting)))
        judged += rows
    write_run(
        sitting.paths.run(sitting.run) / RUN_FILE,
        manifest=sitting.manifest,
        figures=figures,
        heuristics=measured,
        judged=judged,
        base=base,
        sample=sample,
        sampled=list(sampled),
        checks=checks,
        peaks=_peaks(sitting, sorted(keys)),
        tokens=only(parts.read(staging.TOKENS, tables.TOKEN_EFFECTS), sorted(keys)),
    )
    return figures


def _insertion(sitting: Sitting, table: BearerTable, hosts: Sequence[int]) -> Insertion | None:
    rows = only(sitting.parts.read(_insertion_stage(table), tables.INSERTIONS), hosts)
    contexts = keys_of(sitting.store, hosts)
    return insertion(rows, {identifier: key.context_hash for identifier, key in contexts.items()})


def _peaks(sitting: Sitting, bearing: list[int]) -> pa.Table:
    texts = only(sitting.parts.read(staging.TEXTS, tables.TEXT_ACTIVATIONS), bearing)
    pairs = sitting.store.pairs(bearing)
    return strongest_tokens(texts, map(sitting.instrument.prepare, pairs))


def _layer(parts: Parts, table: BearerTable, selection: Selection) -> Layer:
    effects: dict[int, dict[str, object]] = {}
    for fold in selection.folds:
        found = by_id(parts.read(_effects_stage(table, fold.features), tables.EFFECTS))
        judged = (identifier for identifier in found if identifier in selection.fold_of)
        effects |= {
            identifier: found[identifier]
            for identifier in judged
            if selection.judging(identifier).features == fold.features
        }
    return Layer(spans=by_id(parts.read(_spans_stage(table), tables.SPANS)), effects=effects)


def _span(row: Mapping[str, object]) -> tuple[int, ...]:
    positions = row["span_position"]
    return tuple(positions) if isinstance(positions, list) else ()
