"""A child process that speaks the protocol: requests out, their answers in, its last words kept."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence

from engine.errors import UserError
from engine.live.edit import NoWorkerError
from engine.live.protocol import (
    LONGEST_LINE,
    NO_REQUEST,
    PROTOCOL,
    Cancel,
    Failed,
    Hello,
    Message,
    decode,
    encode,
)
from engine.log import LOGGER
from engine.plain import plain

_GRACE = 2.0
"""Seconds a child gets to end by itself, and a dead one to be collected."""
_LAST_WORDS = 4096
"""Bytes kept of its stderr, for the message that says why it died."""


class Child:
    """One process in a session of its own, so that an ssh prompt cannot paint over the screen.

    What raises `NoWorkerError` has killed it first.
    """

    def __init__(
        self,
        command: Sequence[str],
        process: asyncio.subprocess.Process,
        stdin: asyncio.StreamWriter,
        stdout: asyncio.StreamReader,
        stderr: asyncio.StreamReader,
    ) -> None:
        self._command = command
        self._process = process
        self._stdin = stdin
        self._stdout = stdout
        self._errors = b""
        self._draining = asyncio.create_task(self._drain(stderr))
        self._killed = False
        self._owed: int | None = None
        """A request whose asker went away; the child has still to answer it."""

    @property
    def alive(self) -> bool:
        return not self._killed and self._process.returncode is None

    @property
    def collected(self) -> bool:
        return self._process.returncode is not None

    async def hello(self) -> None:
        """Wait for its first line.

        Raises:
            NoWorkerError: it is none of ours, or of another version.
        """
        message = await self._receive()
        if not isinstance(message, Hello) or message.protocol != PROTOCOL:
            raise await self.gone(f"it does not speak protocol {PROTOCOL}", _SAME_VERSION)

    def post(self, message: Message) -> None:
        """Send. Who waits for the answer learns of its death.

        Raises:
            UserError: the message cannot be sent; the child is as it was.
        """
        self._stdin.write(encode(message))

    async def drain(self) -> None:
        """Wait while the pipe is full."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            await self._stdin.drain()

    async def answer(self, identifier: int) -> Message:
        """The answer to one request; those that nobody waits for any more are passed over.

        Raises:
            NoWorkerError: it ended, or does not speak the protocol.
        """
        while True:
            message = await self._receive()
            if isinstance(message, Hello):
                raise await self.gone("it says hello twice", _SAME_VERSION)
            if message.id == self._owed:
                self._owed = None
            if message.id == identifier:
                return message
            if isinstance(message, Failed) and message.id == NO_REQUEST:
                raise await self.gone(f"it did not understand: {message.what}", _SAME_VERSION)

    def cancel(self, identifier: int) -> None:
        """Ask it to stop a request whose answer nobody awaits any more, without waiting."""
        self._owed = identifier
        self.post(Cancel(identifier))

    async def settle(self) -> None:
        """Wait for the answer that is owed, if one is."""
        if self._owed is not None:
            await self.answer(self._owed)

    def kill(self) -> None:
        """Kill it and whatever it started. asyncio collects it; nothing is waited for."""
        self._killed = True
        self._stdin.close()
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def end(self) -> None:
        """Close its input, on which it ends by itself; kill it if it does not, or if cancelled."""
        self._stdin.close()
        try:
            await self._ended()
        finally:
            self.kill()
            self._draining.cancel()
        await self._ended()

    async def gone(self, why: str, todo: str | None = None) -> NoWorkerError:
        """Kill it if need be; what to tell the user, its last words included."""
        self.kill()
        await self._ended()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                await self._draining
        lines = self._errors.decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        LOGGER.warning(
            "worker %s, process %d, status %s: %s; %s",
            " ".join(self._command), self._process.pid, self._process.returncode, why, last,
        )  # fmt: skip
        said = plain(f"{why} ({last})" if last else why, keep_newlines=False)
        return NoWorkerError(
            f"the worker is gone: {said}",
            where=" ".join(self._command),
            todo=todo or "The next rescore starts it again.",
        )

    async def _receive(self) -> Message:
        try:
            line = await self._stdout.readline()
        except ValueError:  # asyncio's word for a line over its limit
            why = f"it sent a line of over {LONGEST_LINE} bytes"
            raise await self.gone(why, _SAME_VERSION) from None
        except ConnectionResetError:
            line = b""
        if not line.endswith(b"\n"):  # its last line may be cut short by its death
            raise await self.gone("it ended")
        try:
            return decode(line)
        except UserError as error:
            raise await self.gone(error.what, error.todo) from None

    async def _ended(self) -> None:
        # wait() also waits for the pipes, which a grandchild may hold open.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                await self._process.wait()

    async def _drain(self, stderr: asyncio.StreamReader) -> None:
        while chunk := await stderr.read(1 << 16):
            self._errors = (self._errors + chunk)[-_LAST_WORDS:]


_SAME_VERSION = "Run the same Outvoted on both ends; --worker says what is started."


async def start(command: Sequence[str]) -> Child:
    """Start a command.

    Raises:
        NoWorkerError: there is no such command.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL in the command
        what = error.strerror if isinstance(error, OSError) else str(error)
        raise NoWorkerError(
            f"the worker cannot be started: {what}",
            where=command[0],
            todo="Look at --worker, or leave it out to run the PM on this machine.",
        ) from None
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise RuntimeError("asyncio gave no pipes")
    return Child(command, process, process.stdin, process.stdout, process.stderr)
