"""Marks and notes on the pair a screen stands on: shown at once, written behind, taken back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TypeVar

from engine.cache.pair_records import PairDetail, Undone
from engine.cache.reading import Reader
from engine.errors import UserError
from tui.keys import MARKS
from tui.screens.base import MainScreen
from tui.screens.editing import apply_change
from tui.screens.editor import edit_text
from tui.widgets.figures import signed
from tui.widgets.pair_line import verdict_code

Answer = TypeVar("Answer")


def revealed(detail: PairDetail, mark: str) -> str:
    """What a pair's mark was made without: the verdicts, and the margin."""
    verdicts = ", ".join(
        f"{on.heuristic.name} {verdict_code(on.judgement.verdict, on.judgement.by)}"
        for on in detail.heuristics
    )
    found = verdicts or "no heuristic on it"
    return f"{_short(detail)} marked {mark} · it was: {found} · margin {signed(detail.margin)}"


def _short(detail: PairDetail) -> str:
    return f"{detail.pair.name.split}:{detail.pair.name.row}"


class Triages(MainScreen):
    """One key marks the pair and moves on. Every change is a line of the user's file."""

    @abstractmethod
    def triaged(self) -> int | None:
        """The id of the pair that a mark is put on; None: there is none."""

    @abstractmethod
    def take_mark(self, identifier: int, mark: str | None) -> None:
        """Show the pair with another mark."""

    @abstractmethod
    def take_note(self, identifier: int, note: str | None) -> None:
        """Show the pair with another note."""

    @abstractmethod
    def is_hidden(self) -> bool:
        """Whether verdict and figures of the pair are hidden."""

    @abstractmethod
    def cover(self) -> None:
        """Show again what blind mode lets be shown."""

    @abstractmethod
    def move_on(self) -> None:
        """Go to the next pair of the list."""

    @abstractmethod
    def go_to(self, identifier: int) -> None:
        """Go to a pair of the list, if it is one of it."""

    def action_mark(self, digit: str) -> None:
        identifier, mark = self.triaged(), MARKS.get(digit)
        if identifier is None:
            self.say("There is no pair here to mark.")
            return
        hidden = mark is not None and self.is_hidden()
        self.take_mark(identifier, mark)
        self.move_on()
        # Marks must all be written: no exclusive group.
        self.run_worker(self._mark(identifier, mark, hidden), group="marks")

    async def _mark(self, identifier: int, mark: str | None, hidden: bool) -> None:
        """Write a mark; in blind mode, tell what it was made without, or hide that again."""
        await self._asking(lambda reader: reader.mark(identifier, mark, hidden=hidden))
        if hidden and mark is not None:
            detail = await self._asking(lambda reader: reader.pair(identifier))
            if detail is not None:
                self.say(revealed(detail, mark))
        if self.desk.blind:
            self.cover()

    def action_blind(self) -> None:
        self.desk.blind = not self.desk.blind
        self.cover()
        self.say(
            "blind: verdict and figures are hidden until a mark; t shows how you agree"
            if self.desk.blind
            else "verdict and figures are shown"
        )

    def say_hidden(self) -> bool:
        """Whether the pair's figures are hidden; what would show them then says so."""
        hidden = self.is_hidden()
        if hidden:
            self.say("Hidden until you mark the pair: 1 to 5. b ends blind mode.")
        return hidden

    def action_undo(self) -> None:
        self.run_worker(self._undo(), group="marks")

    async def _undo(self) -> None:
        undone = await self._asking(lambda reader: (reader.undo(),))
        if undone is not None:
            self._took_back(*undone)

    def _took_back(self, undone: Undone | None) -> None:
        if undone is None:
            self.say("There is nothing to take back.")
            return
        if undone.id is not None:
            self.take_mark(undone.id, undone.mark)
            self.take_note(undone.id, undone.note)
            self.go_to(undone.id)
            if self.desk.blind:
                self.cover()
        noted = f", note: {undone.note}" if undone.note else ""
        self.say(f"taken back: {undone.label} is {undone.mark or 'unmarked'} again{noted}")

    def action_note(self) -> None:
        self.run_worker(self._note(self._in_a_line), group="note")

    def action_long_note(self) -> None:
        self.run_worker(self._note(self._in_the_editor), group="note")

    async def _note(self, write: Callable[[PairDetail], None]) -> None:
        """Have the note of the pair written, as it stands in the file by now."""
        identifier = self.triaged()
        if identifier is None:
            self.say("There is no pair here to note anything on.")
            return
        detail = await self._asking(lambda reader: reader.pair(identifier))
        if detail is not None:
            write(detail)

    def _in_a_line(self, detail: PairDetail) -> None:
        from tui.screens.prompt import Prompt

        before = detail.note or ""
        prompt = Prompt(f"note on {detail.pair.name}", before)

        def noted(text: str | None) -> None:
            if text is not None:
                self._keep_note(detail, apply_change(before, prompt.shown, text))

        self.app.push_screen(prompt, noted)

    def _in_the_editor(self, detail: PairDetail) -> None:
        try:
            text = edit_text(self.app, detail.note or "")
        except UserError as error:
            self.complain(error)
            return
        self._keep_note(detail, text)

    def _keep_note(self, detail: PairDetail, text: str) -> None:
        note, identifier = text or None, detail.pair.id
        if note == detail.note:
            return
        self.take_note(identifier, note)
        self.say(f"{_short(detail)}: {'noted' if note else 'the note is gone'}; u takes that back")
        self.run_worker(self._asking(lambda reader: reader.note(identifier, note)), group="marks")

    async def _asking(self, question: Callable[[Reader], Answer]) -> Answer | None:
        """The reader's answer; None after an error, which is then told."""
        try:
            return await self.desk.ask(question)
        except UserError as error:
            self.complain(error)
            return None
