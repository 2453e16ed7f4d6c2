"""Whom the screens ask: the index's reader in a thread of its own, and a running PM."""

from __future__ import annotations

import asyncio
import tempfile
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from engine.cache.records import Overview, Query
from engine.errors import UserError
from tui.messages import Messages
from tui.widgets.covered import covered_detail

if TYPE_CHECKING:  # the first frame asks nothing yet
    import numpy as np
    import numpy.typing as npt

    from engine.cache.breakdown import Breakdown
    from engine.cache.pair_records import PairDetail
    from engine.cache.reading import Reader
    from engine.discovery import Discovery
    from engine.heuristics import Heuristic
    from engine.hh import Pair
    from engine.live.change import Change
    from engine.live.edit import Edit, Rescored, Rescorer
    from engine.live.queue import Queue, Result

Answer = TypeVar("Answer")
Write = Callable[[Path, "Listed | None"], Generator[int]]
"""Writes a list, or everybody's marks, to a new file: how many rows each batch had."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list as it stands: its pairs in their order, and what was asked."""

    ids: npt.NDArray[np.int64]
    query: Query


MOST_BREAKDOWNS = 128
"""Of so many pairs the margins taken apart are kept; the oldest goes first."""


class Desk:
    """Questions go to one thread, one after the other: a reader needs no locks for us.

    A question whose asker was cancelled before its turn is never put.
    """

    def __init__(
        self,
        open_reader: Callable[[], Reader],
        make_rescorer: Callable[[], Rescorer] | None,
        folder: Path | None = None,
        look: Callable[[], Awaitable[Discovery]] | None = None,
        write: Write | None = None,
    ) -> None:
        self._open_reader = open_reader
        self._make_rescorer = make_rescorer
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="outvoted-reader")
        self._reader: Reader | None = None
        self._failure: UserError | None = None
        self._rescorer: Rescorer | None = None
        self._lab: Queue | None = None
        self._folder = folder
        self._look = look
        self._write = write
        self._discovery: Discovery | None = None
        self.messages = Messages()
        self.blind = False
        """Whether verdict and figures are hidden until a pair is marked."""
        self._breakdowns: OrderedDict[Pair, Breakdown] = OrderedDict()

    async def open(self) -> Overview:
        """Open the index and read its overview.

        Raises:
            UserError: the index can't be opened; every later question raises it too.
        """
        return await self.ask(lambda reader: reader.overview())

    async def ask(self, question: Callable[[Reader], Answer]) -> Answer:
        """Put a question to the reader and wait for its answer without blocking the keys.

        Raises:
            UserError: what the reader raised, or why there is none.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: question(self._opened()))

    def _opened(self) -> Reader:
        """The reader, opened by the first question. Runs in the thread."""
        if self._failure is not None:
            raise self._failure
        if self._reader is None:
            try:
                self._reader = self._open_reader()
            except UserError as error:
                self._failure = error
                raise
        return self._reader

    async def discover(self) -> Discovery:
        """What the PM holds against responses, or for them; looked for once in a session.

        Raises:
            UserError: nobody can look, or what went wrong.
        """
        if self._look is None:
            raise UserError("nothing to discover", todo="outvoted discover --help says more.")
        if self._discovery is None:
            self._discovery = await self._look()
        return self._discovery

    async def writing(self, path: Path, listed: Listed | None) -> Generator[int]:
        """Begin to write a list, or everybody's marks; each step is a question to the reader.

        Raises:
            UserError: nobody can write here, or the file cannot be written.
        """
        write = self._write
        if write is None:
            raise UserError("nothing to write from", todo="outvoted export --help says more.")
        return await self.ask(lambda _: write(path, listed))

    async def rescore(self, before: PairDetail, edit: Edit) -> Rescored:
        """Have the running PM measure a pair; it is started by the first call.

        Raises:
            UserError: there is no PM to ask, or what went wrong with it.
        """
        rescorer = self._started()
        return await rescorer.rescore(await self._by_pins(before), edit)

    async def _by_pins(self, detail: PairDetail) -> PairDetail:
        """The pair with what the user has pinned by now: it may have been read before."""
        return replace(detail, pins=await self.ask(lambda reader: reader.pins()))

    async def pin(self, heuristic: Heuristic, feature: int, *, pinned: bool) -> tuple[int, ...]:
        """Pin a feature for a heuristic, or take its pin back; the user's pins for it then.

        Raises:
            UserError: it cannot be pinned, or the triage file cannot be written.
        """
        pins = await self.ask(lambda reader: reader.pin(heuristic, feature, pinned=pinned))
        self._breakdowns.clear()  # their waterfalls begin with what stood for it
        return pins

    def _started(self) -> Rescorer:
        if self._make_rescorer is None:
            raise UserError(
                "no PM to ask: the index has no run",
                todo="Measure it first: outvoted score --pm … --sae …",
            )
        if self._rescorer is None:
            self._rescorer = self._make_rescorer()
        return self._rescorer

    async def break_down(self, detail: PairDetail) -> Breakdown:
        """Have the running PM take a pair's margin apart; kept for the session.

        Raises:
            UserError: there is no PM to ask, or what went wrong with it.
        """
        made = self.breakdown(detail.pair)
        if made is None:
            made = await self._started().break_down(await self._by_pins(detail))
            self._breakdowns[detail.pair] = made
            if len(self._breakdowns) > MOST_BREAKDOWNS:
                self._breakdowns.popitem(last=False)
        return made

    def breakdown(self, pair: Pair) -> Breakdown | None:
        """What was measured of a pair with these very texts in this session."""
        return self._breakdowns.get(pair)

    @property
    def lab(self) -> Queue:
        """The queue of changes to measure; it goes on whichever screen is shown."""
        if self._lab is None:
            from engine.live.queue import Queue  # with the first measurement

            self._lab = Queue(self._measure, self.settle)
        return self._lab

    async def _measure(self, identifier: int, change: Change) -> Result:
        from engine.live.queue import Result

        before = await self.ask(lambda reader: reader.pair(identifier))
        return Result(identifier, await self.rescore(before, change.edit(before.pair)))

    async def settle(self) -> None:
        """Wait until a measurement that was stopped has stopped; a PM that does not is killed."""
        if self._rescorer is not None:
            await self._rescorer.settle()

    def covered(self, detail: PairDetail) -> PairDetail:
        """The pair as blind mode shows it: its texts alone until it is marked."""
        return covered_detail(detail) if self.blind and detail.mark is None else detail

    @property
    def rescorer_state(self) -> str:
        return "not started" if self._rescorer is None else self._rescorer.state

    def yank_file(self) -> Path:
        """Where yanked text is kept: beside the session, else in a private folder made for it."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="outvoted-"))
        return self._folder / "yank.txt"

    async def close(self) -> None:
        """Let go of the PM and the index. Nothing may be asked afterwards."""
        if self._lab is not None:
            await self._lab.close()
        if self._rescorer is not None:
            await self._rescorer.close()
        reader = self._reader
        if reader is not None:
            reader.leave()
            await asyncio.get_running_loop().run_in_executor(self._thread, reader.close)
        self._thread.shutdown(wait=False, cancel_futures=True)
