"""The list of pairs: filter, search, sort, triage, and the way into one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.widget import Widget

from engine.cache.pair_records import Found, PairDetail
from engine.cache.records import Overview, Query
from engine.errors import UserError
from engine.plain import plain
from tui.keys import Place, bindings
from tui.screens.asking import Asks, told
from tui.screens.desk import Desk, Listed
from tui.screens.exporting import Writes
from tui.screens.pairs_words import marked_among, nothing, row_text, titled
from tui.screens.reading_ahead import ReadsAhead
from tui.screens.sampling import PROMPT as SAMPLE_PROMPT
from tui.screens.sampling import parse_sample, sample_text
from tui.screens.triage import Triages
from tui.screens.yanking import Yanks
from tui.session import Session
from tui.widgets.covered import covered_query
from tui.widgets.figures import BOLD, FAINT
from tui.widgets.lines import Lines
from tui.widgets.pair_line import heading
from tui.widgets.pair_list import PairList, Wanted, place_of


class PairsScreen(Asks, ReadsAhead, Triages, Yanks, Writes):
    """Ids of a query, and the rows in view. The pair screen steps through the same list."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("pairs")]
    place: ClassVar[Place] = "pairs"
    title_height = 2

    def __init__(self, desk: Desk, session: Session, overview: Overview | None) -> None:
        super().__init__(desk)
        self.asked = session.query
        self.tranches = tuple(card.tranche for card in overview.tranches) if overview else ()
        self._noise_floor = overview.run.noise_floor if overview and overview.run else None
        self._session = session
        self._counted = False
        self._marks: dict[int, str] = {}

    def body(self) -> Iterable[Widget]:
        yield Lines(id="heading")
        yield PairList(id="body")

    @property
    def pair_list(self) -> PairList:
        return self.query_one(PairList)

    def on_mount(self) -> None:
        if self.desk.blind:
            self.asked = covered_query(self.asked)
        self.find(self._session.pair)

    def on_resize(self) -> None:
        self._title()

    def on_screen_resume(self) -> None:
        self.pair_list.blind = self.desk.blind
        self.pair_list.reveal()
        self._title()

    def take_found(self, found: Found, keep: int | None, marks: Mapping[int, str]) -> None:
        """Show the ids found so far. While more are found, the cursor may have been moved."""
        stands_on = self.pair_list.identifier() if self._counted else keep
        place = place_of(found.ids, stands_on)
        self._counted = True
        self.pair_list.blind = self.desk.blind
        self.pair_list.nothing = nothing(self.asked)
        self.pair_list.show(found.ids, place or 0)
        if not found.complete:
            self._title()
            return
        self._marks = {at: marks[at] for at in marked_among(found.ids, marks)}
        place = place_of(found.ids, keep)
        self._title()
        self.say("" if len(found.ids) else "No pair matches. f changes the filter, / the search.")
        if self._session.screen == "pair" and place is not None:
            self.pair_list.jump(place)
            self.action_open()
        self._session = Session(side=self._session.side)

    def standing_on(self) -> int | None:
        return self.pair_list.identifier()

    def show_query(self) -> None:
        self._counted = False
        self._title()

    def on_pair_list_needs(self, message: PairList.Needs) -> None:
        self.run_worker(self._fetch(message.wanted, self.asked), exclusive=True, group="rows")

    async def _fetch(self, wanted: Wanted, query: Query) -> None:
        try:
            rows = await self.desk.ask(lambda reader: reader.rows(wanted.ids, query))
        except UserError as error:
            self.complain(error)
            return
        self.pair_list.put(wanted.request, wanted.pages, rows)
        self.reveal()

    def on_pair_list_moved(self) -> None:
        self.show_place(self.position)
        self.read_ahead(self.pair_list.identifier())

    @property
    def position(self) -> str:
        """`12/345`: the cursor's place in the list."""
        total = len(self.pair_list)
        return f"{self.pair_list.cursor + 1:,}/{total:,}" if total else ""

    def _title(self) -> None:
        length = len(self.pair_list) if self._counted else None
        lines = titled(self.asked, length, self._marks), told(self.asked, blind=self.desk.blind)
        self.query_one("#title", Lines).show(
            Text(plain(lines[0], keep_newlines=False), BOLD),
            Text(plain(lines[1], keep_newlines=False)),
        )
        self.query_one("#heading", Lines).show(Text(heading(self.size.width), FAINT))
        self.show_place(self.position)

    def remember(self, session: Session) -> Session:
        pair = self.pair_list.identifier()
        return replace(session, screen="pairs", query=self.asked, pair=pair)

    # What the pair screen asks of its list.

    def beside(self, steps: int) -> int | None:
        return self.pair_list.identifier(self.pair_list.cursor + steps)

    def step(self, steps: int) -> int | None:
        """Move the cursor; the id it stands on then, or None at either end."""
        identifier = self.beside(steps)
        if identifier is not None:
            self.pair_list.jump(self.pair_list.cursor + steps)
        return identifier

    def stand_on(self, identifier: int) -> bool:
        """Move the cursor to a pair, if it is in the list; whether it is."""
        place = self.pair_list.find(identifier)
        if place is not None:
            self.pair_list.jump(place)
        return place is not None

    def show_mark(self, identifier: int, mark: str | None) -> None:
        self.take_mark(identifier, mark)

    # Keys.

    def action_open(self) -> None:
        identifier = self.pair_list.identifier()
        if identifier is not None:
            from tui.screens.pair import PairScreen

            side, floor = self._session.side, self._noise_floor
            self.app.push_screen(PairScreen(self.desk, self, identifier, side, floor))

    def action_lab(self) -> None:
        identifier = self.pair_list.identifier()
        if identifier is None:
            self.say("No pair stands here to begin with: f changes the filter, / the search.")
            return
        if self.say_hidden():
            return
        from tui.screens.lab import LabScreen
        from tui.screens.lab_targets import LabStart

        start = LabStart(identifier, self.asked, self._session.side, self._noise_floor)
        self.app.push_screen(LabScreen(self.desk, start))

    def action_down(self) -> None:
        self.pair_list.select(self.pair_list.cursor + 1)

    def action_up(self) -> None:
        self.pair_list.select(self.pair_list.cursor - 1)

    def action_top(self) -> None:
        self.pair_list.select(0)

    def action_bottom(self) -> None:
        self.pair_list.select(len(self.pair_list) - 1)

    def action_page_down(self) -> None:
        self.pair_list.select(self.pair_list.cursor + max(self.pair_list.size.height, 1))

    def action_page_up(self) -> None:
        self.pair_list.select(self.pair_list.cursor - max(self.pair_list.size.height, 1))

    def action_sample(self) -> None:
        from tui.screens.prompt import Prompt

        def draw(text: str | None) -> None:
            sample = self.asked.sample if text is None else parse_sample(text)
            if sample != self.asked.sample:
                self.asked = replace(self.asked, sample=sample)
                self.find(None)  # a sample is read from its first pair on

        drawn = sample_text(self.asked.sample)
        self.app.push_screen(Prompt(SAMPLE_PROMPT, drawn, parse_sample), draw)

    def action_marks(self) -> None:
        from tui.screens.marks import MarksScreen

        self.app.push_screen(MarksScreen(self.desk, self.asked.heuristic, self._noise_floor))

    def action_write(self) -> None:
        if (ids := self.pair_list.ids) is None or not len(ids):
            self.say("There is no pair to write.")
        else:
            listed = Listed(ids, self.asked)
            self.ask_where("the list", "outvoted-list.jsonl", listed)

    # Triage.

    def triaged(self) -> int | None:
        return self.pair_list.identifier()

    def take_mark(self, identifier: int, mark: str | None) -> None:
        self.pair_list.set_mark(identifier, mark)
        self._marks.pop(identifier, None)
        if mark is not None:
            self._marks[identifier] = mark
        if self.is_current:
            self._title()

    def is_hidden(self) -> bool:
        row = self.pair_list.row()
        return self.desk.blind and (row is None or row.hidden)

    def cover(self) -> None:
        self.pair_list.blind = self.desk.blind
        self.pair_list.refresh()
        self._title()
        self.ask_again(self.asked)

    def take_note(self, identifier: int, note: str | None) -> None:
        """A line of the list has no room for notes."""

    def move_on(self) -> None:
        self.pair_list.select(self.pair_list.cursor + 1)

    def go_to(self, identifier: int) -> None:
        if (place := self.pair_list.find(identifier)) is not None:
            self.pair_list.select(place)

    # What is yanked.

    def row_to_yank(self) -> str | None:
        row = self.pair_list.row()
        return None if row is None else row_text(row)

    async def pair_to_yank(self) -> PairDetail | None:
        identifier = self.pair_list.identifier()
        if identifier is None:
            return None
        return await self.desk.ask(lambda reader: reader.pair(identifier))
