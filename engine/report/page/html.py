"""The page as one HTML file: no script, nothing fetched, light, dark and paper.

Texts of data sets and models are anybody's. The template escapes every one of them, `plain` makes
control and bidirectional characters visible, and a policy in the head forbids what might slip by.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from itertools import count
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from engine.plain import plain
from engine.report.page.blocks import Document, Figure, Paragraph, Table
from engine.report.plots.draw import draw

_FOLDER = Path(__file__).parent
_KINDS = {"paragraph": Paragraph, "table": Table, "figure": Figure}


def as_html(document: Document) -> str:
    """The page."""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name, kind in _KINDS.items():
        environment.tests[name] = _is(kind)
    numbers = count(1)

    def drawn(figure: Figure) -> Markup:
        """Only what was drawn from escaped text is taken as it is."""
        name = f"f{next(numbers)}"
        return Markup(draw(figure.plot, name, figure.title, figure.description))

    template = environment.from_string((_FOLDER / "page.html.j2").read_text(encoding="utf-8"))
    return template.render(
        document=document,
        draw=drawn,
        style=Markup((_FOLDER / "page.css").read_text(encoding="utf-8")),
        generator=f"Outvoted {version('outvoted')}",
    )


def _is(kind: type) -> Callable[[object], bool]:
    return lambda block: isinstance(block, kind)


def _harmless(value: object) -> object:
    """What the template writes: our own markup as it is, any other text without controls."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return plain(value, keep_newlines=False)
    return value
