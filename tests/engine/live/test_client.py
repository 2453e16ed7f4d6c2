"""Whatever a worker does, the next question works, nothing hangs and nothing is left behind."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from engine.errors import UserError
from engine.live import child, client
from engine.live.client import LiveRescorer
from engine.live.edit import Edit, Rescored
from tests.engine.live.fakes import (
    BEFORE,
    HEALTHY,
    MANIFEST,
    exists,
    first_time,
    rescorer,
    until_gone,
    until_state,
    worker,
)

Start = Callable[[str], LiveRescorer]


@pytest_asyncio.fixture
async def start() -> AsyncIterator[Start]:
    """Makes rescorers, and closes them when the test is over."""
    made: list[LiveRescorer] = []

    def make(script: str) -> LiveRescorer:
        made.append(rescorer(script))
        return made[-1]

    yield make
    for one in made:
        await one.close()


def process_of(rescored: Rescored) -> int:
    assert rescored.after.reward_rejected is not None
    return int(rescored.after.reward_rejected)


async def ask(asked: LiveRescorer) -> int:
    """An unedited rescore; the id of the process that answered."""
    async with asyncio.timeout(10):
        return process_of(await asked.rescore(BEFORE, Edit()))


async def refused(asked: LiveRescorer) -> str:
    async with asyncio.timeout(10):
        with pytest.raises(UserError) as refusal:
            await asked.rescore(BEFORE, Edit())
    return str(refusal.value)


async def test_one_worker_answers_every_question(start: Start) -> None:
    asked = start(HEALTHY)
    assert asked.state == "not started"
    first = await ask(asked)
    assert asked.state == "ready"
    assert await ask(asked) == first
    several = await asyncio.gather(*(ask(asked) for _ in range(3)))
    assert set(several) == {first}


async def test_the_question_holds_the_edit(start: Start) -> None:
    asked = start("ready(); m = hear(); open(2, 'w').write(json.dumps(m)); sys.exit()")
    edit = Edit(response_chosen=" I see.", ablate=(3,), scale={7: 2.0})
    with pytest.raises(UserError) as refusal:
        await asked.rescore(BEFORE, edit)
    said = str(refusal.value)
    assert '"chosen": " I see.", "rejected": " No."' in said
    assert '"scales": {"3": 0.0, "7": 2.0}' in said


async def test_closing_ends_the_worker_and_leaves_no_zombie(start: Start) -> None:
    asked = start(HEALTHY)
    process = await ask(asked)
    assert exists(process)
    await asked.close()
    assert not exists(process)
    assert asked.state == "closed"


async def test_a_worker_that_ignores_the_end_of_its_input_is_killed(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "_GRACE", 0.2)
    asked = start("ready(); measured(hear()); time.sleep(60)")
    process = await ask(asked)
    await asked.close()
    assert not exists(process)


async def test_closing_that_is_cancelled_still_kills(start: Start) -> None:
    """The browser closes while its event loop is being torn down."""
    asked = start("ready(); measured(hear()); time.sleep(60)")
    process = await ask(asked)
    closing = asyncio.create_task(asked.close())
    await asyncio.sleep(0)
    closing.cancel()
    await until_gone(process)


async def test_a_program_that_closes_nothing_leaves_no_worker_behind() -> None:
    """The end of a program closes its pipes, and a worker ends with its input."""
    script = (
        "import asyncio; from engine.live.edit import Edit; from tests.engine.live import fakes;"
        "asked = fakes.rescorer(fakes.HEALTHY);"
        "done = asyncio.run(asked.rescore(fakes.BEFORE, Edit()));"
        "print(int(done.after.reward_rejected))"
    )
    ended = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, _ = await ended.communicate()
    await until_gone(int(out))


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("print('Welcome to gpu1!', flush=True); serve()", "no message of protocol 1: Welcome"),
        ("say('hello', protocol=2); serve()", "does not speak protocol 1"),
        ("say('measured', id=1)", "lacks"),
        ("sys.stderr.write('no such host\\n\\x1b[2J\\n'); sys.exit(255)", "it ended (␛[2J)"),
        ("hello(); hear(); sys.exit()", "it ended"),
        ("hello(); hear(); print('{\"type\": \"load', end=''); sys.exit()", "it ended"),
        ("hello(); hello(); hear(); time.sleep(60)", "hello twice"),
        ("hello(); hear(); say('failed', id=-1, what='eh?', where=None, todo=None)", "eh?"),
        ("hello(); say('cancelled', id=hear()['id']); hear()", "it answered with cancelled"),
        ("hello(); say('loaded', id=hear()['id'], run='0' * 16); hear()", "measures run 000"),
        ("ready(); say('loaded', id=hear()['id'], run=''); hear()", "it answered with loaded"),
        ("ready(); m = hear(); m['type'] = 'measured'; print(json.dumps(m))", "no message"),
    ],
)
async def test_what_is_wrong_with_a_worker_is_said_and_the_next_one_works(
    start: Start, tmp_path: Path, script: str, said: str
) -> None:
    mark = tmp_path / "started"
    asked = start(first_time(mark, script))
    assert said in await refused(asked)
    assert asked.state.startswith("gone")
    assert await ask(asked)
    assert asked.state == "ready"


async def test_a_command_that_is_not_there_is_named() -> None:
    asked = LiveRescorer(["no-such-program", "worker"], MANIFEST, [])
    assert await refused(asked) == (
        "no-such-program: the worker cannot be started: No such file or directory\n"
        "  Look at --worker, or leave it out to run the PM on this machine."
    )
    assert asked.state.startswith("gone")


async def test_models_that_cannot_be_loaded_are_named(start: Start) -> None:
    asked = start(
        "hello(); say('failed', id=hear()['id'], what='the tokenizer is missing',"
        " where='pms/tiny', todo='Write it.'); hear()"
    )
    assert await refused(asked) == "pms/tiny: the tokenizer is missing\n  Write it."
    assert asked.state == "gone: the tokenizer is missing"


async def test_a_measurement_that_fails_leaves_the_worker_as_it_is(start: Start) -> None:
    asked = start(
        "ready(); say('failed', id=hear()['id'], what='too long', where=None, todo=None); serve()"
    )
    assert await refused(asked) == "too long"
    assert asked.state == "ready"
    assert await ask(asked)


async def test_a_worker_that_dies_while_measuring_is_replaced(start: Start, tmp_path: Path) -> None:
    asked = start(first_time(tmp_path / "started", "ready(); hear(); os.kill(os.getpid(), 9)"))
    assert "the worker is gone: it ended" in await refused(asked)
    assert await ask(asked)


async def test_a_worker_that_was_killed_while_idle_is_replaced(start: Start) -> None:
    asked = start(HEALTHY)
    process = await ask(asked)
    os.kill(process, signal.SIGKILL)
    await until_gone(process)
    await until_state(asked, "gone")
    assert await ask(asked) != process


async def test_a_line_without_end_is_no_answer(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "LONGEST_LINE", 1000)
    asked = start("hello(); hear(); sys.stdout.write('x' * 5000); sys.stdout.flush(); hear()")
    assert "a line of over 1000 bytes" in await refused(asked)


async def test_noise_on_stderr_stops_nobody(start: Start) -> None:
    asked = start("sys.stderr.write('warning\\n' * 200_000); ready(); serve()")
    assert await ask(asked)


async def test_answers_to_nobody_are_passed_over(start: Start) -> None:
    asked = start(
        "ready(); m = hear(); measured({'id': 99}); measured({'id': 0}); measured(m, 7.0)"
    )
    async with asyncio.timeout(10):
        rescored = await asked.rescore(BEFORE, Edit())
    assert rescored.after.reward_chosen == 7.0


async def test_cancelling_asks_the_worker_to_stop_and_keeps_it(start: Start) -> None:
    asked = start("ready(); hear(); say('cancelled', id=hear()['id']); serve()")
    waiting = asyncio.create_task(refused(asked))
    await until_state(asked, "measuring")
    await asked.cancel()
    assert await waiting == "the measurement was stopped"
    assert asked.state == "ready"
    assert await ask(asked)


async def test_a_worker_that_does_not_stop_is_killed(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(client, "GRACE", 0.2)
    mark = tmp_path / "process"
    script = f"ready(); hear(); open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    asked = start(first_time(tmp_path / "started", script))
    waiting = asyncio.create_task(refused(asked))
    await until_state(asked, "measuring")
    while not (mark.exists() and mark.read_text()):
        await asyncio.sleep(0.01)
    await asked.cancel()
    assert await waiting == "the measurement was stopped"
    await until_gone(int(mark.read_text()))
    assert asked.state == "stopped"
    assert await ask(asked)


@pytest.mark.parametrize("script", ["time.sleep(60)", "hello(); hear(); time.sleep(60)"])
async def test_a_worker_that_loads_for_ever_is_killed_at_once(
    start: Start, tmp_path: Path, script: str
) -> None:
    mark = tmp_path / "started"
    asked = start(first_time(mark, script))
    waiting = asyncio.create_task(refused(asked))
    while not mark.exists():
        await asyncio.sleep(0.01)
    async with asyncio.timeout(2):
        await asked.cancel()
    assert await waiting == "the measurement was stopped"
    assert asked.state == "stopped"
    assert await ask(asked)


async def test_cancelling_before_there_is_a_process_stops_it_too(start: Start) -> None:
    asked = start(HEALTHY)
    waiting = asyncio.create_task(refused(asked))
    await asyncio.sleep(0)
    await asked.cancel()
    assert await waiting == "the measurement was stopped"
    assert await ask(asked)


async def test_cancelling_nothing_is_nothing(start: Start) -> None:
    asked = start(HEALTHY)
    await asked.cancel()
    process = await ask(asked)
    await asked.cancel()
    assert await ask(asked) == process


async def test_an_asker_that_goes_away_leaves_no_answer_to_the_next(start: Start) -> None:
    """A screen's own worker is cancelled: the measurement is stopped, and its answer dropped."""
    asked = start(
        "ready(); first = hear(); assert hear() == {'type': 'cancel', 'id': first['id']};"
        " measured(first, 1.0); measured(hear(), 2.0)"
    )
    leaving = asyncio.create_task(asked.rescore(BEFORE, Edit()))
    await until_state(asked, "measuring")
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert asked.state == "ready"
    async with asyncio.timeout(10):
        rescored = await asked.rescore(BEFORE, Edit())
    assert rescored.after.reward_chosen == 2.0


async def test_what_the_pair_screen_does(start: Start) -> None:
    """It cancels its worker, has the rescorer cancel, and asks anew, all in one breath."""
    asked = start(
        "ready(); first = hear(); hear(); time.sleep(0.2);"
        " say('cancelled', id=first['id']); serve()"
    )
    leaving = asyncio.create_task(asked.rescore(BEFORE, Edit()))
    await until_state(asked, "measuring")
    leaving.cancel()
    stopping = asyncio.create_task(asked.cancel())
    assert await ask(asked)
    await stopping
    assert leaving.cancelled()


async def test_an_asker_that_goes_away_and_a_worker_that_does_not_stop(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(client, "GRACE", 0.2)
    asked = start(first_time(tmp_path / "started", "ready(); hear(); time.sleep(60)"))
    leaving = asyncio.create_task(asked.rescore(BEFORE, Edit()))
    await until_state(asked, "measuring")
    leaving.cancel()
    await asked.cancel()
    assert await ask(asked)


async def test_an_asker_that_goes_away_while_the_models_load(start: Start, tmp_path: Path) -> None:
    mark = tmp_path / "process"
    script = f"open({str(mark)!r}, 'w').write(str(os.getpid())); hello(); hear(); time.sleep(60)"
    asked = start(first_time(tmp_path / "started", script))
    leaving = asyncio.create_task(asked.rescore(BEFORE, Edit()))
    await until_state(asked, "loading")
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await until_gone(int(mark.read_text()))
    assert await ask(asked)


async def test_killing_takes_what_the_command_started_along(tmp_path: Path) -> None:
    """`sh -c`, `srun` and the like stand between us and the worker."""
    mark = tmp_path / "locked"
    inner = worker(
        f"import fcntl; held = open({str(mark)!r}, 'w'); fcntl.flock(held, fcntl.LOCK_EX);"
        " hello(); hear(); time.sleep(60)"
    )
    asked = LiveRescorer(["sh", "-c", '"$@"; true', "sh", *inner], MANIFEST, [])
    waiting = asyncio.create_task(refused(asked))
    await until_state(asked, "loading")
    await asked.cancel()
    assert await waiting == "the measurement was stopped"
    with mark.open() as lock:  # whoever held it is dead
        async with asyncio.timeout(3):
            await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
    await asked.close()
