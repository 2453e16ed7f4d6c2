"""Composing the change that the lab measures: texts edited, patterns put in or out, features."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

from engine.live.change import Change
from engine.live.edit import Edit
from engine.live.features import SYNTAX, parse_changes
from tui.screens.base import MainScreen
from tui.screens.lab_targets import LabStart, Setting


class Composes(MainScreen):
    """A screen with a change that is being composed, and the pairs it is meant for."""

    _start: LabStart
    _change: Change
    _setting: Setting | None = None
    _typed = ""
    """The change's features as they were typed."""
    _target = 0

    @abstractmethod
    def draw(self) -> None:
        """Show the change as it is now."""

    @abstractmethod
    def action_queue(self) -> None:
        """Measure the change over its targets."""

    def _take(self, change: Change) -> None:
        self._change = change
        self.say("")
        self.draw()

    def action_edit(self) -> None:
        from tui.screens.editing import EditScreen

        if self._setting is None:
            return
        pair, change = self._setting.detail.pair, self._change
        current = replace(
            pair,
            chosen=pair.chosen if change.response_chosen is None else change.response_chosen,
            rejected=(
                pair.rejected if change.response_rejected is None else change.response_rejected
            ),
        )

        def edited(edit: Edit | None) -> None:
            if edit is None:
                return
            if edit.is_none and not self._change.has_texts:
                self.say("Nothing was changed. r measures the pair as it is.")
                return
            self._target = 0  # a text belongs to one pair
            self._take(
                replace(
                    self._change,
                    response_chosen=edit.response_chosen,
                    response_rejected=edit.response_rejected,
                )
            )
            self.action_queue()

        self.app.push_screen(EditScreen(pair, current, self._start.side), edited)

    def action_delete(self) -> None:
        if self._setting is not None:
            delete = () if self._change.delete else self._setting.heuristics
            self._take(replace(self._change, delete=delete))

    def action_insert(self, side: str) -> None:
        from tui.screens.prompt import Prompt

        if self._setting is None:
            return
        inserted = self._change.insert_chosen if side == "chosen" else self._change.insert_rejected
        literal = [
            made.pattern
            for made in self._setting.heuristics
            if not made.regex and made.feature is None
        ]

        def typed(text: str | None) -> None:
            if text is not None:
                change = self._change
                self._take(
                    replace(change, insert_chosen=text)
                    if side == "chosen"
                    else replace(change, insert_rejected=text)
                )

        suggested = inserted or (f" {literal[0]}" if literal else "")
        self.app.push_screen(Prompt(f"put at the end of {side} (empty: nothing)", suggested), typed)

    def action_features(self) -> None:
        from tui.screens.prompt import Prompt

        def typed(text: str | None) -> None:
            if text is not None:
                self._typed = text
                self._take(replace(self._change, features=parse_changes(text)))

        self.app.push_screen(Prompt(f"features: {SYNTAX}", self._typed, parse_changes), typed)

    def action_clear(self) -> None:
        self._typed = ""
        self._take(Change())

    def action_target(self) -> None:
        if self._setting is not None:
            self._target = (self._target + 1) % len(self._setting.targets)
            self.draw()
