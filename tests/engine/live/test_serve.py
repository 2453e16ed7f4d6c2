"""`outvoted worker` as any program meets it: hello, load, measure, cancel, and hanging up."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine.live.protocol import (
    LONGEST_LINE,
    NO_REQUEST,
    Cancel,
    Cancelled,
    Failed,
    Loaded,
    Measured,
    Message,
    decode,
)
from tests.engine.live.talking import RUNNING, Talk, load, measure, talking
from tests.engine.tiny import DUNNO, TinyIndex

pytestmark = RUNNING


def failed(message: Message) -> Failed:
    assert isinstance(message, Failed)
    return message


def test_a_pair_is_measured(talk: Talk) -> None:
    talk.say(measure(2))
    answer = talk.hear()
    assert isinstance(answer, Measured)
    assert answer.id == 2
    (found,) = answer.heuristics
    assert (found.name, found.bearer, found.spans) == ("dunno", "chosen", ((1, 13),))
    assert found.effect is not None
    assert answer.feature == tuple(sorted(answer.feature))
    talk.say(measure(3))
    assert talk.hear() == replace(answer, id=3)


def test_sides_that_are_the_same_have_the_same_reward(talk: Talk) -> None:
    talk.say(measure(2, " I don't know.", " I don't know."))
    answer = talk.hear()
    assert isinstance(answer, Measured)
    assert answer.reward_chosen == pytest.approx(answer.reward_rejected, abs=1e-6)
    assert (answer.feature, answer.heuristics) == ((), ())


def test_a_measurement_cancelled_before_its_turn_is_never_made(talk: Talk) -> None:
    """A browser that jumps from pair to pair asks faster than a PM answers."""
    several = [measure(identifier) for identifier in range(10, 40)]
    talk.say(*several, *(Cancel(identifier) for identifier in range(10, 40)), measure(40))
    answers = [talk.hear() for _ in range(31)]
    stopped = [answer for answer in answers[:-1] if isinstance(answer, Cancelled)]
    assert len(stopped) > 20
    assert isinstance(answers[-1], Measured)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"what?\n", "no message of protocol 6: what?"),
        (b'{"type": "measure", "id": 2}\n', "lacks"),
        (b"x" * (LONGEST_LINE + 10) + b"\n", "longer than"),
    ],
)
def test_a_line_that_is_no_request_is_refused_once(talk: Talk, line: bytes, said: str) -> None:
    talk.write(line)
    refusal = failed(talk.hear())
    assert refusal.id == NO_REQUEST
    assert said in refusal.what
    talk.say(measure(5))
    assert isinstance(talk.hear(), Measured)


def test_what_cannot_be_measured_is_said_and_the_worker_goes_on(talk: Talk) -> None:
    known = measure(6)
    unknown_feature = replace(known.asked[0], features=(3, 96))
    no_regex = replace(known.asked[0], heuristic=replace(DUNNO, pattern="(", regex=True))
    for wrong, said in (
        (replace(known, asked=(unknown_feature,)), "feature 96 does not exist"),
        (replace(known, asked=(no_regex,)), "no valid regular expression"),
        (replace(known, scales={-1: 0.0}), "feature -1 does not exist"),
        (replace(known, pins={99: 0.0}), "feature 99 does not exist"),
        (replace(known, context="", chosen=""), "a transcript is empty"),
        (measure(6, " word" * 200), "longer than the PM's context of 128 tokens"),
    ):
        talk.say(wrong)
        refusal = failed(talk.hear())
        assert refusal.id == 6
        assert said in refusal.what
    talk.say(known)
    assert isinstance(talk.hear(), Measured)


def test_what_cannot_be_loaded_is_said(talk: Talk, tiny_index: TinyIndex, tmp_path: Path) -> None:
    for identifier, (changes, said) in enumerate(
        (
            ({"dtype": "int8"}, 'no dtype "int8"'),
            ({"readout": "first"}, 'no readout "first"'),
            ({"positions": "some"}, 'no positions "some"'),
            ({"device": "abacus"}, "no such device"),
            ({"device": "cuda:99"}, "no such device"),
            ({"hook": "transformer.h.9"}, "was trained at transformer.h.1"),
            ({"pm": str(tmp_path)}, "config.json"),
        )
    ):
        talk.say(load(tiny_index, identifier, **changes))
        refusal = failed(talk.hear())
        assert refusal.id == identifier
        assert said in f"{refusal.where}: {refusal.what}"
    talk.say(measure(8))
    assert "no PM is loaded" in failed(talk.hear()).what
    talk.say(load(tiny_index, 9))
    assert talk.hear() == Loaded(9, tiny_index.run)


def test_the_end_of_input_ends_it_at_once_while_it_imports_torch() -> None:
    with talking() as talk:
        assert talk.hang_up() < 1


NOISY = """
import os, sys
import engine.live.serve as serve
import engine.live.worker as worker
loud = worker.load_pm
def load_pm(*args, **kwargs):
    print("print")
    sys.stdout.write("write\\n")
    os.write(1, b"descriptor\\n")
    os.system("echo child")
    print("read", repr(sys.stdin.read()))
    return loud(*args, **kwargs)
worker.load_pm = load_pm
serve.serve()
"""


def test_the_end_of_input_ends_it_at_once_while_it_measures(tiny_index: TinyIndex) -> None:
    """And what a library printed meanwhile is on stderr; what it read from stdin was empty."""
    with talking([sys.executable, "-c", NOISY]) as talk:
        talk.say(load(tiny_index))
        assert isinstance(talk.hear(), Loaded)
        talk.say(*(measure(identifier) for identifier in range(2, 500)))
        assert isinstance(talk.hear(), Measured)
        assert talk.hang_up() < 1
        assert talk.process.stdout is not None
        rest = talk.process.stdout.read().split(b"\n")
        assert all(isinstance(decode(line), Measured) for line in rest[:-1])
        assert talk.process.stderr is not None
        said = talk.process.stderr.read().decode().split("\n")
    for noise in ("print", "write", "descriptor", "child", "read ''"):
        assert noise in said
