"""The moves of every screen whose body is a document."""

from __future__ import annotations

from abc import abstractmethod

from tui.widgets.document import Document


class Scrolls:
    """A screen that hands the moves to its document."""

    @abstractmethod
    def document(self) -> Document:
        """The document that moves."""

    def action_down(self) -> None:
        self.document().move(1)

    def action_up(self) -> None:
        self.document().move(-1)

    def action_top(self) -> None:
        self.document().move_to_end(last=False)

    def action_bottom(self) -> None:
        self.document().move_to_end(last=True)

    def action_page_down(self) -> None:
        self.document().move_page(1)

    def action_page_up(self) -> None:
        self.document().move_page(-1)


def titled(title: str, document: Document) -> str:
    """A panel's title, with the lines in view where they are not all."""
    return f"{title}   {document.place}" if document.place else title


class ReadsSections(Scrolls):
    """A document that is read from one section to the next."""

    def action_next_section(self) -> None:
        self.document().jump(self.document().page.sections, forward=True)

    def action_previous_section(self) -> None:
        self.document().jump(self.document().page.sections, forward=False)
