"""`outvoted score`, from what was asked for to sealed runs: one for each SAE."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, replace

import torch

from engine.cache.bearers import bearers
from engine.cache.labels import keep_labels
from engine.cache.manifest import Manifest, pinned
from engine.cache.pairs import PairStore, open_pairs
from engine.cache.part_place import Folder, part_place
from engine.cache.picked import chosen_ids
from engine.cache.pins import UserPins, user_pins
from engine.cache.resuming import check_resumable
from engine.cache.run_records import Figures
from engine.cache.sealed import known_heuristics
from engine.cache.snapshot import refresh_snapshot
from engine.cache.trained_on import train_on
from engine.cache.training import Training, keep_training
from engine.demo.place import remembered, resolve
from engine.errors import UserError
from engine.files import sweep, writer_lock
from engine.heuristics import Heuristic
from engine.log import LOGGER
from engine.measure.crew import Crew
from engine.measure.enlist import connected, crew_of, own_device
from engine.measure.instrument import Instrument
from engine.measure.known import check_known
from engine.measure.likelihood import measure_likelihood
from engine.measure.loading import make_instrument, run_config
from engine.measure.progress import Report
from engine.measure.refused import check_findable, check_pins
from engine.measure.request import ScoreRequest, ScoreResult
from engine.measure.run import measure_runs
from engine.measure.sitting import Sitting
from engine.measure.staging import Work
from engine.models.dtypes import DTYPES
from engine.models.lm import find_lm, load_lm
from engine.models.pm import PreferenceModel, load_pm


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The request for one SAE alone, and what measures it."""

    request: ScoreRequest
    instrument: Instrument
    pins: UserPins


def score(request: ScoreRequest, report: Report) -> list[ScoreResult]:
    """Measure one run for each SAE in one pass, and seal them; what is finished already is kept.

    Raises:
        UserError: the index, a model or an option is at fault, another process measures the
            same run, or an unfinished run would be gone on with on other terms.
    """
    if request.run is not None and len(request.saes) > 1:
        raise UserError(
            f"it names one run, and {len(request.saes)} SAEs make one each",
            where="--run",
            todo="Score one SAE at a time, or leave --run out.",
        )
    workers = None if request.ray is None else connected(request.ray, request.device)
    store = open_pairs(request.paths)
    try:
        if request.pairs != "bearers":
            chosen_ids(store, request.pairs)  # a mistake in it is told before a PM is loaded
        else:
            check_findable(request.heuristics)
        training = train_on(store, request.told) if request.told else None
        lm = find_lm(resolve(request.lm)) if request.lm else None
        results = _score_all(request, store, training, workers, report)
        if lm is not None:  # the PM is out of memory by now
            loaded = load_lm(lm, dtype=_dtype_asked(request), device=request.device)
            measure_likelihood(
                request.paths, store, [result.run for result in results], loaded, report
            )
        return results
    finally:
        store.close()


def _score_all(
    request: ScoreRequest,
    store: PairStore,
    training: Training | None,
    workers: int | None,
    report: Report,
) -> list[ScoreResult]:
    pm = load_pm(
        resolve(request.pm),
        dtype=_dtype_asked(request),
        device=own_device(request),
        chat_template=request.chat_template,
    )
    if workers is None:  # they ask their own
        check_known(pm, request.known, request.readout, report)
    every = [_loaded(_for_sae(request, number), pm) for number in range(len(request.saes))]
    runs = {run_config(loaded.instrument).run: loaded for loaded in every}
    manifests = [_manifest(loaded, store) for loaded in runs.values()]
    for manifest in manifests:
        check_resumable(request.paths, manifest, request.run)
    started = time.perf_counter()
    results = []
    with ExitStack() as held:
        for name in runs:
            held.enter_context(writer_lock(request.paths.run(name) / "run"))
        own = {run: (loaded.request, loaded.instrument) for run, loaded in runs.items()}
        crew = crew_of(own, request.device, workers)
        sittings = [
            _sitting(loaded, crew, manifest, store, training, report)
            for loaded, manifest in zip(runs.values(), manifests, strict=True)
        ]
        for sitting, figures, work in measure_runs(sittings):
            seconds = time.perf_counter() - started
            told = "run %s: sealed after %.1f s, %d pairs"
            LOGGER.info(told, sitting.run, seconds, figures.pairs)
            refresh_snapshot(request.paths)
            results.append(_result(sitting, figures, work, seconds, training))
    return results


def _dtype_asked(request: ScoreRequest) -> torch.dtype | None:
    return None if request.dtype is None else DTYPES[request.dtype]


def _for_sae(request: ScoreRequest, number: int) -> ScoreRequest:
    """The request for one of its SAEs alone, with its hook point and pins."""
    settings = request.of_sae(number)
    pins = dict(settings.pins)
    return replace(
        request,
        saes=(request.saes[number],),
        settings=(settings,),
        hook=settings.hook or request.hook,
        heuristics=tuple(
            replace(heuristic, features=pins.get(heuristic.name, heuristic.features))
            for heuristic in request.heuristics
        ),
    )


def _loaded(request: ScoreRequest, pm: PreferenceModel) -> _Loaded:
    """Load the SAE of a request for one."""
    (sae,) = request.saes
    instrument = make_instrument(
        pm,
        sae,
        hook=request.hook,
        readout=request.readout,
        positions=request.positions,
        device=own_device(request),
    )
    pins = user_pins(request.paths.triage, instrument.sae.hash)
    for heuristic in request.heuristics:
        check_pins(heuristic, pins, instrument.sae.d_sae)
    return _Loaded(request, instrument, pins)


def _manifest(run: _Loaded, store: PairStore) -> Manifest:
    request, pm, sae = run.request, run.instrument.pm, run.instrument.sae
    return Manifest(
        config=run_config(run.instrument),
        pm=pm.name,
        pm_path=remembered(request.pm),
        architecture=pm.architecture,
        sae=sae.name,
        sae_path=remembered(request.saes[0]),
        sae_kind=sae.kind,
        d_sae=sae.d_sae,
        chat_template=request.chat_template,
        sources=pinned(store.sources.values()),
    )


def _sitting(
    run: _Loaded,
    crew: Crew,
    manifest: Manifest,
    store: PairStore,
    training: Training | None,
    report: Report,
) -> Sitting:
    """What measures one run, which nobody else writes; what is told of it is kept."""
    request = run.request
    folder = request.paths.run(manifest.config.run)
    place = part_place(folder, request.parts)
    if isinstance(place, Folder):
        sweep(place.path)
    if training is not None:
        keep_training(folder, store, training)
    if labels := request.of_sae(0).labels:
        keep_labels(folder, labels)
    known = _with_earlier(request, manifest.config.run)
    return Sitting(
        instrument=run.instrument,
        crew=crew,
        manifest=manifest,
        paths=request.paths,
        store=store,
        bearers=bearers(request.paths, store, [one for one in known if one.feature is None]),
        features=[one for one in known if one.feature is not None],
        also=() if request.pairs == "bearers" else chosen_ids(store, request.pairs),
        pins=run.pins,
        pairs=request.pairs,
        report=report,
    )


def _result(
    sitting: Sitting, figures: Figures, work: Work, seconds: float, training: Training | None
) -> ScoreResult:
    return ScoreResult(
        run=sitting.run,
        pairs=figures.pairs,
        tokens=work.tokens,
        seconds=seconds,
        pairs_per_second=work.pairs / seconds,
        fvu=figures.fvu,
        reward_recovered=figures.reward_recovered,
        sign_agreement=figures.sign_agreement,
        noise_floor=figures.noise_floor,
        margin_threshold=figures.margin_threshold,
        seen=training.count("seen") if training else None,
        unseen=training.count("unseen") if training else None,
        left_out=work.left_out,
        pins={
            heuristic.name: pinned
            for heuristic in (table.heuristic for table in sitting.bearers)
            if (pinned := sitting.pins.of(heuristic))
        },
    )


def _with_earlier(request: ScoreRequest, run: str) -> list[Heuristic]:
    """What is asked for, and what the run judged before: a seal leaves nothing measured out."""
    asked = list(request.heuristics)
    names = {heuristic.name for heuristic in asked}
    return asked + [
        known for known in known_heuristics(request.paths, run) if known.name not in names
    ]
