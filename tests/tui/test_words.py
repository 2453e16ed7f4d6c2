"""Word-level differences: what is marked differs, what is not is shared, fast."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from tui.widgets.words import differences

WORDS = st.lists(st.sampled_from(["the", "cat", "sat", "down", "\n\nno", "ok"]), max_size=30)


def told(left: str, right: str) -> list[tuple[str, str]]:
    """What each side has where the other has something else."""
    lefts, rights = differences(left, right)
    return [(left[a:b], right[c:d]) for (a, b), (c, d) in zip(lefts, rights, strict=True)]


def test_a_word_that_was_replaced_or_left_out_is_found_where_it_stands() -> None:
    assert told("I like cats and dogs", "I love cats and birds") == [
        ("like", "love"),
        ("dogs", "birds"),
    ]
    assert told("well, I do not know", "well, I know") == [("do not", "")]
    assert differences("one two", "one")[1] == ((3, 3),)
    assert told("same", "same") == []


def test_a_word_in_common_is_no_likeness() -> None:
    left, right = " No, I really would not do the thing", " See how easily people get the door open"
    assert told(left, right) == [(left.strip(), right.strip())]


@given(WORDS, WORDS)
def test_what_is_not_marked_is_the_same_on_both_sides(a: list[str], b: list[str]) -> None:
    left, right = " ".join(a), " ".join(b)
    kept = []
    for text, spans in zip((left, right), differences(left, right), strict=True):
        ends = [0, *(end for _, end in spans)]
        starts = [*(start for start, _ in spans), len(text)]
        kept.append([text[e:s].split() for e, s in zip(ends, starts, strict=True)])
    assert kept[0] == kept[1]


def test_a_huge_text_keeps_the_keys_alive() -> None:
    words = [f"w{number % 997}" for number in range(60_000)]
    before = time.perf_counter()
    differences(" ".join(words), " ".join([*words[:5], "x", *reversed(words), "y"]))
    differences("a " * 1400 + "x " + "b " * 30, "b " * 1400 + "y " + "a " * 30)
    assert time.perf_counter() - before < 2.0
