"""The lab's queue: in order, cancelled, held, and intact whatever happens to the worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from engine.errors import UserError
from engine.live.change import Change
from engine.live.edit import NoWorkerError, Rescored
from engine.live.features import FeatureChanges
from engine.live.queue import Queue, Result
from tests.tui.fakes import make_detail

GONE = NoWorkerError("the worker is gone: it ended")
REFUSED = UserError("a response is longer than the PM's context")
INSERT = Change(insert_chosen="!")
ABLATE = Change(features=FeatureChanges((3,)))


@dataclass
class Bench:
    """Answers for a PM: at once, unless told to wait; what is raised is said beforehand."""

    asked: list[tuple[int, Change]] = field(default_factory=list)
    raising: list[UserError | None] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    settled: int = 0
    now: float = 0.0

    async def ask(self, pair: int, change: Change) -> Result:
        self.asked.append((pair, change))
        await self.open.wait()
        self.now += 2.0
        error = self.raising.pop(0) if self.raising else None
        if error is not None:
            raise error
        before = make_detail(0)
        edit = change.edit(before.pair)
        step = 1e-6 if edit.is_none else 0.25
        after = replace(before, margin=(before.margin or 0.0) - step)
        return Result(pair, Rescored(before, after, 2.0, edit))

    async def settle(self) -> None:
        self.settled += 1

    def queue(self, *, wait: bool = False) -> Queue:
        if not wait:
            self.open.set()
        return Queue(self.ask, self.settle, lambda: self.now)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0)


async def until_over(queue: Queue) -> None:
    await until(lambda: queue.left == 0 and not queue.busy)
    await asyncio.sleep(0)


async def test_changes_are_measured_in_the_order_they_were_queued() -> None:
    bench = Bench()
    queue = bench.queue()
    first, second = queue.add(INSERT, [1, 2, 3]), queue.add(ABLATE, [2, 3])
    assert queue.left == 5
    await until_over(queue)
    assert bench.asked == [(1, INSERT), (2, INSERT), (3, INSERT), (2, ABLATE), (3, ABLATE)]
    assert (first.status, second.status) == ("done", "done")
    assert [made.pair for made in first.results] == [1, 2, 3]
    assert queue.pace == 2.0
    queue.add(INSERT, [4])  # it was at rest, and starts again
    await until_over(queue)
    assert len(queue.experiments) == 3


async def test_whoever_looks_is_told_of_every_step() -> None:
    bench = Bench()
    queue = bench.queue()
    seen: list[int] = []
    queue.changed = lambda: seen.append(queue.left)
    queue.add(INSERT, [1, 2])
    await until_over(queue)
    assert seen == sorted(seen, reverse=True)
    assert set(seen) == {0, 1, 2}


async def test_a_single_edit_is_held_against_the_drift_of_its_pair_measured_once() -> None:
    bench = Bench()
    queue = bench.queue()
    queue.add(INSERT, [7])
    queue.add(ABLATE, [7])
    await until_over(queue)
    assert bench.asked == [(7, INSERT), (7, Change()), (7, ABLATE)]
    assert abs(queue.drifts[7]) < 1e-5
    assert [len(made.results) for made in queue.experiments] == [1, 1]


async def test_one_of_many_keeps_no_features_and_a_single_one_does() -> None:
    queue = Bench().queue()
    many, single = queue.add(INSERT, [1, 2]), queue.add(INSERT, [1])
    await until_over(queue)
    assert many.results[0].rescored.after.features == ()
    assert single.results[0].rescored.after.features


async def test_a_pair_that_is_refused_stops_no_other() -> None:
    bench = Bench(raising=[None, REFUSED, None])
    queue = bench.queue()
    made = queue.add(INSERT, [1, 2, 3])
    await until_over(queue)
    assert made.status == "done"
    assert [one.pair for one in made.results] == [1, 3]
    assert [(one.pair, one.error) for one in made.refusals] == [(2, REFUSED)]
    assert queue.held is None


async def test_a_worker_that_dies_once_costs_nothing() -> None:
    bench = Bench(raising=[None, GONE])
    queue = bench.queue()
    made = queue.add(INSERT, [1, 2, 3])
    await until_over(queue)
    assert [pair for pair, _ in bench.asked] == [1, 2, 2, 3]
    assert [one.pair for one in made.results] == [1, 2, 3]


async def test_a_worker_that_dies_of_the_same_pair_again_holds_the_queue() -> None:
    bench = Bench(raising=[None, GONE, GONE])
    queue = bench.queue()
    made = queue.add(INSERT, [1, 2, 3])
    await until(lambda: queue.held is not None)
    await asyncio.sleep(0)
    assert queue.held is GONE
    assert (made.status, made.left, len(made.refusals)) == ("waiting", 1, 1)
    later = queue.add(ABLATE, [9])  # it waits with the others
    await asyncio.sleep(0)
    assert [pair for pair, _ in bench.asked] == [1, 2, 2]
    queue.go_on()
    await until_over(queue)
    assert (made.status, later.status) == ("done", "done")
    assert [one.pair for one in made.results] == [1, 3]


async def test_an_experiment_under_way_is_cancelled_and_the_next_begins() -> None:
    bench = Bench()
    queue = bench.queue(wait=True)
    first, second = queue.add(INSERT, [1, 2]), queue.add(ABLATE, [3, 4])
    await until(lambda: bool(bench.asked))
    bench.now += 5
    assert queue.elapsed == 5
    queue.cancel(first)
    bench.open.set()
    await until_over(queue)
    assert (first.status, first.results, second.status) == ("cancelled", [], "done")
    assert bench.settled == 1
    assert [pair for pair, _ in bench.asked] == [1, 3, 4]


async def test_what_waits_or_is_over_is_cancelled_without_a_word_to_the_worker() -> None:
    bench = Bench()
    queue = bench.queue()
    over = queue.add(INSERT, [1])
    await until_over(queue)
    bench.open.clear()
    queue.add(INSERT, [2, 3])
    waiting = queue.add(ABLATE, [4])
    await until(lambda: queue.busy)
    queue.cancel(over)
    queue.cancel(waiting)
    assert (over.status, waiting.status) == ("done", "cancelled")
    assert bench.settled == 0
    bench.open.set()
    await until_over(queue)


async def test_all_are_cancelled_and_a_held_queue_is_free_again() -> None:
    bench = Bench(raising=[GONE, GONE])
    queue = bench.queue()
    queue.add(INSERT, [1, 2])
    queue.add(ABLATE, [3])
    await until(lambda: queue.held is not None)
    queue.cancel_all()
    assert (queue.left, queue.held) == (0, None)
    made = queue.add(INSERT, [5, 6])
    await until_over(queue)
    assert len(made.results) == 2


async def test_what_was_measured_elsewhere_is_in_the_history() -> None:
    bench = Bench()
    queue = bench.queue()
    queue.remember(Change(), await bench.ask(5, Change()))
    assert queue.experiments[0].status == "done"
    assert 5 in queue.drifts
    assert queue.left == 0


async def test_closing_stops_the_measurement_under_way() -> None:
    bench = Bench()
    queue = bench.queue(wait=True)
    queue.add(INSERT, [1, 2])
    await until(lambda: bool(bench.asked))
    await queue.close()
    assert not queue.busy
    bench.open.set()
    await asyncio.sleep(0)
    assert len(bench.asked) == 1
    await Bench().queue().close()  # one that never ran
