"""What a regular expression's every match holds is found by reading it, never by trying it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.heuristics.required import ignores_case, required


@pytest.mark.parametrize(
    ("pattern", "held"),
    [
        ("https?://", (("http", "://"),)),
        (r"I'm (very )?sorry", (("I'm ", "sorry"),)),
        ("(sorry|apologi[sz]e)", (("sorry",), ("apologi", "e"))),
        (r"(?i)\bthanks, \d", (("than", ", "),)),  # K also stands for the Kelvin sign, ſ for s
        ("(?i)kiss", ()),
        ("(?=never told)here", (("here",),)),
        ("a(?i:b)c", (("a", "c"),)),
        (r"\d+", ()),
        ("sorry|", ()),
    ],
)
def test_the_texts_of_a_pattern(pattern: str, held: tuple[tuple[str, ...], ...]) -> None:
    assert required(pattern) == held


_PARTS = st.recursive(
    st.sampled_from(["a", "b", "K", "s", ".", "[ab]", r"\b", "^", "é"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda ways: f"({'|'.join(ways)})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}"])).map(
            lambda x: f"(?:{x[0]}){x[1]}"
        ),
        inner.map(lambda part: f"(?={part})"),
    ),
    max_leaves=6,
)
_TEXTS = st.text("abkK\u212asSſé ", max_size=8)


@given(pattern=_PARTS, text=_TEXTS, ignoring=st.booleans())
def test_no_text_without_them_matches(pattern: str, text: str, ignoring: bool) -> None:
    pattern = f"(?i){pattern}" if ignoring else pattern
    ways = required(pattern)
    seen = text.lower() if ignores_case(pattern) else text
    if ways and re.search(pattern, text):
        assert any(all(needle in seen for needle in needles) for needles in ways)
