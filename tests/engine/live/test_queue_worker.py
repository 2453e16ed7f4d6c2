"""A queue over a worker that misbehaves: what is said, and that nothing queued is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from engine.live import client
from engine.live.change import Change
from engine.live.client import LiveRescorer
from engine.live.protocol import PROTOCOL
from engine.live.queue import Queue, Result
from tests.engine.live.fakes import BEFORE, first_time, rescorer

INSERT = Change(insert_chosen="!")
PAIRS = (1, 2, 3)


@dataclass
class Bench:
    """A queue, and the running PM that it asks."""

    queue: Queue
    asked: LiveRescorer

    async def until_over(self) -> None:
        queue = self.queue
        async with asyncio.timeout(10):
            while queue.busy or (queue.left and queue.held is None):
                await asyncio.sleep(0.01)

    def processes(self) -> list[float | None]:
        """Which worker answered each pair of the first change."""
        results = self.queue.experiments[0].results
        return [made.rescored.after.reward_rejected for made in results]


Start = Callable[[str], Bench]


@pytest_asyncio.fixture
async def start(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    """Makes queues over workers that run a script; closes all when the test is over."""
    monkeypatch.setattr(client, "GRACE", 0.2)
    made: list[Bench] = []

    def make(script: str) -> Bench:
        asked = rescorer(script)

        async def ask(pair: int, change: Change) -> Result:
            return Result(pair, await asked.rescore(BEFORE, change.edit(BEFORE.pair)))

        made.append(Bench(Queue(ask, asked.settle), asked))
        return made[-1]

    yield make
    for bench in made:
        await bench.queue.close()
        await bench.asked.close()


@pytest.mark.parametrize(
    "misbehaviour",
    [
        "hear(); os.kill(os.getpid(), 9)",
        "hear(); print('Traceback (most recent call last):', flush=True); time.sleep(60)",
        "m = hear(); say('hello', protocol=2); measured(m); time.sleep(60)",
        "m = hear(); say('measured', id=m['id'], reward_chosen=1.0); time.sleep(60)",
        "hear(); print('{', end='', flush=True); os.kill(os.getpid(), 9)",
    ],
    ids=["killed", "garbage", "hello twice", "half an answer", "half a line"],
)
async def test_what_was_queued_is_measured_by_the_next_worker(
    start: Start, tmp_path: Path, misbehaviour: str
) -> None:
    """The first worker answers one pair, and then misbehaves."""
    bench = start(first_time(tmp_path / "mark", f"ready(); measured(hear()); {misbehaviour}"))
    made = bench.queue.add(INSERT, PAIRS)
    await bench.until_over()
    assert (made.status, made.refusals) == ("done", [])
    first, *others = bench.processes()
    assert len(others) == 2
    assert set(others) != {first}
    assert len(set(others)) == 1


async def test_answers_that_come_late_twice_or_for_nobody_are_no_answers(start: Start) -> None:
    bench = start(
        "ready()\n"
        "old = {'id': 0}\n"
        "while True:\n"
        "    m = hear()\n"
        "    measured(old, 9.0); measured({'id': 999}, 9.0)\n"
        "    measured(m, 1.0); measured(m, 9.0)\n"
        "    old = m\n"
    )
    made = bench.queue.add(INSERT, PAIRS)
    await bench.until_over()
    rewards = [result.rescored.after.reward_chosen for result in made.results]
    assert rewards == [1.0, 1.0, 1.0]


async def test_an_answer_that_never_comes_is_waited_for_until_it_is_cancelled(
    start: Start, tmp_path: Path
) -> None:
    """The time is told; to cancel is enough, for what does not stop is killed."""
    bench = start(first_time(tmp_path / "mark", "ready(); hear(); time.sleep(600)"))
    stuck = bench.queue.add(INSERT, PAIRS)
    later = bench.queue.add(INSERT, PAIRS)
    async with asyncio.timeout(5):
        while bench.asked.state != "measuring":
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert bench.queue.busy
    assert bench.queue.elapsed >= 0.1
    bench.queue.cancel(stuck)
    await bench.until_over()
    assert (stuck.status, stuck.results) == ("cancelled", [])
    assert (later.status, len(later.results)) == ("done", 3)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("say('hello', protocol=1); hear()", f"does not speak protocol {PROTOCOL}"),
        ("sys.stderr.write('ssh: no route to host'); sys.exit(255)", "no route to host"),
        ("hello(); say('failed', id=hear()['id'], what='out of memory', where=None, todo=None)",
         "out of memory"),
        ("ready(); hear(); os.kill(os.getpid(), 9)", "the worker is gone: it ended"),
    ],
    ids=["another version", "no way there", "no memory to load", "always the same pair"],
)  # fmt: skip
async def test_a_worker_that_is_lost_twice_holds_the_queue_and_says_why(
    start: Start, script: str, said: str
) -> None:
    bench = start(script)
    made = bench.queue.add(INSERT, PAIRS)
    await bench.until_over()
    assert said in str(bench.queue.held)
    assert (made.status, made.left) == ("waiting", 2)
