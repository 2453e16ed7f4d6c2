"""What the PM holds against responses, or for them: a list from which heuristics are made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.widget import Widget

from engine.discovery import Discovered, Discovery
from engine.discovery.words import heuristic_of
from engine.errors import UserError
from engine.heuristics import Heuristic
from tui.keys import Place, bindings
from tui.screens.base import MainScreen
from tui.screens.desk import Desk
from tui.screens.discovery_page import discovery_page, shown
from tui.screens.scrolling import Scrolls
from tui.session import Session
from tui.widgets.document import Document
from tui.widgets.figures import BOLD
from tui.widgets.lines import Lines


class DiscoveryScreen(Scrolls, MainScreen):
    """N-grams and features by direction; an n-gram is taken as if its pattern had been typed."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("discovery")]
    place: ClassVar[Place] = "discovery"
    title_height = 2

    def __init__(
        self, desk: Desk, taken: Collection[str], take: Callable[[Heuristic], None]
    ) -> None:
        """`taken`: names that heuristics have already; `take`: told the one that is made."""
        super().__init__(desk)
        self._taken = taken
        self._take = take
        self._found: tuple[Discovered, ...] = ()

    def body(self) -> Iterable[Widget]:
        yield Document(id="body")

    def document(self) -> Document:
        return self.query_one(Document)

    def on_mount(self) -> None:
        self.query_one("#title", Lines).show(Text("Discovery", BOLD))
        self.say("looking through every n-gram and feature …  esc stops it", passing=True)
        self.run_worker(self._look(), exclusive=True, group="discovery")

    def remember(self, session: Session) -> Session:
        return session

    async def _look(self) -> None:
        try:
            found = await self.desk.discover()
        except UserError as error:
            self.complain(error)
            return
        self.say("" if found.found else "Nothing passes.")
        self._show(found)

    def _show(self, found: Discovery) -> None:
        self._found = shown(found)
        self.query_one("#title", Lines).show(
            Text(
                f"Discovery · {found.ngrams_found:,} of {found.ngrams_tested:,} n-grams,"
                f" {found.features_found:,} of {found.features_tested:,} features",
                BOLD,
            ),
            f"{found.measured:,} of {found.pairs:,} margins · at least {found.min_pairs} bearers"
            f" · false discovery rate {found.rate:.0%}",
        )
        self.document().show(lambda width: discovery_page(found, width))

    def on_document_moved(self) -> None:
        total = len(self._found)
        self.show_place(f"{self.document().cursor + 1:,}/{total:,}" if total else "")

    def action_open(self) -> None:
        if not self._found:
            self.say("There is nothing to open here yet.")
            return
        one = self._found[self.document().cursor]
        if one.what == "feature":
            features = tuple(int(each.text) for each in self._found if each.what == "feature")
            self.open_feature(int(one.text), features)
            return
        made = heuristic_of(one.text.split(), one.direction, self._taken)
        self.leave()
        self._take(made)
