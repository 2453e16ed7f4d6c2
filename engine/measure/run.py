"""Runs of one PM: their stages in order, together where they can be, then the seals."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from engine.cache import tables
from engine.cache.begun import Begun, keep_begun
from engine.cache.keys import Keys, keys_of, lowest_hashes
from engine.cache.manifest import MANIFEST
from engine.cache.parts import only
from engine.cache.run_records import Figures
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
from engine.measure.together import Asked, measure_stages

SAMPLE_PAIRS = 2048
"""The margins that epsilon_m is a share of (docs/verdicts.md)."""
NOISE_PAIRS = 256
CHECKED_PAIRS = 100
INTEGRATED_PAIRS = 32

_TEXTS_ALONE = partial(base_stage, base_too=False, texts_too=True)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A run, and the pairs that are measured of it."""

    sitting: Sitting
    sampled: Sequence[int]
    """The hashed sample of the index."""
    left_out: int
    """Pairs that do not fit the PM."""

    @property
    def bearing(self) -> set[int]:
        return {borne.id for table in self.sitting.bearers for borne in table.bearers}


@dataclass(frozen=True, slots=True)
class _Selected:
    """A run whose pairs are measured and whose heuristics' features are selected."""

    sitting: Sitting
    samples: Samples
    keys: Mapping[int, Keys]
    """Of the bearers."""
    selections: Sequence[Selection]
    """One for each heuristic, as the sitting has their bearers."""
    hosts: Sequence[Sequence[int]]
    """Of each heuristic's insertion control."""


def measure_runs(sittings: Sequence[Sitting]) -> Iterator[tuple[Sitting, Figures, Work]]:
    """Measure what is missing of runs of one PM, all of them together, and seal one after the
    other; the figures of each, and how much of it was measured.

    The work counts pairs whose rewards were measured, and the tokens of every stage; what was
    computed for several runs at once is counted of the first.
    """
    begun = [_begin(sitting) for sitting in sittings]
    on_pairs = _measured([(run.sitting, _on_pairs(run)) for run in begun])
    found, on_features = zip(*map(_find_firing, begun), strict=True)
    selected = [_select(run) for run in found]
    on_heuristics = _measured([(run.sitting, _on_heuristics(run)) for run in selected])
    for number, run in enumerate(selected):
        figures = seal(run.sitting, run.samples, run.keys, run.selections, run.hosts)
        work = on_pairs[number] + on_features[number] + on_heuristics[number]
        yield run.sitting, figures, work + Work(left_out=begun[number].left_out)


def _begin(sitting: Sitting) -> _Begun:
    sitting, sampled, left_out = fitted(sitting, lowest_hashes(sitting.store, SAMPLE_PAIRS))
    folder = sitting.paths.run(sitting.run)
    sitting.manifest.write(folder / MANIFEST)
    heuristics = [*(table.heuristic for table in sitting.bearers), *sitting.features]
    keep_begun(folder, Begun(tuple(heuristics), sitting.pairs))
    return _Begun(sitting, sampled, left_out)


def _measured(asked: Sequence[Asked]) -> list[Work]:
    """Measure stages of each run; how much of each run that was.

    What several lack alike comes first and at once. What no SAE decides is measured for the first
    of them, and the others take it over.
    """
    found = [[Work() for _ in of_run] for _, of_run in asked]
    for number, (sitting, of_run) in enumerate(asked):
        share(sitting, (stage.name for stage in of_run if _of_pm_alone(stage)))
        for works, more in zip(found[number:], measure_stages(asked[number:]), strict=True):
            works[:] = [one + other for one, other in zip(works, more, strict=True)]
    return [_together(of_run, works) for (_, of_run), works in zip(asked, found, strict=True)]


def _together(stages: Sequence[Stage], works: Sequence[Work]) -> Work:
    """What was measured of a run: its pairs are those that got their rewards."""
    pairs = sum(work.pairs for stage, work in zip(stages, works, strict=True) if stage.rewards)
    return Work(pairs=pairs, tokens=sum(work.tokens for work in works))


def _of_pm_alone(stage: Stage) -> bool:
    """Whether no SAE decides what it measures."""
    return stage.name.partition("/")[0] in (
        staging.SAMPLE,
        staging.NOISE,
        staging.SPANS,
        staging.INSERTION,
    )


def _on_pairs(run: _Begun) -> list[Stage]:
    """What no heuristic's features decide: base figures of bearers and of whatever else was asked
    for, rewards of the sample, the noise floor's margins, where patterns are and their deletion.

    Each pair is asked of one stage alone, so that stages may be measured in any order.
    """
    sitting, sampled, bearing = run.sitting, run.sampled, run.bearing
    with_base = sitting.parts.covered(staging.BASE)
    keys = keys_of(sitting.store, sorted(bearing))
    checked = _checked(keys, sampled, with_base.union(sitting.also))
    with_texts = sitting.parts.covered(staging.TEXTS)
    whole = bearing - with_base - with_texts
    # An interrupted sitting may have left base figures without the texts that go with them.
    texts = bearing - whole
    tokens = texts & with_texts
    base = (bearing | set(sitting.also)) - whole
    with_checks = partial(
        base_stage,
        base_too=True,
        checked=set(checked),
        integrated=set(checked[:INTEGRATED_PAIRS]),
    )
    both, base_alone = (partial(with_checks, texts_too=texts_too) for texts_too in (True, False))
    sample = set(sampled) - whole - base - with_base
    return [
        Stage(staging.TEXTS, whole, both, rewards=True),
        Stage(staging.TEXTS, texts, _TEXTS_ALONE),
        Stage(staging.TOKENS, tokens, tokens_stage),
        Stage(staging.BASE, base, base_alone, rewards=True),
        Stage(staging.SAMPLE, sample, stages.sample_stage, rewards=True),
        Stage(staging.NOISE, sampled[:NOISE_PAIRS], stages.noise_stage),
        *(spans_of(table) for table in sitting.bearers),
    ]


def _find_firing(run: _Begun) -> tuple[_Begun, Work]:
    """Who bears the run's features, of all pairs that it has base figures of, by any sitting."""
    sitting = run.sitting
    if not sitting.features:
        return run, Work()
    instrument, parts, store = sitting.instrument, sitting.parts, sitting.store
    fires: list[set[int]] = [set() for _ in sitting.features]
    for base in parts.tables(staging.BASE, tables.BASE, COLUMNS):
        for found_on, heuristic in zip(fires, sitting.features, strict=True):
            found_on |= candidates(base, heuristic)
    every = set().union(*fires)
    with_texts = parts.covered(staging.TEXTS)
    texts_of = Stage(staging.TEXTS, every, _TEXTS_ALONE)
    tokens_of = Stage(staging.TOKENS, every & with_texts, tokens_stage)
    (work,) = measure_stages([(sitting, (texts_of, tokens_of))])
    texts = only(parts.read(staging.TEXTS, tables.TEXT_ACTIVATIONS), sorted(every))
    found = [
        bearer_table(
            texts, map(instrument.prepare, store.pairs(sorted(ids))), heuristic, store.count()
        )
        for heuristic, ids in zip(sitting.features, fires, strict=True)
    ]
    (on_spans,) = measure_stages([(sitting, [spans_of(table) for table in found])])
    bearers = [*sitting.bearers, *found]
    more = replace(run, sitting=replace(sitting, bearers=bearers))
    return more, Work(tokens=sum(made.tokens for made in (*work, *on_spans)))


def _checked(
    keys: Mapping[int, Keys], sampled: Sequence[int], with_base: Collection[int]
) -> list[int]:
    """The pairs on which attributions are checked: bearers, those with the lowest content hashes.

    Where they are too few, pairs of the hashed sample with base figures come after them. The
    lowest come first: integrated gradients are taken of the first of them alone.
    """
    bearers = sorted(keys, key=lambda identifier: keys[identifier].content_hash)
    others = [each for each in sampled if each in with_base and each not in keys]
    return [*bearers, *others][:CHECKED_PAIRS]


def _select(run: _Begun) -> _Selected:
    """Find what judges each heuristic's bearers, and the hosts of its pattern."""
    sitting, sampled = run.sitting, run.sampled
    keys = keys_of(sitting.store, sorted(run.bearing))
    checked = _checked(keys, sampled, sitting.parts.covered(staging.BASE))
    contexts = {identifier: key.context_hash for identifier, key in keys.items()}
    norms = sitting.instrument.sae.decoder_norms.cpu().numpy()
    selections = [
        select(
            table,
            sitting.parts,
            spans_stage_name(table),
            staging.TEXTS,
            contexts,
            norms,
            sitting.pins.features(table.heuristic),
        )
        for table in sitting.bearers
    ]
    samples = Samples(sampled, sampled[:NOISE_PAIRS], checked, checked[:INTEGRATED_PAIRS])
    return _Selected(sitting, samples, keys, selections, _find_hosts(sitting, sampled, keys))


def _on_heuristics(run: _Selected) -> list[Stage]:
    """What the heuristics' features decide, their pattern's insertion, and attribution against
    exact effects on sampled bearers."""
    asked = [
        Stage(staging.CHECKS, run.samples.checked, stages.checks_stage),
        Stage(staging.INTEGRATED, run.samples.integrated, stages.integrated_stage),
    ]
    for table, selection, hosting in zip(
        run.sitting.bearers, run.selections, run.hosts, strict=True
    ):
        asked += effects_of(run.sitting, table, selection)
        name = insertion_stage_name(table)
        insert = partial(insertion_stage, stage=name, heuristic=table.heuristic)
        asked.append(Stage(name, hosting, insert))
    return asked


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
