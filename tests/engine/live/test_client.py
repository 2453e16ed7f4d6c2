"""Whatever a worker does, the next question works, nothing hangs and nothing is left behind."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from engine.errors import UserError
from engine.live import child, client
from engine.live.client import LiveRescorer
from engine.live.edit import Edit, NoWorkerError, Rescored
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


async def refused(asked: LiveRescorer, error: type[UserError] = NoWorkerError) -> str:
    async with asyncio.timeout(10):
        with pytest.raises(error) as refusal:
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


LONG = """
ready()
asked, many = hear(), 20_000
say("measured", id=asked["id"], reward_chosen=1.0, reward_rejected=2.0, reward_chosen_sae=0.0,
    reward_rejected_sae=0.0, truncated=0, feature=list(range(many)), activation_chosen=[0.5] * many,
    activation_rejected=[0.0] * many, attribution=[0.25] * many, heuristics=[])
hear()
"""


async def test_nothing_is_lost_while_an_editor_has_the_terminal(start: Start) -> None:
    """The loop stands still then: an answer longer than a pipe holds waits there, and is whole."""
    asked = start(LONG)
    asking = asyncio.create_task(asked.rescore(BEFORE, Edit()))
    await until_state(asked, "measuring")
    stop = [sys.executable, "-c", "import time; time.sleep(0.3)"]
    assert subprocess.run(stop, check=False).returncode == 0
    after = (await asking).after
    assert (after.reward_chosen, after.reward_rejected) == (1.0, 2.0)
    assert after.features[0].attribution == 0.25
    assert asked.state == "ready"


async def test_the_question_holds_the_edit(start: Start) -> None:
    asked = start("ready(); m = hear(); open(2, 'w').write(json.dumps(m)); sys.exit()")
    edit = Edit(response_chosen=" I see.", ablate=(3,), scale={7: 2.0}, pin={9: -1.5})
    with pytest.raises(UserError) as refusal:
        await asked.rescore(BEFORE, edit)
    said = str(refusal.value)
    assert '"chosen": " I see.", "rejected": " No."' in said
    assert '"scales": {"3": 0.0, "7": 2.0}, "pins": {"9": -1.5}' in said


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
        ("print('Welcome to gpu1!', flush=True); serve()", "no message of protocol 6: Welcome"),
        ("say('hello', protocol=1); serve()", "does not speak protocol 6"),
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
        ("ready(); hear(); print('\\x1b[2J loss: nan')", "no message of protocol 6: ␛[2J loss"),
        ("ready(); say('cancelled', id=hear()['id']); hear()", "it answered with cancelled"),
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
    asked = LiveRescorer(["no-such-program", "worker"], MANIFEST, list)
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
    assert await refused(asked, UserError) == "too long"
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


async def leave(asked: LiveRescorer, state: str) -> None:
    """Ask, and go away when the rescorer is in a state."""
    leaving = asyncio.create_task(asked.rescore(BEFORE, Edit()))
    await until_state(asked, state)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_an_asker_that_goes_away_stops_the_measurement_and_keeps_the_worker(
    start: Start,
) -> None:
    asked = start(
        "ready(); first = hear(); assert hear() == {'type': 'cancel', 'id': first['id']};"
        " say('cancelled', id=first['id']); serve()"
    )
    await leave(asked, "measuring")
    assert asked.state == "ready"
    await asked.settle()
    assert asked.state == "ready"
    assert await ask(asked)


async def test_a_worker_that_does_not_stop_is_killed(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(client, "GRACE", 0.2)
    mark = tmp_path / "process"
    script = f"ready(); hear(); open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    asked = start(first_time(tmp_path / "started", script))
    leaving = asyncio.create_task(asked.rescore(BEFORE, Edit()))
    while not (mark.exists() and mark.read_text()):
        await asyncio.sleep(0.01)
    leaving.cancel()
    await asked.settle()
    await until_gone(int(mark.read_text()))
    assert asked.state == "stopped"
    assert await ask(asked)


async def test_a_worker_that_stopped_while_the_loop_stood_still_is_kept(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor holds the terminal, and with it the loop, for as long as it likes."""
    monkeypatch.setattr(client, "GRACE", 0.2)
    asked = start(
        "ready(); first = hear(); hear(); time.sleep(0.3); say('cancelled', id=first['id']);"
        " first = hear(); measured(first); serve()"
    )
    await leave(asked, "measuring")
    settling = asyncio.create_task(asked.settle())
    await asyncio.sleep(0.05)
    time.sleep(1)
    await settling
    assert asked.state == "ready"
    assert await ask(asked)


async def test_the_next_question_waits_for_no_worker_that_does_not_stop(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nobody settles: the next question does, and has a new worker answer it."""
    monkeypatch.setattr(client, "GRACE", 0.2)
    asked = start(first_time(tmp_path / "started", "ready(); hear(); time.sleep(60)"))
    await leave(asked, "measuring")
    assert await ask(asked)


@pytest.mark.parametrize("script", ["time.sleep(60)", "hello(); hear(); time.sleep(60)"])
async def test_a_worker_that_loads_for_ever_is_killed_at_once(
    start: Start, tmp_path: Path, script: str
) -> None:
    mark = tmp_path / "process"
    told = f"open({str(mark)!r}, 'w').write(str(os.getpid())); {script}"
    asked = start(first_time(tmp_path / "started", told))
    leaving = asyncio.create_task(asked.rescore(BEFORE, Edit()))
    while not (mark.exists() and mark.read_text()):
        await asyncio.sleep(0.01)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await until_gone(int(mark.read_text()))
    assert asked.state == "stopped"
    assert await ask(asked)


async def test_going_away_before_there_is_a_process_stops_it_too(start: Start) -> None:
    asked = start(HEALTHY)
    leaving = asyncio.create_task(asked.rescore(BEFORE, Edit()))
    await asyncio.sleep(0)
    leaving.cancel()
    await asked.settle()
    assert await ask(asked)


async def test_settling_what_nobody_stopped_is_nothing(start: Start) -> None:
    asked = start(HEALTHY)
    await asked.settle()
    process = await ask(asked)
    await asked.settle()
    assert await ask(asked) == process


async def test_whoever_waits_behind_the_one_that_went_away_gets_its_own_answer(
    start: Start,
) -> None:
    """The late answer to the first is dropped, and so is one that comes twice."""
    asked = start(
        "ready(); first = hear(); hear(); time.sleep(0.1); measured(first, 1.0);"
        " second = hear(); measured(first, 1.5); measured(second, 2.0); measured(second, 2.5);"
        " measured(hear(), 3.0); hear()"
    )
    leaving = asyncio.create_task(asked.rescore(BEFORE, Edit()))
    await until_state(asked, "measuring")
    staying = [asyncio.create_task(asked.rescore(BEFORE, Edit())) for _ in range(2)]
    leaving.cancel()
    async with asyncio.timeout(10):
        answers = await asyncio.gather(*staying)
    assert [answer.after.reward_chosen for answer in answers] == [2.0, 3.0]


async def test_who_goes_away_while_another_is_measured_stops_nothing(start: Start) -> None:
    """A queue measures, and the pair screen changes its mind while it waits for its turn."""
    asked = start("ready(); time.sleep(0.2); serve()")
    staying = asyncio.create_task(ask(asked))
    await until_state(asked, "measuring")
    leaving = asyncio.create_task(asked.rescore(BEFORE, Edit()))
    await asyncio.sleep(0.01)
    leaving.cancel()
    await asked.settle()
    assert await staying


async def test_an_asker_that_goes_away_in_the_middle_of_settling(start: Start) -> None:
    """Jumping from pair to pair: the models stay loaded."""
    asked = start(
        "ready(); first = hear(); hear(); time.sleep(0.3);"
        " say('cancelled', id=first['id']); serve()"
    )
    await leave(asked, "measuring")
    for _ in range(3):
        leaving = asyncio.create_task(asked.rescore(BEFORE, Edit()))
        await asyncio.sleep(0.02)
        leaving.cancel()
    assert asked.state == "ready"
    assert await ask(asked)


async def test_killing_takes_what_the_command_started_along(tmp_path: Path) -> None:
    """`sh -c`, `srun` and the like stand between us and the worker."""
    mark = tmp_path / "locked"
    inner = worker(
        f"import fcntl; held = open({str(mark)!r}, 'w'); fcntl.flock(held, fcntl.LOCK_EX);"
        " hello(); hear(); time.sleep(60)"
    )
    asked = LiveRescorer(["sh", "-c", '"$@"; true', "sh", *inner], MANIFEST, list)
    await leave(asked, "loading")
    with mark.open() as lock:  # whoever held it is dead
        async with asyncio.timeout(3):
            await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
    await asked.close()
