"""Results that stay: kept as custom pairs of the index, or written to a file."""

from __future__ import annotations

import asyncio
import json
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

from engine.counted import counted
from engine.errors import UserError
from engine.files import at_home, check_new, write_text
from engine.live.keep import custom_pair, result_json
from engine.live.queue import Experiment, Result
from tui.screens.base import MainScreen

EXPORT = "outvoted-lab.jsonl"


class Keeps(MainScreen):
    """A screen with a cursor on an experiment, and perhaps on one of its results."""

    @abstractmethod
    def selected(self) -> Experiment | None:
        """The experiment the cursor is on."""

    @abstractmethod
    def chosen_results(self, made: Experiment) -> Sequence[Result]:
        """The one result that is looked at, or all of them."""

    @abstractmethod
    def draw(self) -> None:
        """Show that results were kept."""

    def action_keep(self) -> None:
        made = self.selected()
        new = [
            result
            for result in (self.chosen_results(made) if made else ())
            if made is not None and result.pair not in made.kept
        ]
        if made is None or not new:
            self.say("There is no result to keep that is not kept already.")
            return
        self.run_worker(self._keep(made, new), group="keep")

    async def _keep(self, made: Experiment, results: Sequence[Result]) -> None:
        try:
            kept = [custom_pair(made.change, result) for result in results]
            path = await self.desk.ask(lambda reader: reader.keep(kept))
        except UserError as error:
            self.complain(error)
            return
        made.kept.update(result.pair for result in results)
        self.draw()
        self.say(f"kept {counted(len(results), 'custom pair')} in {path}")

    def action_write(self) -> None:
        from tui.screens.prompt import Prompt

        made = self.selected()
        if made is None or not made.results:
            self.say("There is no result to write.")
            return

        def named(name: str | None) -> None:
            if name and name.strip():
                self.run_worker(self._write(made, at_home(name.strip())), group="write")

        self.app.push_screen(Prompt("write results to", EXPORT, _check), named)

    async def _write(self, made: Experiment, path: Path) -> None:
        results = self.chosen_results(made)
        drifts = self.desk.lab.drifts
        text = "".join(
            json.dumps(result_json(made.change, result, drifts.get(result.pair))) + "\n"
            for result in results
        )
        try:
            check_new(path)
            await asyncio.to_thread(write_text, path, text)
        except UserError as error:
            self.complain(error)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            what = error.strerror if isinstance(error, OSError) else str(error)
            self.say(f"! {path}: nothing was written: {what}")
        else:
            self.say(f"wrote {counted(len(results), 'result')} to {path.absolute()}")


def _check(typed: str) -> None:
    """Refuse a name while it can still be mended."""
    if typed.strip():
        check_new(at_home(typed.strip()))
