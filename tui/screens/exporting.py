"""`w` on a list and on the marks: written to a file, batch by batch, while the keys go on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path

from engine.counted import counted
from engine.errors import UserError
from engine.exchange.form import new_file
from engine.files import at_home
from tui.screens.base import MainScreen
from tui.screens.desk import Listed


class Writes(MainScreen):
    """A screen whose pairs, or marks, can be kept as a file."""

    def ask_where(self, what: str, name: str, listed: Listed | None) -> None:
        """Ask for a file's name, and write to it.

        Args:
            what: is written, in a word or two.
            name: suggested.
            listed: the list; None: everybody's marks.
        """
        if self.desk.blind:
            self.say("Blind: a file would tell what is hidden. b on a list ends that.")
            return
        from tui.screens.prompt import Prompt

        def named(typed: str | None) -> None:
            if typed and typed.strip():
                path = at_home(typed.strip())
                self.run_worker(self._write(what, path, listed), exclusive=True, group="write")

        title = f"write {what} to (.jsonl .csv .parquet)"
        self.app.push_screen(Prompt(title, name, _check), named)

    @abstractmethod
    def action_write(self) -> None:
        """Write what the screen shows."""

    async def _write(self, what: str, path: Path, listed: Listed | None) -> None:
        rows = 0
        try:
            steps = await self.desk.writing(path, listed)
            while (more := await self.desk.ask(lambda _: _next(steps))) is not None:
                rows += more
                self.say(f"writing {what} … {rows:,} rows", passing=True)
        except UserError as error:
            self.complain(error)
        else:
            self.say(f"wrote {what}, {counted(rows, 'row')}, to {path.absolute()}")


def _check(typed: str) -> None:
    """Refuse a name while it can still be mended."""
    if typed.strip():
        new_file(at_home(typed.strip()))


def _next(steps: Iterator[int]) -> int | None:
    """The rows of the next batch, written in the reader's thread."""
    return next(steps, None)
