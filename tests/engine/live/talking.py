"""Talking to a real `outvoted worker` line by line, as another program would."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from engine.live.protocol import PROTOCOL, Asked, Hello, Load, Measure, Message, decode, encode
from tests.engine.measure.tiny import hook_of
from tests.engine.tiny import DUNNO, TinyIndex

RUNNING = pytest.mark.xdist_group("running-pm")
"""Of the tests that share a process: each other worker would start one, and load torch in it."""
COMMAND = [sys.executable, "-m", "tui", "worker"]


class Talk:
    """One process: say something, hear the next message."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def say(self, *messages: Message) -> None:
        self.write(b"".join(map(encode, messages)))

    def write(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def hear(self) -> Message:
        assert self.process.stdout is not None
        return decode(self.process.stdout.readline())

    def hang_up(self) -> float:
        """Close its input; the seconds until it is gone."""
        assert self.process.stdin is not None
        started = time.monotonic()
        self.process.stdin.close()
        assert self.process.wait(timeout=30) == 0
        return time.monotonic() - started


@contextmanager
def talking(command: Sequence[str] = COMMAND) -> Iterator[Talk]:
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        talk = Talk(process)
        assert talk.hear() == Hello(PROTOCOL)
        yield talk
        process.kill()


def load(index: TinyIndex, identifier: int = 1, **changes: str) -> Load:
    usual: dict[str, str] = {
        "pm": str(index.pm),
        "sae": str(index.sae),
        "hook": hook_of("gptj"),
        "readout": "last-text-token",
        "positions": "all",
        "dtype": "float32",
        "device": "cpu",
    }
    return Load(identifier, **(usual | changes), chat_template=None)


def measure(identifier: int, chosen: str = " I don't know.", rejected: str = " Yes.") -> Measure:
    return Measure(
        id=identifier,
        pair=7,
        context="\n\nHuman: Who?\n\nAssistant:",
        chosen=chosen,
        rejected=rejected,
        asked=(Asked(DUNNO, DUNNO.features),),
        scales={},
        pins={},
    )
