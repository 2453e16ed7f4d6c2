"""Several runs of one PM in one pass over the pairs: what each of them lacks is captured once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from engine.log import LOGGER
from engine.measure.crew import Alone
from engine.measure.on_views import OnViews, on_one_capture
from engine.measure.progress import Progress
from engine.measure.sitting import Sitting
from engine.measure.staging import Stage, Work, missing, write_part

Asked = tuple[Sitting, Sequence[Stage]]
"""Stages of one run, none of which needs another."""


@dataclass(slots=True)
class _Order:
    """One stage of one run, and how much of it is done."""

    sitting: Sitting
    stage: Stage
    measure: OnViews
    wanted: int
    done: int
    work: Work
    parts: Sequence[tuple[int, list[int]]]

    def tell(self, tokens: int) -> None:
        """Say how far it is."""
        run = self.sitting.run
        self.sitting.tell(Progress(run, self.stage.name, self.done, self.wanted, tokens))


@dataclass(frozen=True, slots=True)
class _Part:
    """What two orders or more lack alike."""

    ids: list[int]
    orders: list[tuple[_Order, int]]
    """Each with the first id of its part's range, which may span more ids than another's."""


def measure_together(asked: Sequence[Asked]) -> list[list[Work]]:
    """Measure the parts that two stages or more lack alike; how much of each stage that was.

    Only stages that are measured on views of the same batches can share: the PM runs once up to
    where each of their SAEs reads, and what is read there is the same to the last bit. What this
    leaves, each run measures by itself, and so do the workers of a cluster.
    """
    orders = [[_order(sitting, stage) for stage in stages] for sitting, stages in asked]
    started = time.perf_counter()
    tokens = pairs = 0
    for part in _alike([order for some in orders for order in some if order]):
        source = part.orders[0][0].sitting.store
        for order, _ in part.orders:
            if not order.work.pairs:
                order.tell(0)
        stages = [order.measure for order, _ in part.orders]
        made = on_one_capture(stages, source.pairs(part.ids))
        for (order, first), measured in zip(part.orders, made, strict=True):
            write_part(order.sitting.parts, order.stage.name, first, measured)
            order.done += len(part.ids)
            order.work += Work(pairs=len(part.ids), tokens=measured.tokens)
            order.tell(measured.tokens)
            tokens += measured.tokens
        pairs += len(part.ids)
    if pairs:
        told = "%d pairs on one capture for several stages or runs, %d tokens, in %.1f s"
        LOGGER.info(told, pairs, tokens, time.perf_counter() - started)
    return [[order.work if order else Work() for order in some] for some in orders]


def _order(sitting: Sitting, stage: Stage) -> _Order | None:
    """None where nothing can be shared."""
    if not isinstance(sitting.crew, Alone):
        return None
    measure = stage.make(sitting.instrument)
    if not isinstance(measure, OnViews):
        return None
    left = missing(stage.name, stage.ids, sitting.parts)
    done = left.wanted - left.pairs
    return _Order(sitting, stage, measure, left.wanted, done, Work(), left.parts)


def _alike(orders: Sequence[_Order]) -> list[_Part]:
    """The parts of two orders or more with the same pairs, whose captures can be one."""
    found: dict[tuple[bool, tuple[int, ...]], _Part] = {}
    for order in orders:
        at_the_end = order.sitting.instrument.forward.at_the_end
        for first, ids in order.parts:
            part = found.setdefault((at_the_end, tuple(ids)), _Part(ids, []))
            part.orders.append((order, first))
    return [part for part in found.values() if len(part.orders) > 1]
