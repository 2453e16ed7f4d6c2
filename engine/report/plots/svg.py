"""A matplotlib figure as SVG to put into a page: its colours are the page's, its ids its own.

Figures are drawn in stand-in colours; each becomes the CSS variable that it stands for, so that
one drawing serves light, dark and paper. matplotlib is imported here and in `draw`, nowhere else.
"""

from __future__ import annotations

import io
import re
import warnings
from contextlib import AbstractContextManager
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.figure import Figure

from engine.report.wording import bare

INK, FAINT, BLUE, ORANGE, GROUND = (f"#01020{place}" for place in range(3, 8))
_COLOURS = {
    INK: "currentColor",
    FAINT: "var(--faint)",
    BLUE: "var(--blue)",
    ORANGE: "var(--orange)",
    GROUND: "var(--ground)",
}

_LONGEST_LABEL = 32
_SVG = "http://www.w3.org/2000/svg"
_LINK = "{http://www.w3.org/1999/xlink}href"
_FONT = re.compile(r"font-family:[^;]*;?")
_POINTER = re.compile(r"url\(#")
_NO_XML = re.compile("[\ufffe\uffff]")


def settings() -> AbstractContextManager[None]:
    """How every figure is drawn, while this is entered."""
    return mpl.rc_context(
        {
            "svg.fonttype": "none",  # text stays text: to be read aloud, searched and copied
            "svg.hashsalt": "outvoted",  # the same figures give the same bytes
            "text.parse_math": False,  # a tranche may be called "$x$"
            "font.size": 9.0,
            "hatch.linewidth": 1.2,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": FAINT,
            "axes.facecolor": "none",
            "figure.facecolor": "none",
            "xtick.color": FAINT,
            "ytick.color": FAINT,
            "xtick.labelcolor": INK,
            "ytick.labelcolor": INK,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "legend.frameon": False,
        }
    )


def label(text: str) -> str:
    """Any text as a label: harmless, in characters that XML has, and cut where it is long."""
    shown = _NO_XML.sub("\ufffd", bare(text))
    return shown if len(shown) <= _LONGEST_LABEL else f"{shown[: _LONGEST_LABEL - 1]}…"


def as_svg(figure: Figure, name: str, title: str, description: str) -> str:
    """The figure as an `<svg>` element.

    Args:
        figure: drawn under `settings`.
        name: what its ids begin with; letters and digits, another for each figure of a page.
        title: its name, as a screen reader tells it.
        description: what is to be seen in it.
    """
    out = io.BytesIO()
    with warnings.catch_warnings():
        # Glyphs are only measured here; the page's own fonts draw them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        none = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(out, format="svg", metadata=none)
    text = out.getvalue().decode()
    for colour, variable in _COLOURS.items():
        text = text.replace(colour, variable)
    root = ElementTree.fromstring(text)
    _own_ids(root, name)
    width = float(root.attrib.pop("width").removesuffix("pt"))
    del root.attrib["height"]
    root.attrib |= {
        "role": "img",
        "aria-labelledby": f"{name}-title {name}-description",
        "style": f"max-width: {width / 72:.2f}in",
    }
    for place, (tag, said) in enumerate((("title", title), ("desc", description))):
        told = ElementTree.Element(f"{{{_SVG}}}{tag}")
        told.set("id", f"{name}-{'title' if tag == 'title' else 'description'}")
        told.text = _NO_XML.sub("\ufffd", bare(said))
        root.insert(place, told)
    ElementTree.register_namespace("", _SVG)
    return ElementTree.tostring(root, encoding="unicode")


def _own_ids(root: ElementTree.Element, name: str) -> None:
    """Prefix every id and pointer, and leave out style sheets and fonts: the page has its own."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}style", f"{{{_SVG}}}metadata"):
                parent.remove(child)
    for element in root.iter():
        if "id" in element.attrib:
            element.set("id", f"{name}-{element.attrib['id']}")
        if _LINK in element.attrib:
            element.set("href", f"#{name}-{element.attrib.pop(_LINK)[1:]}")
        for attribute in ("style", "clip-path"):
            if attribute in element.attrib:
                value = _FONT.sub("", element.attrib[attribute])
                element.set(attribute, _POINTER.sub(f"url(#{name}-", value))
