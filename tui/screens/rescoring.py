"""Asking the running PM from a screen: progress in the state line, esc to stop, errors in place."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress
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
        pair = stored.pair.id
        try:
            rescored = await self.desk.rescore(stored, edit)
        except UserError as error:
            self._end()
            self.complain(error)
            return
        self.desk.lab.remember(Change.of(edit), Result(pair, rescored))
        shown = self.shown
        if shown is not None and shown.detail.pair.id == pair and not shown.detail.hidden:
            after = replace(rescored.after, mark=shown.detail.mark, note=shown.detail.note)
            known = self.desk.breakdown(after.pair)
            drift = self.desk.lab.drifts.get(pair)
            new = replace(shown, detail=after, rescored=rescored, unedited=drift, breakdown=known)
            self.show(new, keep_place=False)
            if drift is None:
                await self._measure_drift(stored)
            self._end()
            if edit.ablate or edit.scale or edit.pin:
                self.say("measured afresh")
            else:
                self.start_breaking_down(after, "measured afresh · ")
        else:
            self._end()

    async def _measure_drift(self, stored: PairDetail) -> None:
        """An edit is held against the drift of its pair: measure that too, unedited."""
        pair = stored.pair.id
        if stored.margin is None:
            return
        with suppress(UserError):  # the edit itself has its answer
            self.desk.lab.remember_drift(Result(pair, await self.desk.rescore(stored, Edit())))
        shown = self.shown
        if shown is not None and shown.detail.pair.id == pair and shown.rescored is not None:
            self.show(replace(shown, unedited=self.desk.lab.drifts.get(pair)))

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
            fresh = self.shown is not None and self.shown.rescored is not None
            self.say(f"stopped; the {'fresh' if fresh else 'stored'} figures are shown")
        return stopped
