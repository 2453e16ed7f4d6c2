"""One SAE feature over all pairs: where it fires, on which side, and what it does to margins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.widget import Widget

from engine.cache.feature_records import FeatureDetail, FeatureOnHeuristic, pinned_now
from engine.cache.reading import Reader
from engine.errors import UserError
from tui.keys import Place, bindings
from tui.screens.base import MainScreen
from tui.screens.desk import Desk
from tui.screens.feature_page import feature_head, feature_page, pin_told
from tui.screens.listing import FixedList
from tui.screens.scrolling import Scrolls
from tui.session import Session
from tui.widgets import plots
from tui.widgets.document import Document
from tui.widgets.figures import BOLD
from tui.widgets.lines import Lines


class FeatureScreen(Scrolls, MainScreen):
    """A fixed head and a page with the feature's pairs; `[` and `]` go through others."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("feature")]
    place: ClassVar[Place] = "feature"
    title_height = 4

    def __init__(self, desk: Desk, feature: int, among: tuple[int, ...] = ()) -> None:
        """`among`: the features it was chosen from, in their order."""
        super().__init__(desk)
        self._among = among if feature in among else (feature,)
        self.feature = feature
        self.detail: FeatureDetail | None = None
        self._heuristic = 0
        self._noise_floor: float | None = None
        self._hidden = 0
        """Pairs with a line but for blind mode, which tells of those alone that are marked."""
        self._pairs = FixedList(())

    def body(self) -> Iterable[Widget]:
        yield Document(id="body")

    def document(self) -> Document:
        return self.query_one(Document)

    def on_mount(self) -> None:
        self._load(self.feature)

    def on_resize(self) -> None:
        self._head()

    def on_screen_resume(self) -> None:
        """The pair screen may have stepped on, or a pair may have been marked there."""
        self.document().stand_on(self._pairs.place)
        if self.detail is not None and (self.desk.blind or self._hidden):
            self._load(self.feature)

    def remember(self, session: Session) -> Session:
        return session

    def _load(self, feature: int) -> None:
        self.feature = feature
        self.query_one("#title", Lines).show(Text(f"Feature #{feature}", BOLD))
        self.say("reading …", passing=True)
        self.run_worker(self._read(feature), exclusive=True, group="feature")

    async def _read(self, feature: int) -> None:
        blind = self.desk.blind

        def question(reader: Reader) -> tuple[FeatureDetail, float | None, frozenset[int] | None]:
            plots.load()
            run = reader.overview().run
            floor = run.noise_floor if run else None
            return reader.feature(feature), floor, frozenset(reader.marks()) if blind else None

        try:
            detail, self._noise_floor, marked = await self.desk.ask(question)
        except UserError as error:
            self.complain(error)
            return
        self.say("")
        told = tuple(hit for hit in detail.hits if marked is None or hit.id in marked)
        self._hidden = len(detail.hits) - len(told)
        self.detail = detail = replace(detail, hits=told)
        user = detail.heuristics[0].heuristic.name if detail.heuristics else None
        self._pairs = FixedList([hit.id for hit in detail.hits], user)
        self._heuristic = 0
        self._show(keep_place=False)

    def _show(self, *, keep_place: bool) -> None:
        detail, shown, hidden = self.detail, self._heuristic, self._hidden
        if detail is not None:
            self._head()
            self.document().show(
                lambda width: feature_page(detail, shown, width, hidden), keep_place=keep_place
            )

    def _plotted(self) -> FeatureOnHeuristic | None:
        """The feature on the heuristic whose bearers are plotted; None: the run judged none."""
        heuristics = self.detail.heuristics if self.detail is not None else ()
        return heuristics[self._heuristic % len(heuristics)] if heuristics else None

    def _head(self) -> None:
        if self.detail is not None and self.size.width > 0:
            self.query_one("#title", Lines).show(*feature_head(self.detail, self.size.width))

    def on_document_moved(self) -> None:
        self._pairs.start(self.document().cursor)
        hits = self.detail.hits if self.detail is not None else ()
        self.show_place(f"{self.document().cursor + 1}/{len(hits)}" if hits else "")

    # Keys.

    def action_open(self) -> None:
        identifier = self._pairs.start(self.document().cursor)
        if identifier is None or self.detail is None:
            self.say("There is no pair to open.")
            return
        from tui.screens.pair import PairScreen

        side = self.detail.hits[self._pairs.place].side
        self.app.push_screen(
            PairScreen(self.desk, self._pairs, identifier, side, self._noise_floor)
        )

    def _step(self, steps: int) -> None:
        place = self._among.index(self.feature) + steps
        if 0 <= place < len(self._among):
            self._load(self._among[place])
        else:
            last = "the last" if steps > 0 else "the first"
            self.say(f"That was {last} of the features it was opened with.")

    def action_next_feature(self) -> None:
        self._step(1)

    def action_previous_feature(self) -> None:
        self._step(-1)

    def action_pin(self) -> None:
        on = self._plotted()
        if on is None:
            self.say("No heuristic of this run: there is nothing to pin it for.")
        else:
            # Every pin must be written: no exclusive group.
            self.run_worker(self._pin(self.feature, on), group="pins")

    async def _pin(self, feature: int, on: FeatureOnHeuristic) -> None:
        pinned = feature not in on.pins
        try:
            pins = await self.desk.pin(on.heuristic, feature, pinned=pinned)
        except UserError as error:
            self.complain(error)
            return
        if self.detail is not None and self.detail.feature == feature:
            self.say(pin_told(self.detail, on.heuristic.name, pins))
            self.detail = pinned_now(self.detail, on.heuristic, pins)
            self._show(keep_place=True)

    def _turn(self, steps: int) -> None:
        if self.detail is None or len(self.detail.heuristics) < 2:
            self.say("There is no other heuristic whose bearers could be plotted.")
            return
        self._heuristic += steps
        self._show(keep_place=True)

    def action_next_heuristic(self) -> None:
        self._turn(1)

    def action_previous_heuristic(self) -> None:
        self._turn(-1)
