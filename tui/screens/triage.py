"""Marks and notes on the pair a screen shows."""

from __future__ import annotations

from abc import abstractmethod

from engine.errors import UserError
from tui.keys import MARKS
from tui.screens.base import MainScreen
from tui.screens.pair_page import Shown


class Triages(MainScreen):
    """Shows a mark at once and has it written behind; every one is written, none replaced."""

    shown: Shown | None = None

    @abstractmethod
    def take_triage(self, mark: str | None, note: str | None) -> None:
        """Show the pair with another mark and note."""

    def action_mark(self, digit: str) -> None:
        if self.shown is not None:
            self._mark(self.shown, MARKS.get(digit), self.shown.detail.note)

    def action_note(self) -> None:
        from tui.screens.prompt import Prompt

        def note(text: str | None) -> None:
            if text is not None and self.shown is not None:
                self._mark(self.shown, self.shown.detail.mark, text or None)

        if self.shown is not None:
            self.app.push_screen(Prompt("note on this pair", self.shown.detail.note or ""), note)

    def _mark(self, shown: Shown, mark: str | None, note: str | None) -> None:
        self.take_triage(mark, note)
        self.run_worker(self._write(shown.detail.pair.id, mark, note), group="marks")

    async def _write(self, identifier: int, mark: str | None, note: str | None) -> None:
        try:
            await self.desk.ask(lambda reader: reader.mark(identifier, mark, note))
        except UserError as error:
            self.complain(error)
