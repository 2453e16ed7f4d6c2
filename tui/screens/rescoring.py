"""Asking the running PM from a screen: progress in the state line, esc to stop, errors in place."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from time import monotonic

from textual.timer import Timer
from textual.worker import Worker

from engine.cache.pair_records import PairDetail
from engine.errors import UserError
from engine.live.change import Change
from engine.live.edit import Edit
from engine.live.queue import Result
from tui.screens.base import MainScreen
from tui.screens.pair_page import Shown


class Rescores(MainScreen):
    """A screen that shows one pair and can have it measured afresh."""

    shown: Shown | None = None
    _measuring: Worker[None] | None = None
    _clock: Timer | None = None
    _since = 0.0

    @abstractmethod
    def show(self, shown: Shown, *, keep_place: bool = True) -> None:
        """Draw the pair with what was measured."""

    def start_rescoring(self, stored: PairDetail, edit: Edit) -> None:
        """Measure in the background; a measurement under way is left for the new one."""
        self.stop_rescoring()
        self._since = monotonic()
        self._tell()
        self._clock = self.set_interval(1.0, self._tell)
        self._measuring = self.run_worker(self._measure(stored, edit), group="rescore")

    def start_breaking_down(self, detail: PairDetail, said: str = "") -> None:
        """Have the pair's margin taken apart in the background; `said` goes before what is told."""
        self.stop_rescoring()
        self._since = monotonic()
        self._tell()
        self._clock = self.set_interval(1.0, self._tell)
        self._measuring = self.run_worker(self._take_apart(detail, said), group="rescore")

    async def _take_apart(self, detail: PairDetail, said: str) -> None:
        try:
            made = await self.desk.break_down(detail)
        except UserError as error:
            self._end()
            self.complain(error)
            return
        self._end()
        shown = self.shown
        if shown is not None and shown.detail.pair == detail.pair and not shown.detail.hidden:
            self.show(replace(shown, breakdown=made))
            self.say(f"{said}the waterfall stands below the texts")

    def _tell(self) -> None:
        seconds = monotonic() - self._since
        state = self.desk.rescorer_state
        self.say(f"measuring · PM {state} · {seconds:.0f} s · esc stops it", passing=True)

    async def _measure(self, stored: PairDetail, edit: Edit) -> None:
        try:
            rescored = await self.desk.rescore(stored, edit)
        except UserError as error:
            self._end()
            self.complain(error)
            return
        self._end()
        self.desk.lab.remember(Change.of(edit), Result(stored.pair.id, rescored))
        shown = self.shown
        if shown is not None and shown.detail.pair.id == stored.pair.id:
            after = replace(rescored.after, mark=shown.detail.mark, note=shown.detail.note)
            known = self.desk.breakdown(after.pair)
            new = replace(shown, detail=after, rescored=rescored, breakdown=known)
            self.show(new, keep_place=False)
            if edit.ablate or edit.scale or edit.pin:
                self.say("measured afresh")
            else:
                self.start_breaking_down(after, "measured afresh · ")

    def _end(self) -> None:
        if self._clock is not None:
            self._clock.stop()
        self._clock = None
        self._measuring = None

    def stop_rescoring(self) -> bool:
        """Wait for no answer any more; whether one was awaited."""
        worker = self._measuring
        self._end()
        if worker is None:
            return False
        worker.cancel()
        self.run_worker(self.desk.settle(), group="cancel")
        return True

    async def cancel_rescoring(self) -> bool:
        """Stop the measurement under way, and say so; whether there was one."""
        stopped = self.stop_rescoring()
        if stopped:
            self.say("stopped; the stored figures are shown")
        return stopped
