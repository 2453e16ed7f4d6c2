"""The virtual list of pairs: an array of ids, and only the pages in view fetched."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.cells import set_cell_size
from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip

from engine.cache.pair_records import PairRow
from tui.widgets.covered import covered_row
from tui.widgets.figures import CURSOR
from tui.widgets.pair_line import missing_line, pair_line
from tui.widgets.scrolled import Scrolled

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

PAGE = 8
"""Rows that are fetched together, few: after a sort they lie far apart on disk."""
_PAGES_KEPT = 128
WHEEL = 3
"""Lines that one notch of the mouse's wheel moves."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Rows the list needs: which list it was for, the pages, and their ids."""

    request: int
    pages: tuple[int, ...]
    ids: npt.NDArray[np.int64]


class PairList(Scrolled, can_focus=False):
    """One line a pair. A move inside the page repaints two lines; at its edge it turns the page."""

    class Needs(Message):
        """Rows in view are not here yet. A later message says all that an earlier one said."""

        def __init__(self, wanted: Wanted) -> None:
            super().__init__()
            self.wanted = wanted

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, PairList.Needs)

    class Opened(Message):
        """The row under the cursor was clicked on."""

    class Moved(Message):
        """The cursor stands on another row."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, PairList.Moved)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._ids: npt.NDArray[np.int64] | None = None
        self._pages: OrderedDict[int, tuple[PairRow, ...]] = OrderedDict()
        self._request = 0
        self._asked: tuple[int, ...] = ()
        self.cursor = 0
        self.blind = False
        self.nothing: tuple[str, ...] = ()
        """What an empty list says."""

    def __len__(self) -> int:
        return 0 if self._ids is None else len(self._ids)

    def __bool__(self) -> bool:
        return True  # an empty list is still a widget

    @property
    def ids(self) -> npt.NDArray[np.int64] | None:
        """The ids of all its pairs, in order; None: they are not known yet."""
        return self._ids

    def show(self, ids: npt.NDArray[np.int64], cursor: int = 0) -> None:
        """Show other pairs. Rows asked for earlier are stale from now on."""
        self._ids = ids
        self._request += 1
        self._pages.clear()
        self._asked = ()
        self.cursor = min(max(cursor, 0), max(len(ids) - 1, 0))
        self.lengthen(len(ids))
        self._into_view(center=True)
        self.refresh()
        self.post_message(self.Moved())
        self._ask()

    def put(self, request: int, pages: Sequence[int], rows: Sequence[PairRow]) -> None:
        """Take the rows of some pages; dropped where the list has changed since."""
        if request != self._request:
            return
        start = 0
        for page in pages:
            length = len(self._page_ids(page))
            self._pages[page] = tuple(rows[start : start + length])
            self._pages.move_to_end(page)
            start += length
        while len(self._pages) > _PAGES_KEPT:
            self._pages.popitem(last=False)
        self._asked = ()
        if any(page in self._in_view() for page in pages):
            self.refresh()
        self._ask()

    def identifier(self, position: int | None = None) -> int | None:
        """The id at a position, or under the cursor; None where there is none."""
        place = self.cursor if position is None else position
        if self._ids is None or not 0 <= place < len(self._ids):
            return None
        return int(self._ids[place])

    def find(self, identifier: int) -> int | None:
        """Where an id stands; None where it does not."""
        return None if self._ids is None else place_of(self._ids, identifier)

    def row(self, position: int | None = None) -> PairRow | None:
        """The row at a position, or under the cursor, as it is shown; None: not fetched yet."""
        page, offset = divmod(self.cursor if position is None else position, PAGE)
        rows = self._pages.get(page, ())
        row = rows[offset] if 0 <= offset < len(rows) else None
        return covered_row(row) if row is not None and self.is_hidden(row) else row

    def is_hidden(self, row: PairRow) -> bool:
        """Whether blind mode hides what was measured of a pair."""
        return self.blind and row.mark is None

    def set_mark(self, identifier: int, mark: str | None) -> None:
        """Show a mark on the pair's line, if the line has been fetched."""
        for page, rows in self._pages.items():
            for offset, row in enumerate(rows):
                if row.id == identifier:
                    marked = replace(row, mark=mark)
                    self._pages[page] = (*rows[:offset], marked, *rows[offset + 1 :])
                    if self.screen.is_active:  # a change underneath repaints what lies above
                        self.refresh_line(page * PAGE + offset)
                    return

    def select(self, position: int) -> None:
        """Put the cursor on a row; beyond an edge of the view, turn the page."""
        position = min(max(position, 0), max(len(self) - 1, 0))
        old, self.cursor = self.cursor, position
        if position == old:
            return
        if not self._into_view():
            self.refresh_line(old)
            self.refresh_line(position)
        self.post_message(self.Moved())
        self._ask()

    def jump(self, position: int) -> None:
        """Put the cursor on a row without drawing: the list lies under another screen."""
        self.cursor = min(max(position, 0), max(len(self) - 1, 0))

    def reveal(self) -> None:
        """Draw what changed while another screen lay above."""
        self._into_view()
        self.refresh()
        self.post_message(self.Moved())
        self._ask()

    def on_resize(self) -> None:
        self.lengthen(len(self))
        self._into_view()
        self.refresh()
        self._ask()

    def _into_view(self, *, center: bool = False) -> bool:
        """Scroll by whole pages until the cursor is in view; whether that was needed."""
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if top <= self.cursor < top + height:
            return False
        if center:
            target = self.cursor - height // 2
        else:
            target = self.cursor if self.cursor >= top + height else self.cursor - height + 1
        highest = max(len(self) - height, 0)
        self.scroll_to(y=min(max(target, 0), highest), animate=False)
        return True

    def _page_ids(self, page: int) -> npt.NDArray[np.int64]:
        assert self._ids is not None
        return self._ids[page * PAGE : (page + 1) * PAGE]

    def _in_view(self) -> range:
        """The pages that the view shows a part of."""
        top = self.scroll_offset.y
        last = min(top + max(self.size.height, 1), len(self)) - 1
        return range(top // PAGE, last // PAGE + 1)

    def _ask(self) -> None:
        """Post `Needs` for pages that are not here and not under way.

        Those in view come first, then their neighbours: a turn of the page draws rows at once.
        """
        if self._ids is None or self.size.height == 0 or len(self) == 0:
            return
        seen = self._in_view()
        missing = self._missing(seen)
        if not missing:
            last = (len(self) - 1) // PAGE
            below = range(seen.stop, min(seen.stop + len(seen), last + 1))
            above = range(max(seen.start - len(seen), 0), seen.start)
            missing = self._missing(below) or self._missing(above)
        if missing and missing != self._asked:
            self._asked = missing
            ids = self._ids[missing[0] * PAGE : (missing[-1] + 1) * PAGE]
            pages = tuple(range(missing[0], missing[-1] + 1))
            self.post_message(self.Needs(Wanted(self._request, pages, ids)))

    def _missing(self, pages: range) -> tuple[int, ...]:
        return tuple(page for page in pages if page not in self._pages)

    def on_click(self, event: events.Click) -> None:
        """The row under the mouse; a second click on it opens it."""
        number = event.y + self.scroll_offset.y
        if number < len(self):
            opened = number == self.cursor
            self.select(number)
            if opened:
                self.post_message(self.Opened())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.select(self.cursor + WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.select(self.cursor - WHEEL)

    def render_line(self, y: int) -> Strip:
        width, number = self.size.width, y + self.scroll_offset.y
        if number >= len(self):
            said = self.nothing if self._ids is not None and len(self) == 0 else ()
            text = f"  {said[y]}" if y < len(said) else ""
            return Strip([Segment(set_cell_size(text, width), self.rich_style)], width)
        row = self.row(number)
        text = missing_line(width) if row is None else pair_line(row, width)
        style = self.rich_style + CURSOR if number == self.cursor else self.rich_style
        return Strip([Segment(set_cell_size(text, width), style)], width)


def place_of(ids: npt.NDArray[np.int64], identifier: int | None) -> int | None:
    """Where an id stands in a list; None where it does not."""
    places = (ids == identifier).nonzero()[0] if identifier is not None else ids[:0]
    return int(places[0]) if len(places) else None
