"""A program on a pty of 80x24 with 16 colours: keys go in, and what comes back is timed."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

SIZE = (24, 80)
LONGEST = 150.0
"""Seconds until an answer that never comes is given up."""
_NOTHING = 1.0
"""Seconds until a key is taken to draw nothing."""
_ROOT = Path(__file__).parents[2]
_INSTALLED = {"PYTHONDONTWRITEBYTECODE": ""}
"""Whoever installs it has the bytecode: a first start writes it, where an installer did not."""
_COLOURS = {"TERM": "xterm-16color", "COLORTERM": "", "LINES": "", "COLUMNS": ""}
_ASKED = b"\x1b[?2026$p"
_ANSWER = b"\x1b[?2026;2$y"  # synchronized output is known, as tmux and most terminals say
_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[ -/]*[@-~]")


def on_pty(
    command: Sequence[str], environment: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], int]:
    """Start a process on a new pty; the process, and our end of the pty."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        cwd=_ROOT,
        env={**os.environ, **_INSTALLED, **environment},
    )
    os.close(theirs)
    return process, ours


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, piece by piece, each with the seconds since the key."""

    pieces: tuple[tuple[float, bytes], ...]

    @property
    def data(self) -> bytes:
        return b"".join(data for _, data in self.pieces)

    @property
    def seconds(self) -> float:
        """From the key to the last byte."""
        return self.pieces[-1][0] if self.pieces else 0.0

    def since(self, text: bytes) -> float:
        """Seconds from the key to the byte that completed a text."""
        seen = b""
        for seconds, data in self.pieces:
            seen += data
            if text in _ESCAPES.sub(b"", seen):
                return seconds
        raise ValueError(f"{text!r} never came")


class Terminal:
    """One program and the terminal it thinks it has."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process, self._pty = on_pty(command, _COLOURS)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        os.close(self._pty)

    def press(self, keys: bytes, *, until: bytes = b"", settle: float = 0.06) -> Reply:
        """Send keys and read until nothing has come for `settle` seconds.

        Args:
            keys: what the keys send; empty: only read.
            until: a text that must have come before silence counts (escapes left out). Without
                one, a key may also draw nothing.
            settle: the silence, in seconds; it is no part of any time that is told.

        Raises:
            TimeoutError: the text never came.
        """
        started = last = time.perf_counter()
        pieces: list[tuple[float, bytes]] = []
        seen = b""
        if keys:
            os.write(self._pty, keys)
        while True:
            ready, _, _ = select.select([self._pty], [], [], settle)
            now = time.perf_counter()
            if ready:
                data = os.read(self._pty, 65536)
                pieces.append((now - started, data))
                seen, last = seen + data, now
                if _ASKED in data:
                    os.write(self._pty, _ANSWER)
            elif until in _ESCAPES.sub(b"", seen) and (
                pieces or until or now - started > max(settle, _NOTHING)
            ):
                return Reply(tuple(pieces))
            if now - max(last, started) > LONGEST:
                raise TimeoutError(f"no {until!r} after {keys!r}: {seen[-500:]!r}")

    def resident(self) -> float:
        """The process's resident memory in MB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1000
