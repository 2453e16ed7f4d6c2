"""A pair's context and responses, and the turns of a transcript."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.hh import split_pair, turns
from engine.hh.transcript import ASSISTANT, common_prefix

pieces = st.sampled_from(
    ["\n\nHuman:", "\n\nAssistant:", "\n\nAssistant", "\n", " yes", " no", "’", "😀", "Human:", ""]
)
transcripts = st.lists(pieces, max_size=12).map("".join)


@pytest.mark.parametrize(
    ("chosen", "rejected", "parts"),
    [
        (
            "\n\nHuman: Hi\n\nAssistant: Hello!",
            "\n\nHuman: Hi\n\nAssistant: Go away.",
            ("\n\nHuman: Hi\n\nAssistant:", " Hello!", " Go away."),
        ),
        (  # the space after the colon is the response's: tokens stay as they are
            "\n\nHuman: Hi\n\nAssistant: ",
            "\n\nHuman: Hi\n\nAssistant: No",
            ("\n\nHuman: Hi\n\nAssistant:", " ", " No"),
        ),
        (  # they part early: all that follows is response, later turns too
            "\n\nHuman: Hi\n\nAssistant: A\n\nHuman: ok\n\nAssistant: B",
            "\n\nHuman: Hi\n\nAssistant: X\n\nHuman: ok\n\nAssistant: B",
            (
                "\n\nHuman: Hi\n\nAssistant:",
                " A\n\nHuman: ok\n\nAssistant: B",
                " X\n\nHuman: ok\n\nAssistant: B",
            ),
        ),
        (  # a marker that only begins inside the common prefix is not shared
            "\n\nHuman: Hi\n\nAssistant: A",
            "\n\nHuman: Hi\n\nAssistance",
            ("", "\n\nHuman: Hi\n\nAssistant: A", "\n\nHuman: Hi\n\nAssistance"),
        ),
    ],
)
def test_the_context_ends_with_the_last_marker_both_share(
    chosen: str, rejected: str, parts: tuple[str, str, str]
) -> None:
    assert split_pair(chosen, rejected) == parts


@given(transcripts, transcripts, transcripts)
def test_context_and_response_give_back_every_transcript(shared: str, a: str, b: str) -> None:
    context, chosen, rejected = split_pair(shared + a, shared + b)
    assert (context + chosen, context + rejected) == (shared + a, shared + b)
    assert context == "" or context.endswith("\n\nAssistant:")
    # No later marker is shared: the context is as long as it can be.
    assert "\n\nAssistant:" not in chosen[: common_prefix(chosen, rejected)]


@given(st.text("ab"), st.text("ab"))
def test_the_common_prefix_is_common_and_the_longest(left: str, right: str) -> None:
    length = common_prefix(left, right)
    assert left[:length] == right[:length]
    assert length == min(len(left), len(right)) or left[length] != right[length]


def test_turns_hold_their_role_and_their_text() -> None:
    transcript = "\n\nHuman: Is Human: a name?\n\nAssistant: No.\n\nAssistant: Or is it?"
    assert [(turn.role, transcript[turn.start : turn.end]) for turn in turns(transcript)] == [
        ("human", " Is Human: a name?"),  # a marker starts a paragraph
        ("assistant", " No."),
        ("assistant", " Or is it?"),  # HH holds assistant turns in a row
    ]


@given(transcripts)
def test_markers_and_turns_cover_the_transcript(transcript: str) -> None:
    found = turns(transcript)
    first = found[0].marker if found else len(transcript)
    pieces = [transcript[turn.marker : turn.end] for turn in found]
    assert transcript[:first] + "".join(pieces) == transcript


def test_the_real_file(real_pairs: Path) -> None:
    """What is known of harmless-base test."""
    with gzip.open(real_pairs, "rt", encoding="utf-8") as stream:
        records = [json.loads(line) for line in stream]
    sides = [(record["chosen"], record["rejected"]) for record in records]
    parts = [split_pair(*pair) for pair in sides]

    assert len(parts) == 2312
    assert [(context + a, context + b) for context, a, b in parts] == sides
    assert all(context for context, _, _ in parts)
    assert [row for row, part in enumerate(parts) if part[1] == " "] == [86, 516, 925, 1103]
    early = [
        row
        for row, (context, *_) in enumerate(parts)
        if any(turns(side)[-1].start != len(context) for side in sides[row])
    ]
    assert early == [1254, 1688, 1950, 1952, 2036]
    for texts, in_a_row, literal in zip(zip(*sides, strict=True), (8, 5), (40, 33), strict=True):
        assert sum(_assistant_twice_in_a_row(text) for text in texts) == in_a_row
        assert sum(_speaks_of_a_marker(text) for text in texts) == literal


def _assistant_twice_in_a_row(text: str) -> bool:
    roles = [turn.role for turn in turns(text)]
    return ("assistant", "assistant") in pairwise(roles)


def _speaks_of_a_marker(text: str) -> bool:
    spoken = [text[turn.start : turn.end] for turn in turns(text)]
    return any("Human:" in turn or "Assistant:" in turn for turn in spoken)


@given(transcripts, transcripts, transcripts)
def test_however_many_markers_follow_the_context_ends_with_the_last_shared_one(
    shared: str, chosen: str, rejected: str
) -> None:
    one, other = shared + chosen, shared + rejected
    both = one[: common_prefix(one, other)]
    cut = both.rfind(ASSISTANT) + len(ASSISTANT) if ASSISTANT in both else 0
    assert split_pair(one, other) == (one[:cut], one[cut:], other[cut:])
