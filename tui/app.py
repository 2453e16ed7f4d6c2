"""The browser: a first frame from the snapshot, then the index in a thread."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.command import Provider
from textual.filter import LineFilter, Monochrome, NoColor
from textual.reactive import Reactive
from textual.screen import Screen
from textual.theme import Theme

from engine.cache.records import Overview
from tui.hangup import leaving_on_hangup
from tui.screens.base import MainScreen
from tui.screens.desk import Desk, Write
from tui.screens.overview import OverviewScreen
from tui.session import (
    Preferences,
    Session,
    load_preferences,
    load_session,
    save_preferences,
    save_session,
)
from tui.themes import DARK_TONES, DEFAULT, LIGHT_TONES, THEMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.cache.reading import Reader
    from engine.discovery import Discovery
    from engine.live.edit import Rescorer


def _actions() -> type[Provider]:
    """The palette's provider, imported when the palette is first opened."""
    from tui.screens.palette import Actions

    return Actions


class OutvotedApp(App[None]):
    """It is given what it shows and whom it asks; it opens nothing itself.

    Args:
        snapshot: the overview as the last run left it, drawn before anything is opened.
        open_reader: opens the index; called in a thread, after the first frame.
        make_rescorer: starts a PM for `r` and `e`, when one of them is first pressed.
        session_path: where the session is kept, and yanked text beside it; None: nowhere.
        theme: the colours; None: those chosen last.
        mouse: whether it is used; None: as it was last, and at first not.
        look: discovers what the PM holds against responses.
        write: writes lists and marks to files.
        run: that the session is to come back to; None: the newest.
        said: once the index is open.
    """

    CSS_PATH = Path(__file__).parent / "styles" / "outvoted.tcss"
    TITLE = "Outvoted"
    AUTO_FOCUS = ""
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_actions}
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = []
    theme: Reactive[str] = Reactive(DEFAULT)

    def __init__(
        self,
        snapshot: Overview | None,
        open_reader: Callable[[], Reader],
        make_rescorer: Callable[[], Rescorer] | None,
        session_path: Path | None,
        *,
        theme: str | None = None,
        mouse: bool | None = None,
        look: Callable[[], Awaitable[Discovery]] | None = None,
        write: Write | None = None,
        run: str | None = None,
        said: str = "",
    ) -> None:
        super().__init__()
        # As they are from the start: a change has all styles parsed once more.
        self.set_reactive(App.ansi_theme_dark, DARK_TONES)
        self.set_reactive(App.ansi_theme_light, LIGHT_TONES)
        kept = load_preferences(session_path)
        self.theme = theme or kept.theme
        self.mouse = kept.mouse if mouse is None else mouse
        self.animation_level = "none"
        folder = session_path.parent if session_path is not None else None
        self.desk = Desk(open_reader, make_rescorer, folder, look, write)
        self._session_path = session_path
        self._first = OverviewScreen(
            self.desk, snapshot, lambda index: load_session(session_path, index), said
        )
        self._run = run

    def get_default_screen(self) -> Screen[None]:
        return self._first

    @property
    def available_themes(self) -> dict[str, Theme]:
        """Textual's and ours: they are there before anything is drawn in one of its own."""
        return {**super().available_themes, **THEMES}

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Under NO_COLOR the terminal's own colours alone.

        Textual chooses a filter before a theme is set, and that one draws black on black.
        """
        filters = super().get_line_filters()
        if not self.no_color:
            return filters
        return [*(made for made in filters if not isinstance(made, Monochrome)), NoColor()]

    async def action_quit(self) -> None:
        self.exit()

    async def on_exit_app(self) -> None:
        """Remember where, by whatever it ends: a key, a signal, or the page that was closed."""
        self.save()
        await self.desk.close()

    def save(self) -> None:
        """Remember where, for the next start."""
        overview = self._first.overview
        if overview is None:
            return
        session = Session(run=self._run)
        for screen in self._main_screens():
            session = screen.remember(session)
        save_session(self._session_path, overview.index, session)
        save_preferences(self._session_path, Preferences(self.theme, self.mouse))

    def _main_screens(self) -> Iterable[MainScreen]:
        return (screen for screen in self.screen_stack if isinstance(screen, MainScreen))


def run(app: OutvotedApp) -> None:
    """Run the browser in this terminal; the mouse stays with the terminal unless it is wanted."""
    with leaving_on_hangup(sys.stdin.fileno(), lambda: app.call_from_thread(app.save)):
        app.run(mouse=app.mouse)
