"""A page of prepared lines that scrolls, laid out anew when its width changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.text import Text
from textual import events
from textual.message import Message
from textual.strip import Strip

from tui.widgets.figures import CURSOR
from tui.widgets.lines import strip
from tui.widgets.scrolled import Scrolled

WHEEL = 3
"""Lines that one notch of the mouse's wheel scrolls."""


@dataclass(frozen=True, slots=True)
class Page:
    """Lines for one width, and the places in them that keys go to."""

    lines: list[Text]
    anchors: tuple[int, ...] = ()
    """Lines the cursor can stand on; without any, moving scrolls."""
    reading: bool = False
    """Whether moves scroll where no anchor is in view: texts first, a table below them."""
    sections: tuple[int, ...] = ()
    matches: tuple[int, ...] = ()
    sides: dict[str, int] = field(default_factory=dict)


class Document(Scrolled, can_focus=False):
    """Shows a `Page`. With anchors it has a cursor, and a move repaints two lines."""

    class Opened(Message):
        """What the cursor is on was clicked on."""

    class Moved(Message):
        """The cursor or the scroll position changed."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Document.Moved)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._source: Callable[[int], Page] | None = None
        self._width = 0
        self.page = Page([])
        self.cursor = 0

    def show(self, source: Callable[[int], Page], *, keep_place: bool = False) -> None:
        """Show the page that `source` lays out for a width in cells."""
        self._source = source
        if not keep_place:
            self.cursor = 0
            self.scroll_to(y=0, animate=False)
        self._lay_out()

    def on_resize(self) -> None:
        if self._source is None:
            return  # nothing stands here yet
        if self.size.width != self._width:
            self._lay_out()
            return
        if self.page.anchors and not self.page.reading:
            self._into_view()
        self.post_message(self.Moved())  # other lines are in view

    def _lay_out(self) -> None:
        self._width = self.size.width
        if self._source is None or self._width == 0:
            return
        self.page = self._source(self._width)
        self.cursor = min(self.cursor, max(len(self.page.anchors) - 1, 0))
        self.lengthen(len(self.page.lines))
        self.refresh()
        self.post_message(self.Moved())

    def on_click(self, event: events.Click) -> None:
        """The anchor nearest to the mouse; a second click on it opens it."""
        number = event.y + self.scroll_offset.y
        anchors = self.page.anchors
        if anchors and (not self.page.reading or number in anchors):
            # What stands under an anchor belongs to it.
            nearest = max((i for i, line in enumerate(anchors) if line <= number), default=0)
            if nearest == self.cursor:
                self.post_message(self.Opened())
            self._select(nearest)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._turn(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._turn(-1)

    def _turn(self, notches: int) -> None:
        """The wheel moves the cursor, or turns pages that are read."""
        if self.page.anchors and not self.page.reading:
            self.move(notches)
        else:
            self.go_to(self.scroll_offset.y + notches * WHEEL)

    @property
    def place(self) -> str:
        """`1-16/80`: the lines in view; empty where all of them are."""
        height, total = self.size.height, len(self.page.lines)
        if total <= height:
            return ""
        top = self.scroll_offset.y
        return f"{top + 1}-{min(top + height, total)}/{total}"

    def render_line(self, y: int) -> Strip:
        number = y + self.scroll_offset.y
        width = self.size.width
        if number >= len(self.page.lines):
            return Strip.blank(width, self.rich_style)
        line = self.page.lines[number]
        if self.page.anchors and number == self.page.anchors[self.cursor]:
            line = Text(line.plain, CURSOR)
            line.pad_right(max(width - line.cell_len, 0))
            line.stylize(CURSOR)
        return strip(line, width, self)

    def move(self, steps: int) -> None:
        """Move the cursor by anchors, or scroll by lines where there are none."""
        if not self.page.anchors:
            self.go_to(self.scroll_offset.y + steps)
            return
        beyond = not 0 <= self.cursor + steps < len(self.page.anchors)
        if self.page.reading and (self.standing is None or beyond):
            self.go_to(self.scroll_offset.y + steps)
            return
        self._select(self.cursor + steps)

    @property
    def standing(self) -> int | None:
        """The anchor that the cursor is seen on."""
        if not self.page.anchors:
            return None
        line, top = self.page.anchors[self.cursor], self.scroll_offset.y
        return self.cursor if top <= line < top + self.size.height else None

    def stand_on(self, anchor: int) -> None:
        """Put the cursor on one of the anchors; nothing without any."""
        if self.page.anchors:
            self._select(anchor)

    def move_page(self, pages: int) -> None:
        height = max(self.size.height - 1, 1)
        if not self.page.anchors or self.page.reading:
            self.go_to(self.scroll_offset.y + pages * height)
            return
        target = self.page.anchors[self.cursor] + pages * height
        nearest = min(
            range(len(self.page.anchors)), key=lambda i: abs(self.page.anchors[i] - target)
        )
        self._select(nearest if nearest != self.cursor else self.cursor + pages)

    def move_to_end(self, *, last: bool) -> None:
        if self.page.anchors:
            self._select(len(self.page.anchors) - 1 if last else 0)
        if not self.page.anchors or not last or self.page.reading:
            self.go_to(len(self.page.lines) if last else 0)

    def go_to(self, line: int) -> None:
        """Scroll so that the line is the first one in view (or as near as the end allows)."""
        highest = max(len(self.page.lines) - self.size.height, 0)
        top = min(max(line, 0), highest)
        self.scroll_to(y=top, animate=False)
        self._follow(top)
        self.post_message(self.Moved())

    def keep_in_view(self) -> None:
        """Scroll as little as brings the cursor back into view, once the page is laid out."""
        self.call_after_refresh(self._back_into_view)  # how far can be scrolled is known then

    def _back_into_view(self) -> None:
        if self.page.anchors and self.standing is None:
            line, height = self.page.anchors[self.cursor], self.size.height
            self.go_to(min(max(self.scroll_offset.y, line - height + 1), line))

    def jump(self, lines: Sequence[int], *, forward: bool) -> None:
        """To the next of these lines beyond the first one in view, round the end."""
        top = self.scroll_offset.y
        last_top = max(len(self.page.lines) - self.size.height, 0)
        places = sorted({min(line, last_top) for line in lines})
        if places:
            beyond = [place for place in places if (place > top if forward else place < top)]
            around = places[0] if forward else places[-1]
            self.go_to((beyond[0] if forward else beyond[-1]) if beyond else around)

    def _follow(self, top: int) -> None:
        """Let the cursor stand on the nearest anchor in view, if any is."""
        if self.page.reading:
            bottom = top + self.size.height
            seen = [at for at, line in enumerate(self.page.anchors) if top <= line < bottom]
            if seen:
                self.cursor = min(max(self.cursor, seen[0]), seen[-1])

    def _select(self, cursor: int) -> None:
        old = self.page.anchors[self.cursor]
        self.cursor = min(max(cursor, 0), len(self.page.anchors) - 1)
        new = self.page.anchors[self.cursor]
        if new != old:
            self.refresh_line(old)
            self.refresh_line(new)
            self._into_view()
            self.post_message(self.Moved())

    def _into_view(self) -> None:
        line, top, height = self.page.anchors[self.cursor], self.scroll_offset.y, self.size.height
        if line < top:
            self.go_to(line)
        elif line >= top + height:
            self.go_to(line - height // 2)
