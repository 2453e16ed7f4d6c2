"""A line of the list says something of the text, however many blanks lie around the pattern."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.cache.snippet import AFTER, BEFORE, snippet

BLANKS = st.text(" \n\t", max_size=2 * AFTER)


@given(before=BLANKS, after=BLANKS)
def test_blanks_are_one_and_what_lies_beyond_them_is_told(before: str, after: str) -> None:
    told = snippet("", f"first{before}x{after}last", (5 + len(before), 6 + len(before)))
    assert told == (f"first{' ' * bool(before)}", "x", f"{' ' * bool(after)}last")


def test_a_long_text_is_cut_and_an_empty_one_is_empty() -> None:
    before, match, after = snippet("b" * 999, "m" + "a" * 999, (0, 1))
    assert (len(before), match, len(after)) == (BEFORE, "m", AFTER)
    assert snippet(" \n", "\n ", (0, 0)) == (" ", "", " ")
