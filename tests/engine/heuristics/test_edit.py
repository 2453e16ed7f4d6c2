"""Deletion of a pattern, and its control."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.heuristics.edit import delete_spans, insert_text, random_spans_like
from engine.hh import turns

CONTEXT = "\n\nHuman: Where?\n\nAssistant:"
RESPONSE = " Look at https://a.example or ask someone.\n\nHuman: Who?\n\nAssistant: Anyone will do."
TRANSCRIPT = CONTEXT + RESPONSE
URL = (TRANSCRIPT.index("https://"), TRANSCRIPT.index("https://") + len("https://"))


def test_deletion_leaves_the_rest_alone() -> None:
    assert delete_spans(TRANSCRIPT, [URL]) == TRANSCRIPT.replace("https://", "")
    assert delete_spans("a1b2c", [(3, 4), (1, 2)], "_") == "a_b_c"


def test_insertion_undoes_deletion() -> None:
    assert insert_text(delete_spans(TRANSCRIPT, [URL]), URL[0], "https://") == TRANSCRIPT
    with pytest.raises(ValueError, match="no place 9"):
        insert_text("short", 9, "x")


def control(seed: str, spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...] | None:
    return random_spans_like(
        TRANSCRIPT, spans, context=len(CONTEXT), content_hash=seed, key="heuristic"
    )


@given(st.text())
def test_a_control_is_as_long_starts_a_word_and_touches_nothing(seed: str) -> None:
    spans = [URL, (URL[1] + 14, URL[1] + 17)]
    found = control(seed, spans)
    assert found is not None
    assert sorted(b - a for a, b in found) == sorted(b - a for a, b in spans)
    for start, _ in found:
        assert start >= len(CONTEXT)
        assert TRANSCRIPT[start - 1].isspace() and not TRANSCRIPT[start].isspace()
    assert len(turns(delete_spans(TRANSCRIPT, found))) == len(turns(TRANSCRIPT))
    assert all(left[1] <= right[0] for left, right in pairwise(sorted([*found, *spans])))


def test_the_draw_depends_on_pair_and_heuristic_alone() -> None:
    assert control("a pair", [URL]) == control("a pair", [URL]) == ((95, 103),)
    assert len({control(f"pair {number}", [URL]) for number in range(20)}) > 1


def test_without_room_there_is_no_control() -> None:
    transcript = CONTEXT + " I don't know"
    start = transcript.index("I don't")
    spans = [(start, len(transcript))]
    assert (
        random_spans_like(transcript, spans, context=len(CONTEXT), content_hash="", key="") is None
    )
