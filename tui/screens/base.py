"""What the main screens share: title, state line, footer, and the ways out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widget import Widget

from engine.errors import UserError
from engine.plain import plain
from tui.keys import Place, footer
from tui.screens.desk import Desk
from tui.session import Session
from tui.themes import THEMES
from tui.widgets.lines import Lines, Wrapped

SMALLEST = (60, 15)
CURTAIN = 0.15
"""Seconds that a new screen waits for its content at most before it is drawn."""
TOO_SMALL = f"Needs {SMALLEST[0]}x{SMALLEST[1]} or more."
"""Of 20 cells: it can be read in them."""
_MOST_STATE = 3
"""Lines of the state: what an error says to do stands at its end."""
PLACE = 16
"""Cells at the end of the last line that say where one is."""


class MainScreen(Screen[None]):
    """A title on top, the body, one line of state, one of keys."""

    AUTO_FOCUS = ""
    place: ClassVar[Place]
    title_height: ClassVar[int]
    """Lines the title has as a rule: where it has as many, the body need not move for it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(classes="-wide-enough -high-enough")  # most are: no restyling then
        self.HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (SMALLEST[0], "-wide-enough")]
        self.VERTICAL_BREAKPOINTS = [(0, "-too-low"), (SMALLEST[1], "-high-enough")]
        self.desk = desk
        self._curtain = True
        self._stands = False

    def on_mount(self) -> None:
        self.set_timer(CURTAIN, self.reveal)

    def on_document_moved(self) -> None:
        self.reveal()

    def reveal(self) -> None:
        """Draw the screen, once what is under way is laid out. Until then the last one stands.

        Textual would draw a new screen empty, and again with each thing that comes to it: over a
        slow line each time is felt.
        """
        if self._curtain:
            self.call_after_refresh(self._rise)

    def _rise(self) -> None:
        if not self._curtain:
            return
        self._curtain = False
        self._compositor_refresh()
        if not self._stands:
            self._stands = True
            self.drawn()

    def drawn(self) -> None:
        """The screen stands for the first time."""

    def leave(self) -> None:
        """Back to the screen below, drawn once this one is gone: that lays it out anew."""
        below = self.app.screen_stack[-2]
        if isinstance(below, MainScreen):
            below.lower()
        self.dismiss()
        for widget in self.walk_children(with_self=True):
            widget.refresh()  # Textual keeps what its last 1,024 widgets drew: let go of that

    def lower(self) -> None:
        """Draw nothing until the screen is revealed, or the curtain was down for long enough."""
        self._curtain = True
        self.set_timer(CURTAIN, self.reveal)

    def on_unmount(self) -> None:
        for below in self.app.screen_stack[-1:]:
            if isinstance(below, MainScreen):
                below.reveal()

    def _compositor_refresh(self) -> None:
        if not self._curtain:
            super()._compositor_refresh()

    def on_resize(self) -> None:
        self.query_one("#hints", Lines).show(footer(self.place, self.size.width - PLACE))

    @abstractmethod
    def body(self) -> Iterable[Widget]:
        """The widgets between the title and the state line."""

    @abstractmethod
    def remember(self, session: Session) -> Session:
        """The session with this screen's part filled in."""

    def compose(self) -> ComposeResult:
        yield Lines(height=self.title_height, id="title")
        yield from self.body()
        yield Wrapped(_MOST_STATE, id="state")
        with Horizontal(id="foot"):
            yield Lines(footer(self.place, self.app.size.width - PLACE), id="hints")
            yield Lines(id="place")
        yield Lines(TOO_SMALL, id="too-small")

    def say(self, text: str, *, passing: bool = False) -> None:
        """Show the state, in one line where that is enough; an empty text clears it.

        Messages can be called back; `passing` ones, which say what is under way, cannot.
        """
        shown = plain(text, keep_newlines=False)
        self.query_one("#state", Wrapped).tell(shown)
        if shown and not passing:
            self.desk.messages.keep(shown)

    def complain(self, error: UserError) -> None:
        """Show an error in place: what, where and what to do."""
        where = f"{error.where}: " if error.where else ""
        todo = f" {error.todo}" if error.todo else ""
        self.say(f"! {where}{error.what}.{todo}")

    def show_place(self, *parts: str) -> None:
        """Show where one is; of two parts the last one, where both find no room."""
        said = [part for part in parts if part]
        last = "".join(said[-1:])
        ways = ("  ".join(said), " ".join(said), last, last.replace(",", ""))
        shown = next((way for way in ways if len(way) < PLACE), ways[-1])
        self.query_one("#place", Lines).show(shown.rjust(PLACE))

    async def on_document_opened(self) -> None:
        await self.run_action("open")

    async def on_pair_list_opened(self) -> None:
        await self.run_action("open")

    def open_feature(self, feature: int, among: tuple[int, ...] = ()) -> None:
        """Open a feature's screen; its `[` and `]` go through those it was chosen from."""
        from tui.screens.feature import FeatureScreen

        self.app.push_screen(FeatureScreen(self.desk, feature, among))

    async def action_back(self) -> None:
        self.leave()

    def action_help(self) -> None:
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.place))

    def action_messages(self) -> None:
        from tui.screens.messages import MessagesScreen

        self.app.push_screen(MessagesScreen(self.desk.messages))

    def action_theme(self) -> None:
        """The next theme, which is kept for the next start."""
        names = list(THEMES)
        self.app.theme = names[(names.index(self.app.theme) + 1) % len(names)]
        self.say(f"theme: {self.app.theme}")

    def action_palette(self) -> None:
        self.app.action_command_palette()

    async def action_quit(self) -> None:
        await self.app.action_quit()
