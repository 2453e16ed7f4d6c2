"""One run: its stages in order, then the seal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from engine.cache import tables
from engine.cache.bearers import BearerTable
from engine.cache.keys import Keys, keys_of, lowest_hashes
from engine.cache.manifest import MANIFEST
from engine.cache.parts import only
from engine.cache.run_file import Figures
from engine.measure import stages, staging
from engine.measure.base_stage import base_stage, tokens_stage
from engine.measure.firing import COLUMNS, bearer_table, candidates
from engine.measure.fitting import fitted
from engine.measure.heuristic_stages import (
    effects_of,
    insertion_stage_name,
    spans_of,
    spans_stage_name,
)
from engine.measure.insertion import MOST_HOSTS, find_hosts, insertion_stage
from engine.measure.sealing import Samples, seal
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
    samples = Samples(sampled, sampled[:NOISE_PAIRS], checked, checked[:INTEGRATED_PAIRS])
    figures = seal(sitting, samples, keys, selections, hosts)
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
        *(spans_of(table) for table in sitting.bearers),
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
    work += sitting.measure(*(spans_of(table) for table in found))
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
        yield from (spans_stage_name(table), insertion_stage_name(table))


def _select(sitting: Sitting, table: BearerTable, keys: Mapping[int, Keys]) -> Selection:
    return select(
        table,
        sitting.parts,
        spans_stage_name(table),
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
        asked += effects_of(sitting, table, selection)
        name = insertion_stage_name(table)
        insert = partial(insertion_stage, stage=name, heuristic=table.heuristic)
        asked.append(Stage(name, hosting, insert))
    return sum(work.tokens for work in sitting.measure(*asked))


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
