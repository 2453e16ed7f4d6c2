"""Laws of what is drawn: nothing lost in wrapping, bars that fill, figures that carry a sign."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from engine.verdict import Verdict
from tests.tui.fakes import make_detail
from tui.screens.reasons import why
from tui.widgets.figures import LETTERS, margin_bar, shares, signed, verdict_bar
from tui.widgets.wrapping import rule, wrap

SAFE = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z", "M"]) | st.just(" "))


@given(text=SAFE, width=st.integers(4, 60))
def test_wrapping_loses_nothing_but_blanks_and_no_line_is_too_wide(text: str, width: int) -> None:
    lines = wrap(Text(text), width)
    assert all(line.cell_len <= width for line in lines)
    assert "".join("".join(line.plain.split()) for line in lines) == "".join(text.split())


def test_wrapping_keeps_paragraphs_words_and_styles() -> None:
    text = Text("one two three\n\nfour")
    text.stylize("bold", 4, 7)
    lines = wrap(text, 8)
    assert [line.plain.strip() for line in lines] == ["one two", "three", "", "four"]
    assert [(span.start, span.end) for span in lines[0].spans] == [(4, 7)]


def test_wide_characters_count_for_two() -> None:
    assert [line.plain for line in wrap(Text("文章です"), 4)] == ["文章", "です"]


@given(counts=st.lists(st.integers(0, 100_000), min_size=1, max_size=10), width=st.integers(10, 99))
def test_a_bar_fills_its_width_and_shows_everything_that_occurs(
    counts: list[int], width: int
) -> None:
    cells = shares(counts, width)
    assert sum(cells) == (width if any(counts) else 0)
    assert all((count > 0) == (length > 0) for count, length in zip(counts, cells, strict=True))


def test_a_bar_can_be_read_without_colour() -> None:
    bar = verdict_bar({Verdict.OUTVOTED: 3, Verdict.SILENT: 1}, 8)
    assert bar.plain == "OOOOOOSS"
    assert len(set(LETTERS.values())) == len(Verdict)


def test_a_margin_s_bar_lies_on_the_side_of_its_sign() -> None:
    assert margin_bar(-1.0, 1.0, 4).plain == "━━━━┃    "
    assert margin_bar(0.5, 1.0, 4).plain == "    ┃━━  "
    assert margin_bar(None, 1.0, 4).plain == "    ┃    "
    assert (signed(1.0), signed(-0.5), signed(None)) == ("+1.000", "-0.500", "·")


def test_a_rule_fills_its_width() -> None:
    assert cell_len(rule("features", 40).plain) == 40


def test_every_verdict_has_its_reason() -> None:
    details = [make_detail(row) for row in range(60)]
    found = {d.heuristics[0].judgement.verdict: why(d.heuristics[0], d) for d in details}
    assert set(found) == set(Verdict)
    assert len(set(found.values())) == len(Verdict)
    assert "confident" in found[Verdict.PM_WRONG]
