"""What is asked of the running PM from a pair: fresh figures, the waterfall, edits, the lab."""

from __future__ import annotations

from engine.cache.pair_records import PairDetail
from engine.hh import Side
from engine.live.change import Change
from engine.live.edit import Edit
from engine.live.features import SYNTAX, parse_changes
from tui.screens.lab_targets import LabStart
from tui.screens.listing import Listing
from tui.screens.pair_page import Shown
from tui.screens.rescoring import Rescores
from tui.screens.triage import Triages


class MeasuresPair(Rescores, Triages):
    """A screen of one pair of a list, which asks nothing of a pair that is hidden."""

    _listing: Listing
    _identifier: int
    _side: Side
    _noise_floor: float | None

    def action_rescore(self) -> None:
        if self.shown is not None and not self.say_hidden():
            self.start_rescoring(self._stored(self.shown), Edit())

    def action_waterfall(self) -> None:
        if self.shown is not None and not self.say_hidden():
            self.start_breaking_down(self.shown.detail)

    def action_edit(self) -> None:
        from tui.screens.editing import EditScreen

        if self.shown is None or self.say_hidden():
            return
        stored = self._stored(self.shown)

        def edited(edit: Edit | None) -> None:
            if edit is not None and edit.is_none:
                self.say("Nothing was changed. r rescores the pair as it is.")
            elif edit is not None:
                self.start_rescoring(stored, edit)

        self.app.push_screen(EditScreen(stored.pair, self.shown.detail.pair, self._side), edited)

    def action_features(self) -> None:
        if self.say_hidden():
            return
        from tui.screens.prompt import Prompt

        def typed(text: str | None) -> None:
            if text and self.shown is not None:
                edit = Change(features=parse_changes(text)).edit(self.shown.detail.pair)
                self.start_rescoring(self._stored(self.shown), edit)

        self.app.push_screen(Prompt(f"features: {SYNTAX}", check=parse_changes), typed)

    def action_lab(self) -> None:
        if self.say_hidden():
            return
        from tui.screens.lab import LabScreen

        start = LabStart(self._identifier, self._listing.asked, self._side, self._noise_floor)
        self.app.push_screen(LabScreen(self.desk, start))

    @staticmethod
    def _stored(shown: Shown) -> PairDetail:
        """The pair as the index has it, whatever is shown."""
        return shown.rescored.before if shown.rescored is not None else shown.detail
