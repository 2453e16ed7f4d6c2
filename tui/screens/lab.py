"""The lab: a change to one pair or to many, the queue that measures it, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.timer import Timer
from textual.widget import Widget

from engine.errors import UserError
from engine.live.change import Change
from engine.live.queue import Experiment, Result
from engine.plain import plain
from tui.keys import Place, bindings
from tui.screens.desk import Desk
from tui.screens.lab_change import Composes
from tui.screens.lab_keeping import Keeps
from tui.screens.lab_page import Against, experiments_page, queue_words, results_page
from tui.screens.lab_tally import Tallies
from tui.screens.lab_targets import LabStart, over_words, read_setting
from tui.screens.scrolling import Scrolls
from tui.session import Session
from tui.widgets.document import Document, Page
from tui.widgets.figures import BOLD
from tui.widgets.lines import Lines
from tui.widgets.wrapping import rule

MOST_PAIRS = 10_000
"""Pairs one change is queued over: at a second each, that is three hours."""
_FEWEST_LINES = 3
"""Of the queue; it has a third of the screen at most."""


class LabScreen(Scrolls, Composes, Keeps):
    """The change being composed on top, the queue below it, the results of one line under that."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("lab")]
    place: ClassVar[Place] = "lab"
    title_height = 3

    def __init__(self, desk: Desk, start: LabStart) -> None:
        super().__init__(desk)
        self._start = start
        self._change = Change()
        self._tallies = Tallies(start.listing.heuristic, start.noise_floor)
        self._in_results = False
        self._opened: int | None = None
        self._drawn: Experiment | None = None
        """Whose results are shown."""
        self._clock: Timer | None = None

    def body(self) -> Iterable[Widget]:
        yield Lines(id="queue")
        yield Document(id="experiments")
        yield Lines(id="between")
        yield Document(id="body")

    def on_mount(self) -> None:
        self.desk.lab.changed = self.draw
        self.draw()
        self.say("reading …", passing=True)
        self.run_worker(self._read(), group="setting")

    def on_unmount(self) -> None:
        self.desk.lab.changed = lambda: None

    def on_resize(self) -> None:
        self.draw()

    def remember(self, session: Session) -> Session:
        return session  # the lab opens from a list or a pair, which come back

    async def _read(self) -> None:
        try:
            self._setting = await self.desk.ask(lambda reader: read_setting(reader, self._start))
        except UserError as error:
            self.complain(error)
            return
        self.say("")
        self.draw()

    # What is shown.

    def draw(self) -> None:
        """Show title, queue and results as they are now."""
        queue, width = self.desk.lab, self.size.width
        if width == 0:
            return
        self.query_one("#title", Lines).show(*self._title())
        experiments = list(queue.experiments)
        listing = self.query_one("#experiments", Document)
        tallies = self._tallies
        listing.show(lambda width: experiments_page(experiments, tallies, width), keep_place=True)
        most = max(self.size.height * 3 // 10, _FEWEST_LINES)
        listing.styles.height = min(max(len(experiments) + 1, _FEWEST_LINES), most)
        self._tell()
        if queue.held is not None:
            self.complain(queue.held)
        self._draw_results()
        if queue.busy and self._clock is None:
            self._clock = self.set_interval(1.0, self._tell)
        elif not queue.busy and self._clock is not None:
            self._clock.stop()
            self._clock = None

    def _tell(self) -> None:
        """Show what the queue does; once a second while it does something."""
        words = queue_words(self.desk.lab, self.desk.rescorer_state)
        mark = "" if self._in_results else " ◂"
        shown = plain(f"queue{mark} · {words}", keep_newlines=False)
        self.query_one("#queue", Lines).show(rule(shown, self.size.width))

    def _title(self) -> list[Text]:
        setting = self._setting
        if setting is None:
            return [Text("Lab", BOLD), Text(), Text()]
        pair = setting.detail.pair
        words = self._change.words
        if self._change.is_none:
            words += "   (e edit, d delete, i insert, a features)"
        over = over_words(setting.targets, self._target, self.size.width - 7)
        lines = f"Lab · {pair.name} · {pair.tranche}", f"change  {words}", f"over   {over}"
        return [
            Text(plain(line, keep_newlines=False), BOLD if not i else "")
            for i, line in enumerate(lines)
        ]

    def _draw_results(self) -> None:
        made = self.selected()
        same, self._drawn = made is self._drawn, made
        if not same:
            self._opened = None
        mark = " ◂" if self._in_results else ""
        words = "results" if made is None else f"{made.number}: {made.change.words}"
        shown = plain(f"{words}{mark}", keep_newlines=False)
        self.query_one("#between", Lines).show(rule(shown, self.size.width))
        results = self.query_one("#body", Document)
        if made is None:
            results.show(lambda _width: Page([]))
            return
        against = Against(
            self._start.listing.heuristic, self._start.noise_floor, dict(self.desk.lab.drifts)
        )
        opened, tally = self._opened, self._tallies.of(made)
        results.show(
            lambda width: results_page(made, opened, against, tally, width), keep_place=same
        )

    def document(self) -> Document:
        name = "#body" if self._in_results else "#experiments"
        return self.query_one(name, Document)

    def on_document_moved(self) -> None:
        if self.selected() is not self._drawn:
            self._draw_results()
        self.show_place(self.document().place)

    def selected(self) -> Experiment | None:
        """The experiment under the cursor; the newest stands first."""
        experiments = self.desk.lab.experiments
        place = len(experiments) - 1 - self.query_one("#experiments", Document).cursor
        return experiments[place] if 0 <= place < len(experiments) else None

    def chosen_results(self, made: Experiment) -> Sequence[Result]:
        """The result that is open or under the cursor of the results; else all."""
        if self._opened is not None:
            return made.results[self._opened : self._opened + 1]
        if self._in_results and len(made.pairs) > 1:
            place = self.query_one("#body", Document).cursor
            return made.results[place : place + 1]
        return made.results

    # The queue.

    def action_queue(self) -> None:
        self._add(self._change)

    def action_rescore(self) -> None:
        self._add(Change())

    def _add(self, change: Change) -> None:
        if self._setting is None:
            return
        target = self._setting.targets[self._target]
        if change.has_texts and self._target:
            self.say("! An edited text belongs to one pair: t goes to this pair, c begins anew.")
        elif not target.pairs:
            self.say(f"! There is no pair in {target.name}.")
        elif self.desk.blind and not self._setting.marked.issuperset(target.pairs):
            self.say("! Blind: its results would tell what is hidden. Mark the pairs, or end it.")
        elif len(target.pairs) > MOST_PAIRS:
            self.say(
                f"! {target.words}: at most {MOST_PAIRS:,} pairs are queued at once."
                " Filter the list first."
            )
        else:
            self.say(f"queued: {change.words} over {target.words}")
            self._in_results, self._opened = False, None
            self.query_one("#experiments", Document).move_to_end(last=False)
            self.desk.lab.add(change, target.pairs)

    def action_cancel(self) -> None:
        made = self.selected()
        if made is None or not made.left:
            self.say("It is over: there is nothing to stop.")
        else:
            self.desk.lab.cancel(made)
            self.say("stopped; what was measured stays")

    def action_cancel_all(self) -> None:
        if not self.desk.lab.left:
            self.say("The queue is empty: there is nothing to stop.")
            return
        self.desk.lab.cancel_all()
        self.say("stopped; what was measured stays")

    def action_go_on(self) -> None:
        if self.desk.lab.held is None:
            self.say("Nothing holds the queue.")
            return
        self.say("")
        self.desk.lab.go_on()

    def action_other_pane(self) -> None:
        self._in_results = not self._in_results
        self.draw()

    def action_open_result(self) -> None:
        made = self.selected()
        if made is None or not made.results:
            self.say("There is no result to open yet.")
            return
        if len(made.pairs) == 1:
            self.say("It has one result, and that is open.")
            return
        place = min(self.query_one("#body", Document).cursor, len(made.results) - 1)
        self._opened = None if self._opened is not None else place
        self._in_results = True
        self.draw()

    async def action_back(self) -> None:
        """Close an open result; else leave. The queue goes on."""
        if self._opened is not None:
            self.action_open_result()
            return
        self.leave()
