"""One worker of a cluster: instruments of its own, and parts that it measures and writes.

It knows nothing of who starts it and asks it. What it says is plain values, an error too.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from engine.cache.layout import IndexPaths
from engine.cache.pairs import PairStore, open_pairs
from engine.cache.parts import Parts
from engine.demo.place import resolve
from engine.errors import FailedError, ToldError, UserError
from engine.hh import Pair
from engine.measure.instrument import Instrument, Positions
from engine.measure.known import KnownAnswer, check_known
from engine.measure.loading import make_instrument, run_config
from engine.measure.on_views import measure_task
from engine.measure.staging import Measure, Part, Stage, Task
from engine.models.dtypes import DTYPES
from engine.models.pm import PreferenceModel, load_pm
from engine.models.tokens import Readout

Asked = dict[str, object]
"""One task: its `number`, the `ids` of its pairs, and of each part that they make the `job`, the
`stage` (its number among the job's) and the `first` id of its range."""
Answer = dict[str, int | str]
"""`number` and `tokens`; and `error`: JSON of what went wrong, empty where nothing did."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What every worker measures a run with, and on. Paths must mean the same on its machine."""

    paths: IndexPaths
    pm: str
    sae: str
    hook: str
    readout: Readout
    positions: Positions
    dtype: str
    device: str
    chat_template: str | None
    known: tuple[KnownAnswer, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """Stages of one run. All jobs of a worker are of one PM and one index."""

    run: str
    orders: Orders
    parts: Parts
    stages: tuple[Stage, ...]
    """As they travel: which pairs are asked for, the tasks say."""


class Hand:
    """Measures one task after the other. Ray starts it anew where its process died."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        """Load the models; what is wrong with them is the answer to every task."""
        self._jobs = jobs
        self._error = ""
        try:
            self._store = _same_pairs(jobs[0])
            pm = _load_pm(jobs[0].orders)
            self._instruments = [_same_run(job, pm) for job in jobs]
        except ToldError as error:
            self._error = _told(error)

    def __call__(self, asked: Asked) -> Answer:
        number = int(str(asked["number"]))
        if self._error:
            return _answer(number, error=self._error)
        ids = _numbers(asked["ids"])
        try:
            tokens = self._measure(asked, ids, self._store.pairs(ids))
        except ToldError as error:
            return _answer(number, error=_told(error))
        except OSError as error:
            what = f"it could not go on: {error.strerror or error}"
            return _answer(number, error=_told(FailedError(what, where=str(error.filename or ""))))
        return _answer(number, tokens=tokens)

    def _measure(self, asked: Asked, ids: list[int], pairs: Sequence[Pair]) -> int:
        """Measure and write the parts of one task; how many tokens were computed."""
        parts: list[Part] = []
        measures: list[Measure] = []
        places = [_numbers(asked[name]) for name in ("job", "stage", "first")]
        for number, place, first in zip(*places, strict=True):
            job = self._jobs[number]
            stage = job.stages[place]
            parts.append(Part(job.run, stage, job.parts, first))
            measures.append(stage.make(self._instruments[number]))
        return measure_task(measures, Task(ids, tuple(parts)), pairs)


def error_of(answer: Mapping[str, object]) -> ToldError | None:
    """What a worker says went wrong."""
    if not answer["error"]:
        return None
    told = json.loads(str(answer["error"]))
    kind = UserError if told.pop("user") else FailedError
    return kind(told["what"], where=told["where"], todo=told["todo"])


def as_sent(stage: Stage) -> Stage:
    """A stage as it travels: which pairs are asked for, the tasks say."""
    return replace(stage, ids=())


def _same_pairs(job: Job) -> PairStore:
    store = open_pairs(job.orders.paths)
    if store.source_hashes() != job.parts.sources:
        raise UserError(
            "its pairs are not those that the head reads",
            where=str(job.orders.paths.folder),
            todo="Put the cache folder where every machine sees it, and index nothing meanwhile.",
        )
    return store


def _load_pm(orders: Orders) -> PreferenceModel:
    if orders.device == "cpu":
        torch.set_num_threads(1)  # the cluster has a worker for each core
    pm = load_pm(
        resolve(orders.pm),
        dtype=DTYPES[orders.dtype],
        device=orders.device,
        chat_template=orders.chat_template,
    )
    check_known(pm, orders.known, orders.readout, lambda _: None)
    return pm


def _same_run(job: Job, pm: PreferenceModel) -> Instrument:
    orders = job.orders
    instrument = make_instrument(
        pm,
        orders.sae,
        hook=orders.hook,
        readout=orders.readout,
        positions=orders.positions,
        device=orders.device,
    )
    if (made := run_config(instrument).run) != job.run:
        raise UserError(
            f"PM, SAE or Outvoted are others there: they make run {made}, the head's {job.run}",
            todo="Give every machine the same models and the same version of Outvoted.",
        )
    return instrument


def _numbers(listed: object) -> list[int]:
    if not isinstance(listed, Sequence):
        raise TypeError(f"a task names no numbers but {listed!r}")
    return [int(each) for each in listed]


def _answer(number: int, *, tokens: int = 0, error: str = "") -> Answer:
    return {"number": number, "tokens": tokens, "error": error}


def _told(error: ToldError) -> str:
    """JSON of an error, and on which machine it was."""
    where = f"{error.where or 'a worker'}, on {socket.gethostname()}"
    told = {"what": error.what, "where": where, "todo": error.todo}
    return json.dumps(told | {"user": isinstance(error, UserError)})
