"""The pair's texts with what matters marked in them: pattern, differences, matches. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.style import Style
from rich.text import Text

from engine.plain import plain
from tui.widgets.figures import BOLD, FAINT
from tui.widgets.shading import Shade, shade_sign, shade_style
from tui.widgets.words import Spans

PATTERN = Style(bold=True, underline=True)
FOUND = Style(reverse=True)
PATTERN_SHADED = Style(italic=True)
"""Where underline and bold say how strongly a token is shaded."""
_TURN = re.compile(r"\n\n(?:Human|Assistant):")
_LAST_HUMAN = "\n\nHuman:"


def marked(
    text: str,
    spans: Spans,
    differing: Spans | None,
    search: str,
    shades: Sequence[Shade] | None = None,
) -> Text:
    """A text with its pattern in «guillemets», what differs between ▸ and ◂, matches reversed.

    Turn markers are bold; what both sides share is faint.

    Args:
        text: a response, or a context.
        spans: of the pattern.
        differing: the words that the other side has not, or None where there is no other side.
        search: what is looked for.
        shades: of tokens; where they are given, what differs is not marked.
    """
    if not text.strip():
        return Text(f"({'blank' if text else 'empty'}: {len(text)} characters)", FAINT)
    shown = Text(plain(text))
    if shades is not None:
        differing = None
    if differing:
        ends = [0, *(end for _, end in differing)]
        starts = [*(start for start, _ in differing), len(text)]
        for end, start in zip(ends, starts, strict=True):
            shown.stylize(FAINT, end, start)
    for turn in _TURN.finditer(text):
        shown.stylize(BOLD, *turn.span())
    for start, end in spans:
        shown.stylize(PATTERN if shades is None else PATTERN_SHADED, start, end)
    for shade in shades or ():
        shown.stylize(shade_style(shade.level), shade.start, shade.end)
    for start, end in found_in(text, search):
        shown.stylize(FOUND, start, end)
    return _with_signs(shown, spans, differing or (), shades or ())


def found_in(text: str, search: str) -> Iterator[tuple[int, int]]:
    """Where the text holds the search; ASCII letters match in both cases, as in the list."""
    if search:
        flags = re.IGNORECASE | re.ASCII if search.isascii() else re.IGNORECASE
        for match in re.finditer(re.escape(search), text, flags):
            yield match.span()


def _with_signs(shown: Text, spans: Spans, differing: Spans, shades: Sequence[Shade]) -> Text:
    """Put the signs in between the characters; styles move along.

    Where several stand at one place, what ends there closes before what begins there opens.
    """
    signs = [(end, 0, "»") for _, end in spans]
    signs += [(end, 1, "◂") for start, end in differing if start < end < len(shown)]
    signs += [(start, 2, "▸" if start < end else "▸◂") for start, end in differing]
    signs += [(start, 3, "«") for start, _ in spans]
    # A token begins with its blank; the sign goes before the word.
    signs += [
        (made.start + (shown.plain[made.start].isspace() and made.end - made.start > 1), 4, sign)
        for made in shades
        if (sign := shade_sign(made.level))
    ]
    whole = Text()
    begin = 0
    for offset, _, sign in sorted(signs):
        if offset > begin:
            whole.append_text(shown[begin:offset])
        whole.append(sign, BOLD)
        begin = max(begin, offset)
    return whole.append_text(shown[begin:]) if begin < len(shown) else whole


def context_shown(context: str, *, unfolded: bool) -> tuple[str, int, bool]:
    """What of a context is shown, how many turns all of it has, and whether some is left out.

    Folded it begins at the last human turn. The marker that the responses continue says nothing
    that the page does not.
    """
    whole = context.removesuffix("\n\nAssistant:")
    start = 0 if unfolded else max(whole.rfind(_LAST_HUMAN), 0)
    return whole[start:].strip("\n"), len(_TURN.findall(whole)), start > 0
