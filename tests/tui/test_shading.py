"""Tokens shaded by what they add to the margin: strength as style, sign as glyph."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from engine.cache.breakdown import RunningWithout, SideTokens, TokenEffects
from engine.cache.pair_records import PairDetail
from tests.tui.driving import browser, page_text, press
from tests.tui.fakes import DETAILS, FakeReader, make_detail
from tui.screens.pair_page import Shown, pair_page
from tui.screens.pair_shading import ShadeBy, Shading, shading
from tui.screens.pair_texts import marked
from tui.widgets.shading import Shade, level, shade_style, with_margin

TOKENS = TokenEffects(
    chosen=SideTokens(
        spans=((0, 4), (4, 9), (9, 10)),
        total=(0.5, -1.0, 0.0),
        by_feature={7: ((0, 0.25), (1, -1.0)), 9: ((0, 0.25),)},
        running=(0.5, -0.25, 0.1),
        without=(RunningWithout((7, 9), (0.3, 0.2, 0.1)),),
    ),
    rejected=SideTokens(
        spans=((0, 3),),
        total=(0.3,),
        by_feature={9: ((0, 0.3),)},
        running=(0.2,),
        without=(RunningWithout((7, 9), (-0.3,)),),
    ),
)


def drawn(by: ShadeBy, own: tuple[int, ...] = (7, 9), feature: int | None = None) -> Shading:
    found = shading(TOKENS, by, own, feature)
    assert isinstance(found, Shading)
    return found


def test_a_figure_is_strong_beside_the_largest_of_both_sides() -> None:
    assert [level(value, 1.0) for value in (0.05, 0.1, -0.4, 0.9, -1.0)] == [0, 1, -2, 3, -3]
    assert level(0.0, 0.0) == 0
    made = drawn("all").by_side
    assert [shade.level for shade in made["chosen"]] == [2, -3]
    assert [shade.level for shade in made["rejected"]] == [1]


def test_by_a_group_by_one_feature_and_by_the_running_reward() -> None:
    assert [shade.level for shade in drawn("own").by_side["chosen"]] == [2, -3]
    assert [shade.level for shade in drawn("feature", feature=9).by_side["chosen"]] == [3]
    assert drawn("feature", feature=11).by_side["chosen"] == ()  # not active here
    assert [shade.level for shade in drawn("running").by_side["chosen"]] == [3, -2, 1]
    without = drawn("without")
    assert [shade.level for shade in without.by_side["chosen"]] == [3, 3, 2]
    assert [shade.level for shade in without.by_side["rejected"]] == [-3]
    assert "running reward without the heuristic's 2 features" in without.title


def test_what_is_not_stored_says_which_key_measures_it() -> None:
    assert shading(None, "all", (), None) == "tokens: not stored: r measures it"
    stored = replace(TOKENS, rejected=replace(TOKENS.rejected, running=None))
    assert "r measures it" in str(shading(stored, "running", (), None))
    assert "r measures it" in str(shading(TOKENS, "without", (7,), None))
    assert "no features" in str(shading(TOKENS, "own", (), None))
    assert "no features" in str(shading(TOKENS, "without", (), None))
    assert shading(TOKENS, "nothing", (), None) is None


def test_signs_stand_before_words_and_in_the_margin_so_that_no_colour_is_needed() -> None:
    shades = (Shade(0, 4, 2), Shade(4, 9, -3), Shade(9, 10, 1))
    text = marked(" yes no way?", ((4, 7),), ((0, 12),), "", shades)
    assert text.plain == " ⁺yes« ⁻no» way?"
    assert with_margin(text).plain == "±3  ⁺yes« ⁻no» way?"
    assert with_margin(Text("plain")).plain == "   plain"
    styles = {shade_style(made).without_color for made in (1, 2, 3)}
    assert len(styles) == 3


@given(
    st.text("ab 🙂e\u0301\n", max_size=30),
    st.lists(st.integers(-3, 3).filter(bool), max_size=5),
)
def test_shading_changes_no_character(text: str, levels: list[int]) -> None:
    cut = [Shade(at * 3, min(at * 3 + 3, len(text)), made) for at, made in enumerate(levels)]
    shades = [shade for shade in cut if shade.start < shade.end]
    shown = marked(text, (), None, "", shades).plain
    if text.strip():
        assert shown.replace("⁺", "").replace("⁻", "") == text


@pytest.mark.parametrize("width", [60, 100, 200])
def test_no_shaded_line_is_wider_than_the_screen(width: int) -> None:
    detail = make_detail(0)
    text = detail.pair.chosen
    spans = tuple((at, min(at + 5, len(text))) for at in range(0, len(text), 5))
    values = tuple((-1) ** at * at / len(spans) for at in range(len(spans)))
    side = SideTokens(spans, values, {}, None)
    tokens = TokenEffects(side, SideTokens((), (), {}, None))
    page = pair_page(Shown(replace(detail, tokens=tokens), "url", shade="all"), width)
    assert max(line.cell_len for line in page.lines) <= width
    assert any("⁻" in line.plain for line in page.lines)


class TokenReader(FakeReader):
    """Pairs whose runs hold attributions by token."""

    def pair(self, identifier: int) -> PairDetail:
        return replace(DETAILS[identifier], tokens=TOKENS)


async def test_v_goes_through_the_figures_and_space_takes_the_cursor_s_feature() -> None:
    async with browser(TokenReader()).run_test(size=(100, 40)) as pilot:
        await press(pilot, "enter", "enter")
        seen = []
        for _ in range(5):
            await press(pilot, "v")
            seen.append("tokens by" in page_text(pilot) and page_text(pilot).split("tokens by")[1])
        assert [str(made).split("·")[0].strip()[:40] for made in seen] == [
            "attribution (first order) of the heurist",
            "attribution (first order) of all feature",
            "what each adds to its text's running rew",
            "the running reward: not stored: r measur",
            "False",
        ]
        await press(pilot, "G", "space")
        assert "(first order) of #4353" in page_text(pilot)
        await press(pilot, "space")
        assert "tokens by" not in page_text(pilot)
