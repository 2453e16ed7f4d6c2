"""Stages of several runs of one PM in one pass over the pairs: what they lack is captured once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from engine.measure.on_views import OnViews
from engine.measure.progress import Progress
from engine.measure.sitting import Sitting
from engine.measure.staging import Missing, Part, Stage, Task, Work, missing, tell_log

Asked = tuple[Sitting, Sequence[Stage]]
"""Stages of one run, none of which needs another."""


@dataclass(slots=True)
class _Order:
    """One stage of one run, and how much of it is done."""

    sitting: Sitting
    stage: Stage
    left: Missing
    on_views: bool
    """Whether it can be measured on the capture of another."""
    work: Work = field(default_factory=Work)
    seconds: float = 0.0
    told: bool = False

    def tell(self, tokens: int) -> None:
        """Say how far it is."""
        self.told = True
        run, wanted = self.sitting.run, self.left.wanted
        done = wanted - self.left.pairs + self.work.pairs
        if wanted:
            self.sitting.tell(Progress(run, self.stage.name, done, wanted, tokens))


@dataclass(frozen=True, slots=True)
class _Planned:
    """Pairs that one order lacks, or several alike."""

    ids: list[int]
    orders: list[tuple[_Order, int]]
    """Each with the first id of its part's range, which may span more ids than another's."""

    @property
    def task(self) -> Task:
        parts = (
            Part(order.sitting.run, order.stage, order.sitting.parts, first)
            for order, first in self.orders
        )
        return Task(self.ids, tuple(parts))


def measure_stages(asked: Sequence[Asked]) -> list[list[Work]]:
    """Measure what stages of the first run lack, and of the others what can be captured with it.

    Stages that are measured on views of the same batches share a capture, those of one run too:
    the PM runs once up to where each of their SAEs reads, and what is read there is the same to the
    last bit. All runs have one crew.

    Returns:
        How much of each stage that was. What was computed for several is counted of the first.
    """
    orders = [_orders(sitting, stages) for sitting, stages in asked]
    planned = _plan(orders)
    for order in orders[0]:
        if not order.left.parts:
            order.tell(0)
    for number, tokens, seconds in _measured(asked[0][0], planned):
        for place, (order, _) in enumerate(planned[number].orders):
            own = 0 if place else tokens
            order.work += Work(pairs=len(planned[number].ids), tokens=own)
            order.seconds += 0 if place else seconds
            order.tell(own)
    for order in (order for of_run in orders for order in of_run if order.work.pairs):
        name, tokens = order.stage.name, order.work.tokens
        tell_log(order.sitting.run, name, order.left, tokens, order.seconds)
    return [[order.work for order in of_run] for of_run in orders]


def _measured(sitting: Sitting, planned: Sequence[_Planned]) -> Iterator[tuple[int, int, float]]:
    """Each as it is done, with its tokens, and the seconds since the one before."""
    _begin(planned[:1])
    since = time.perf_counter()
    tasks = [each.task for each in planned]
    for done, (number, tokens) in enumerate(sitting.crew.measure(tasks, source=sitting.store), 1):
        now = time.perf_counter()
        yield number, tokens, now - since
        _begin(planned[done : done + 1])
        since = now


def _begin(planned: Sequence[_Planned]) -> None:
    """Say of what is measured next that it is."""
    for order in (order for each in planned for order, _ in each.orders if not order.told):
        order.tell(0)


def _orders(sitting: Sitting, stages: Sequence[Stage]) -> list[_Order]:
    """One for each stage; what two heuristics of one pattern ask alike is asked of the first."""
    asked: dict[str, set[int]] = {}
    found = []
    for stage in stages:
        before = asked.setdefault(stage.name, set())
        ids = set(stage.ids) - before
        before |= ids
        on_views = isinstance(stage.make(sitting.instrument), OnViews)
        found.append(_Order(sitting, stage, missing(stage.name, ids, sitting.parts), on_views))
    return found


def _plan(orders: Sequence[Sequence[_Order]]) -> list[_Planned]:
    """What several lack alike comes first, then the rest of the first run, stage by stage."""
    alike: dict[tuple[bool, tuple[int, ...]], _Planned] = {}
    for order in (order for of_run in orders for order in of_run if order.on_views):
        at_the_end = order.sitting.instrument.forward.at_the_end
        for first, ids in order.left.parts:
            planned = alike.setdefault((at_the_end, tuple(ids)), _Planned(ids, []))
            planned.orders.append((order, first))
    several = [planned for planned in alike.values() if len(planned.orders) > 1]
    shared = {(id(order), first) for planned in several for order, first in planned.orders}
    rest = [
        _Planned(ids, [(order, first)])
        for order in orders[0]
        for first, ids in order.left.parts
        if (id(order), first) not in shared
    ]
    return [*several, *rest]
