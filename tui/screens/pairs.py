"""The list of pairs: filter, search, sort, triage, and the way into one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.widget import Widget

from engine.cache.records import SORT_KEYS, Overview, PairDetail, PairRow, Query
from engine.errors import UserError
from engine.plain import plain
from tui.keys import MARKS, Place, bindings
from tui.screens.desk import Desk
from tui.screens.sampling import PROMPT as SAMPLE_PROMPT
from tui.screens.sampling import parse_sample, sample_text
from tui.screens.triage import Triages
from tui.screens.yank import line_to_yank
from tui.screens.yanking import Yanks
from tui.session import Session
from tui.widgets.figures import BOLD, FAINT, signed
from tui.widgets.lines import Lines
from tui.widgets.pair_line import heading, verdict_code
from tui.widgets.pair_list import PairList, Wanted, place_of


class PairsScreen(Triages, Yanks):
    """Ids of a query, and the rows in view. The pair screen steps through the same list."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("pairs")]
    place: ClassVar[Place] = "pairs"
    title_height = 2

    def __init__(self, desk: Desk, session: Session, overview: Overview | None) -> None:
        super().__init__(desk)
        self.asked = session.query
        self._tranches = tuple(card.tranche for card in overview.tranches) if overview else ()
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
        self._find(self._session.pair)

    def on_resize(self) -> None:
        self._title()

    def on_screen_resume(self) -> None:
        self.pair_list.blind = self.desk.blind
        self.pair_list.reveal()
        self._title()

    def _find(self, keep: int | None) -> None:
        """Ask for the query's ids; the cursor goes to the pair `keep` if it is among them."""
        self._counted = False
        self._title()
        self.say("looking …", passing=True)
        self.run_worker(self._show_ids(self.asked, keep), exclusive=True, group="ids")

    async def _show_ids(self, query: Query, keep: int | None) -> None:
        try:
            ids, marks = await self.desk.ask(lambda reader: (reader.ids(query), reader.marks()))
        except UserError as error:
            self.complain(error)
            return
        place = place_of(ids, keep)
        self._counted = True
        listed = set(ids.tolist()) if marks else set()
        self._marks = {at: mark for at, mark in marks.items() if at in listed}
        self.pair_list.blind = self.desk.blind
        self.pair_list.nothing = nothing(query)
        self.pair_list.show(ids, place or 0)
        self._title()
        self.say("" if len(ids) else "No pair matches. f changes the filter, / the search.")
        if self._session.screen == "pair" and place is not None:
            self.action_open()
        self._session = Session(side=self._session.side)

    def on_pair_list_needs(self, message: PairList.Needs) -> None:
        self.run_worker(self._fetch(message.wanted, self.asked), exclusive=True, group="rows")

    async def _fetch(self, wanted: Wanted, query: Query) -> None:
        try:
            rows = await self.desk.ask(lambda reader: reader.rows(wanted.ids, query))
        except UserError as error:
            self.complain(error)
            return
        self.pair_list.put(wanted.request, wanted.pages, rows)

    def on_pair_list_moved(self) -> None:
        self.show_place(self.position)

    @property
    def position(self) -> str:
        """`12/345`: the cursor's place in the list."""
        total = len(self.pair_list)
        return f"{self.pair_list.cursor + 1:,}/{total:,}" if total else ""

    def _title(self) -> None:
        query = self.asked
        kinds = {"counterexample": "counterexamples", "conforming": "conforming pairs", None: "all"}
        name = (
            "every pair" if query.heuristic is None else f"{query.heuristic} · {kinds[query.kind]}"
        )
        count = f" · {len(self.pair_list):,} pairs" if self._counted else ""
        arrow = "↓" if query.descending else "↑"
        parts = [f"sort {query.sort} {arrow}"]
        if query.sample is not None:
            parts = [f"sample of {query.sample.size:,}, seed {query.sample.seed}"]
        if self.desk.blind:
            parts.append("blind")
        if query.verdicts:
            parts.append(", ".join(sorted(query.verdicts)))
        if query.tranche:
            parts.append(query.tranche)
        if query.text:
            parts.append(f"/{query.text}")
        if query.marks:
            parts.append("marked " + ", ".join(sorted(query.marks)))
        if self._counted and self._marks:
            count += f" · {marked(self._marks)}"
        lines = (plain(f"{name}{count}", keep_newlines=False), " · ".join(parts))
        self.query_one("#title", Lines).show(
            Text(lines[0], BOLD), Text(plain(lines[1], keep_newlines=False))
        )
        self.query_one("#heading", Lines).show(Text(heading(self.size.width), FAINT))
        self.show_place(self.position)

    def remember(self, session: Session) -> Session:
        pair = self.pair_list.identifier()
        return replace(session, screen="pairs", query=self.asked, pair=pair)

    # What the pair screen asks of its list.

    def step(self, steps: int) -> int | None:
        """Move the cursor; the id it stands on then, or None at either end."""
        target = self.pair_list.cursor + steps
        if self.pair_list.identifier(target) is None:
            return None
        self.pair_list.jump(target)
        return self.pair_list.identifier()

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

    def _ask_again(self, query: Query | None) -> None:
        if query is not None and query != self.asked:
            keep = self.pair_list.identifier()
            self.asked = query
            self._find(keep)

    def action_filter(self) -> None:
        from tui.screens.filtering import FilterScreen

        self.app.push_screen(FilterScreen(self.asked, self._tranches), self._ask_again)

    def action_search(self) -> None:
        from tui.screens.prompt import Prompt

        def search(text: str | None) -> None:
            self._ask_again(None if text is None else replace(self.asked, text=text))

        self.app.push_screen(Prompt("search both texts (empty: all)", self.asked.text), search)

    def action_sample(self) -> None:
        from tui.screens.prompt import Prompt

        def draw(text: str | None) -> None:
            try:
                sample = self.asked.sample if text is None else parse_sample(text)
            except UserError as error:
                self.complain(error)
            else:
                if sample != self.asked.sample:
                    self.asked = replace(self.asked, sample=sample)
                    self._find(None)  # a sample is read from its first pair on

        self.app.push_screen(Prompt(SAMPLE_PROMPT, sample_text(self.asked.sample)), draw)

    def _has_own_order(self) -> bool:
        if self.asked.sample is not None:
            self.say("A reading sample has its own order. z and an empty line end it.")
        return self.asked.sample is not None

    def action_marks(self) -> None:
        from tui.screens.marks import MarksScreen

        self.app.push_screen(MarksScreen(self.desk, self.asked.heuristic, self._noise_floor))

    def action_sort(self) -> None:
        if self._has_own_order():
            return
        following = SORT_KEYS[(SORT_KEYS.index(self.asked.sort) + 1) % len(SORT_KEYS)]
        self._ask_again(replace(self.asked, sort=following))

    def action_reverse(self) -> None:
        if self._has_own_order():
            return
        self._ask_again(replace(self.asked, descending=not self.asked.descending))

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
        return None if row is None else _row_text(row)

    async def pair_to_yank(self) -> PairDetail | None:
        identifier = self.pair_list.identifier()
        if identifier is None:
            return None
        return await self.desk.ask(lambda reader: reader.pair(identifier))


def marked(marks: Mapping[int, str]) -> str:
    """`3 marked: 1:2 3:1`, by the marks' digits; `+` counts those of other names."""
    digits = {name: digit for digit, name in MARKS.items()}
    counted = Counter(digits.get(mark, "+") for mark in marks.values())
    told = " ".join(f"{digit}:{counted[digit]}" for digit in sorted(counted))
    return f"{len(marks):,} marked: {told}"


def nothing(query: Query) -> tuple[str, ...]:
    """What an empty list says: why, and what to do next."""
    todo = ["No pair matches.", "", "f  changes kind, verdicts, tranche and marks"]
    if query.text:
        todo.append("/  and an empty line end the search")
    if query.sample is not None:
        todo.append("z  and an empty line end the reading sample")
    return (*todo, "esc  goes back to the overview; its last line lists every pair")


def _row_text(row: PairRow) -> str:
    """The row's figures, parted by tabs."""
    figures = (signed(figure) for figure in (row.margin, row.margin_sae, row.effect))
    return line_to_yank(row.label, row.tranche, verdict_code(row.verdict, row.by), *figures)
