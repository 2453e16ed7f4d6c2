"""One worker of a cluster: an instrument of its own, and parts that it measures and writes.

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
from engine.measure.instrument import Instrument, Positions
from engine.measure.known import KnownAnswer, check_known
from engine.measure.loading import make_instrument, run_config
from engine.measure.staging import Missing, Stage, write_part
from engine.models.dtypes import DTYPES
from engine.models.pm import load_pm
from engine.models.tokens import Readout

Asked = dict[str, object]
"""One part: `stage` (its number among the stages), `first` (of its range) and `ids`."""
Answer = dict[str, int | str]
"""`stage`, `pairs`, `tokens`; and `error`: JSON of what went wrong, empty where nothing did."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What every worker measures with, and on. Paths must mean the same on its machine."""

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


class Hand:
    """Measures one part after the other. Ray starts it anew where its process died."""

    def __init__(self, orders: Orders, run: str, parts: Parts, stages: Sequence[Stage]) -> None:
        """Load the models; what is wrong with them is the answer to every part."""
        self._stages = stages
        self._parts = parts
        self._error = ""
        try:
            self._store = _same_pairs(orders.paths, parts.sources)
            self._instrument = _same_run(orders, run)
        except ToldError as error:
            self._error = _told(error)

    def __call__(self, asked: Asked) -> Answer:
        number, first, ids = _task(asked)
        if self._error:
            return _answer(number, error=self._error)
        stage = self._stages[number]
        try:
            measured = stage.make(self._instrument)(self._store.pairs(ids))
            write_part(self._parts, stage.name, first, measured)
        except ToldError as error:
            return _answer(number, error=_told(error))
        except OSError as error:
            what = f"it could not go on: {error.strerror or error}"
            return _answer(number, error=_told(FailedError(what, where=str(error.filename or ""))))
        return _answer(number, pairs=len(ids), tokens=measured.tokens)


def tasks(left: Sequence[Missing]) -> list[Asked]:
    """The parts that are missing of some stages, as a worker is asked for them."""
    return [
        {"stage": number, "first": first, "ids": ids}
        for number, each in enumerate(left)
        for first, ids in each.parts
    ]


def makers(stages: Sequence[Stage]) -> list[Stage]:
    """The stages as they travel: which pairs are asked for, the parts say."""
    return [replace(stage, ids=()) for stage in stages]


def error_of(answer: Mapping[str, object]) -> ToldError | None:
    """What a worker says went wrong."""
    if not answer["error"]:
        return None
    told = json.loads(str(answer["error"]))
    kind = UserError if told.pop("user") else FailedError
    return kind(told["what"], where=told["where"], todo=told["todo"])


def _same_pairs(paths: IndexPaths, sources: Mapping[int, str]) -> PairStore:
    store = open_pairs(paths)
    if store.source_hashes() != sources:
        raise UserError(
            "its pairs are not those that the head reads",
            where=str(paths.folder),
            todo="Put the cache folder where every machine sees it, and index nothing meanwhile.",
        )
    return store


def _same_run(orders: Orders, run: str) -> Instrument:
    if orders.device == "cpu":
        torch.set_num_threads(1)  # the cluster has a worker for each core
    pm = load_pm(
        resolve(orders.pm),
        dtype=DTYPES[orders.dtype],
        device=orders.device,
        chat_template=orders.chat_template,
    )
    check_known(pm, orders.known, orders.readout, lambda _: None)
    instrument = make_instrument(
        pm,
        orders.sae,
        hook=orders.hook,
        readout=orders.readout,
        positions=orders.positions,
        device=orders.device,
    )
    if (made := run_config(instrument).run) != run:
        raise UserError(
            f"PM, SAE or Outvoted are others there: they make run {made}, the head's {run}",
            todo="Give every machine the same models and the same version of Outvoted.",
        )
    return instrument


def _task(asked: Asked) -> tuple[int, int, list[int]]:
    ids = asked["ids"]
    if not isinstance(ids, Sequence):
        raise TypeError(f"a part names no ids but {ids!r}")
    return int(str(asked["stage"])), int(str(asked["first"])), [int(each) for each in ids]


def _answer(stage: int, *, pairs: int = 0, tokens: int = 0, error: str = "") -> Answer:
    return {"stage": stage, "pairs": pairs, "tokens": tokens, "error": error}


def _told(error: ToldError) -> str:
    """JSON of an error, and on which machine it was."""
    where = f"{error.where or 'a worker'}, on {socket.gethostname()}"
    told = {"what": error.what, "where": where, "todo": error.todo}
    return json.dumps(told | {"user": isinstance(error, UserError)})
