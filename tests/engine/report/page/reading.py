"""Reading a page as a browser and a screen reader do: its structure, and nothing assumed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_EMPTY = {"meta", "link", "img", "br", "hr", "input"}


@dataclass
class Element:
    """One element, and what it holds."""

    tag: str
    attributes: dict[str, str | None]
    children: list[Element] = field(default_factory=list)
    own: list[str] = field(default_factory=list)

    def all(self, *tags: str) -> Iterator[Element]:
        """Every element below of these kinds (of any, without), in the order of the page."""
        for child in self.children:
            if not tags or child.tag in tags:
                yield child
            yield from child.all(*tags)

    @property
    def text(self) -> str:
        """All text below, in no particular order between an element and its children."""
        return " ".join([*self.own, *(child.text for child in self.children)])


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, dict(attrs))
        self._open[-1].children.append(made)
        if tag not in _EMPTY:
            self._open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].own.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a page has no comments: {data}")


def read(page: str) -> Element:
    """The page's elements; every tag closes the one that was opened last."""
    tree = _Tree()
    tree.feed(page)
    tree.close()
    assert tree._open == [tree.root]
    return tree.root
