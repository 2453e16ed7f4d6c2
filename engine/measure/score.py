"""`outvoted score`, from what was asked for to sealed runs: one for each SAE."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import torch

from engine.cache.bearers import bearers
from engine.cache.labels import keep_labels
from engine.cache.manifest import Manifest, RunConfig, pinned
from engine.cache.pairs import PairStore, open_pairs
from engine.cache.part_place import Folder, part_place
from engine.cache.picked import chosen_ids
from engine.cache.resuming import check_resumable
from engine.cache.sealed import known_heuristics
from engine.cache.snapshot import refresh_snapshot
from engine.cache.trained_on import train_on
from engine.cache.training import Training, keep_training
from engine.demo.place import remembered, resolve
from engine.errors import UserError
from engine.files import sweep, writer_lock
from engine.heuristics import Heuristic
from engine.log import LOGGER
from engine.measure.budget_probe import find_budget, meter_of
from engine.measure.enlist import connected, crew_of, own_device
from engine.measure.instrument import Instrument, Positions
from engine.measure.known import check_known
from engine.measure.likelihood import measure_likelihood
from engine.measure.progress import Report
from engine.measure.request import ScoreRequest, ScoreResult
from engine.measure.run import measure_run
from engine.measure.sitting import Sitting
from engine.models.lm import find_lm, load_lm
from engine.models.pm import PreferenceModel, load_pm
from engine.models.sae.load import hook_on, load_sae
from engine.models.tokens import Readout

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def score(request: ScoreRequest, report: Report) -> list[ScoreResult]:
    """Measure and seal one run for each SAE; what an earlier sitting finished is kept.

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
            _check_findable(request.heuristics)
        training = train_on(store, request.told) if request.told else None
        lm = find_lm(resolve(request.lm)) if request.lm else None
        results = _score_all(request, store, training, workers, report)
        if lm is not None:  # the PM is out of memory by now
            loaded = load_lm(lm, dtype=DTYPES[request.dtype], device=request.device)
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
        dtype=DTYPES[request.dtype],
        device=own_device(request),
        chat_template=request.chat_template,
    )
    if workers is None:  # they ask their own
        check_known(pm, request.known, request.readout, report)
    return [
        _score_one(_for_sae(request, number), store, training, pm, workers, report)
        for number in range(len(request.saes))
    ]


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


def make_instrument(
    pm: PreferenceModel,
    sae_path: str,
    *,
    hook: str | None,
    readout: Readout,
    positions: Positions,
    device: str,
) -> Instrument:
    """Load an SAE and put it on the PM; without a hook point, at the one its config names.

    Raises:
        UserError: no hook point is named anywhere, or something does not fit.
    """
    sae = load_sae(resolve(sae_path), device=device)
    found = hook or hook_on(sae, pm)
    if found is None:
        raise UserError(
            "its config does not say which block it reads",
            where=sae_path,
            todo=f"Say it with --hook {pm.blocks_path}.N (the output of block N).",
        )
    instrument = Instrument(pm, sae, hook=found, readout=readout, positions=positions)
    find_budget(instrument, meter_of(pm.device))
    return instrument


def run_config(instrument: Instrument) -> RunConfig:
    """What names the run that this instrument measures."""
    return RunConfig(
        pm_hash=instrument.pm.hash,
        tokenizer_hash=instrument.pm.tokenizer_hash,
        sae_hash=instrument.sae.hash,
        hook=instrument.hook,
        readout=instrument.readout,
        dtype=str(instrument.pm.dtype).removeprefix("torch."),
        positions=instrument.positions,
    )


def _score_one(
    request: ScoreRequest,
    store: PairStore,
    training: Training | None,
    pm: PreferenceModel,
    workers: int | None,
    report: Report,
) -> ScoreResult:
    (sae,) = request.saes
    instrument = make_instrument(
        pm,
        sae,
        hook=request.hook,
        readout=request.readout,
        positions=request.positions,
        device=own_device(request),
    )
    for heuristic in request.heuristics:
        _check_pins(heuristic, instrument.sae.d_sae)
    manifest = Manifest(
        config=run_config(instrument),
        pm=pm.name,
        pm_path=remembered(request.pm),
        architecture=pm.architecture,
        sae=instrument.sae.name,
        sae_path=remembered(sae),
        sae_kind=instrument.sae.kind,
        d_sae=instrument.sae.d_sae,
        chat_template=request.chat_template,
        sources=pinned(store.sources.values()),
    )
    check_resumable(request.paths, manifest, request.run)
    started = time.perf_counter()
    folder = request.paths.run(manifest.config.run)
    known = _with_earlier(request, manifest.config.run)
    with writer_lock(folder / "run"):
        place = part_place(folder, request.parts)
        if isinstance(place, Folder):
            sweep(place.path)
        sitting = Sitting(
            instrument=instrument,
            crew=crew_of(request, instrument, workers),
            manifest=manifest,
            paths=request.paths,
            store=store,
            bearers=bearers(request.paths, store, [one for one in known if one.feature is None]),
            features=[one for one in known if one.feature is not None],
            also=() if request.pairs == "bearers" else chosen_ids(store, request.pairs),
            filtered=request.pairs not in ("bearers", "all"),
            report=report,
        )
        if training is not None:
            keep_training(folder, store, training)
        if labels := request.of_sae(0).labels:
            keep_labels(folder, labels)
        figures, work = measure_run(sitting)
    seconds = time.perf_counter() - started
    LOGGER.info("run %s: sealed after %.1f s, %d pairs", folder.name, seconds, figures.pairs)
    refresh_snapshot(request.paths)
    return ScoreResult(
        run=manifest.config.run,
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
    )


def _with_earlier(request: ScoreRequest, run: str) -> list[Heuristic]:
    """What is asked for, and what the run judged before: a seal leaves nothing measured out."""
    asked = list(request.heuristics)
    names = {heuristic.name for heuristic in asked}
    return asked + [
        known for known in known_heuristics(request.paths, run) if known.name not in names
    ]


def _check_findable(heuristics: Sequence[Heuristic]) -> None:
    """A feature is looked for among measured pairs; bearers of patterns stand for nobody."""
    for heuristic in heuristics:
        if heuristic.feature is not None:
            raise UserError(
                f"where {heuristic.pattern} is found among the pairs that are measured, and only "
                "bearers of patterns would be",
                where=f'heuristic "{heuristic.name}"',
                todo="Say which pairs to look at: --pairs all, or a filter.",
            )


def _check_pins(heuristic: Heuristic, d_sae: int) -> None:
    wrong = [feature for feature in heuristic.features if not 0 <= feature < d_sae]
    if wrong:
        raise UserError(
            f"feature {wrong[0]} does not exist: the SAE has {d_sae} (0 to {d_sae - 1})",
            where=f'heuristic "{heuristic.name}"',
            todo="Correct `features` in the heuristics file.",
        )
