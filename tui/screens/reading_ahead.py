"""Reading the pair that is likely to be opened next, while nobody asks for anything else."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from importlib import import_module

from textual.timer import Timer

from engine.cache.reading import Reader
from engine.errors import UserError
from tui.screens.base import MainScreen

REST = 0.04
"""Seconds without a move after which a pair is read ahead: a key that is held down has none."""


class ReadsAhead(MainScreen):
    """A screen from which one pair is opened after the other.

    Nothing that was read ahead is drawn from here: the reader keeps it at hand, and whoever asks
    for a pair is answered by the id that is asked for.
    """

    _resting: Timer | None = None

    def read_ahead(self, identifier: int | None) -> None:
        """Read a pair once this screen has rested; one that was to be read before is not."""
        if self._resting is not None:
            self._resting.stop()
        self._resting = None
        if identifier is not None:
            self._resting = self.set_timer(REST, partial(self._rested, identifier))

    def _rested(self, identifier: int) -> None:
        self.run_worker(self._read(identifier), exclusive=True, group="ahead")

    async def _read(self, identifier: int) -> None:
        def ahead(reader: Reader) -> None:
            import_module("tui.screens.pair")  # a session that came back here has not yet
            reader.read_ahead(identifier)

        with suppress(UserError):  # whoever opens it asks again, and is told
            await self.desk.ask(ahead)
