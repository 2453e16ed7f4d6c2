"""A few fixed lines of text (titles, state, footer), shown without a layout."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from rich.text import Span, Text
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.wrapping import fit, wrap


def strip(text: Text, width: int, widget: Widget) -> Strip:
    """One line of a widget, filled to its width, in as few segments as its styles allow."""
    fitted = fit(text, width)
    if not fitted.spans:  # Text.render would leave the line's own style out
        own = widget.app.console.get_style(fitted.style)
        return Strip([Segment(fitted.plain, widget.rich_style + own)], width)
    segments = fitted.render(widget.app.console)
    return Strip(Segment.simplify(Segment.apply_style(segments, widget.rich_style)), width)


class Lines(Widget):
    """Shows the lines it was last given, cut to its width."""

    DEFAULT_CSS = "Lines { height: 1; width: 1fr; }"

    def __init__(self, text: str = "", *, height: int = 1, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Text] = [Text(text), *(Text() for _ in range(height - 1))]
        self.styles.height = height

    @property
    def text(self) -> str:
        """What is shown, before it is cut to the width."""
        return "\n".join(line.plain for line in self._lines)

    def show(self, *lines: str | Text) -> None:
        """Replace the lines. The height follows their number."""
        new = [Text(line) if isinstance(line, str) else line for line in lines] or [Text()]
        if list(map(_look, new)) == list(map(_look, self._lines)):
            return
        if len(new) != len(self._lines):
            self.styles.height = len(new)
        self._lines = new
        self.refresh()

    def render_line(self, y: int) -> Strip:
        line = self._lines[y] if y < len(self._lines) else Text()
        return strip(line, self.size.width, self)


class Wrapped(Lines):
    """One text in as many lines as it needs, up to a few."""

    def __init__(self, most: int, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._most = most
        self._told = ""

    @property
    def text(self) -> str:
        return self._told

    def tell(self, text: str) -> None:
        """Show another text."""
        self._told = text
        self._lay_out()

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        width = self.size.width or self.app.size.width
        self.show(*wrap(Text(self._told), width)[: self._most])


def _look(line: Text) -> tuple[str, str | Style, list[Span]]:
    return line.plain, line.style, line.spans
