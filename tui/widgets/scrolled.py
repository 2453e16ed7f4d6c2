"""What a page and a list share: lines that scroll by keys, without bars and without a layout."""

from __future__ import annotations

from textual.geometry import Size
from textual.scroll_view import ScrollView


class Scrolled(ScrollView, can_focus=False):
    """As long as it is told to be. Its length is no matter of its place on the screen."""

    DEFAULT_CSS = "Scrolled { height: 1fr; width: 1fr; overflow: hidden hidden; }"

    @property
    def allow_vertical_scroll(self) -> bool:
        return True

    def lengthen(self, lines: int) -> None:
        """Have so many lines. Textual would lay out the screen anew, and draw it once more."""
        self.set_reactive(ScrollView.virtual_size, Size(self.size.width, lines))
        self.scroll_y = self.validate_scroll_y(self.scroll_y)
