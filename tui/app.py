"""The browser: a first frame from the snapshot, then the index in a thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.command import Provider
from textual.screen import Screen
from textual.theme import Theme

from engine.cache.records import Overview, Reader
from engine.live.edit import Rescorer
from tui.screens.base import MainScreen
from tui.screens.desk import Desk
from tui.screens.overview import OverviewScreen
from tui.session import Session, load_session, save_session

if TYPE_CHECKING:
    from collections.abc import Iterable

_THEME = Theme(
    name="outvoted",
    ansi=True,  # the terminal's own 16 colours
    primary="ansi_blue",
    secondary="ansi_cyan",
    warning="ansi_yellow",
    error="ansi_yellow",
    success="ansi_blue",
    accent="ansi_cyan",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-background": "ansi_white",
        "input-cursor-background": "ansi_white",
        "input-cursor-foreground": "ansi_black",
        "input-selection-background": "ansi_bright_blue",
        "input-selection-foreground": "ansi_black",
    },
)


def _actions() -> type[Provider]:
    """The palette's provider, imported when the palette is first opened."""
    from tui.screens.palette import Actions

    return Actions


class OutvotedApp(App[None]):
    """Overview, Pairs, Pair. It is given what it shows and whom it asks; it opens nothing itself.

    Args:
        snapshot: the overview as the last run left it, drawn before anything is opened.
        open_reader: opens the index; called in a thread, after the first frame.
        make_rescorer: starts a PM for `r` and `e`, when one of them is first pressed.
        session_path: where the session is kept, and yanked text beside it; None: nowhere.
    """

    CSS_PATH = Path(__file__).parent / "styles" / "outvoted.tcss"
    TITLE = "Outvoted"
    AUTO_FOCUS = ""
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_actions}
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self,
        snapshot: Overview | None,
        open_reader: Callable[[], Reader],
        make_rescorer: Callable[[], Rescorer] | None,
        session_path: Path | None,
    ) -> None:
        super().__init__()
        self.register_theme(_THEME)
        self.theme = _THEME.name
        self.animation_level = "none"
        folder = session_path.parent if session_path is not None else None
        self.desk = Desk(open_reader, make_rescorer, folder)
        self._session_path = session_path
        self._first = OverviewScreen(
            self.desk, snapshot, lambda index: load_session(session_path, index)
        )

    def get_default_screen(self) -> Screen[None]:
        return self._first

    async def action_quit(self) -> None:
        """Leave, and remember where."""
        self._save()
        await self.desk.close()
        self.exit()

    def _save(self) -> None:
        overview = self._first.overview
        if overview is None:
            return
        session = Session()
        for screen in self._main_screens():
            session = screen.remember(session)
        save_session(self._session_path, overview.index, session)

    def _main_screens(self) -> Iterable[MainScreen]:
        return (screen for screen in self.screen_stack if isinstance(screen, MainScreen))


def run(app: OutvotedApp) -> None:
    """Run the browser in this terminal; the mouse stays with the terminal."""
    app.run(mouse=False)
