"""Which tokens mean what: the response P, the span S, and what is cut where a pair is too long."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from engine.errors import UserError
from engine.heuristics import Heuristic, bearing, compile_heuristic
from engine.hh import SIDES, Pair
from engine.measure.prepare import Prepared, prepare
from engine.models.tokens import Readout
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.plain import first_difference
from tests.engine.measure.tiny import ARCHITECTURES, QUESTION, Tiny, pair
from tests.engine.models.chat_templates import CHATML, write_chat_tokenizer

LAST: Readout = "last-text-token"
APPENDED: Readout = "appended-end-of-text"
DUNNO = Heuristic("dunno", "I don't know", fold=True)


def made(tiny: Tiny, some: Pair, readout: Readout = LAST) -> Prepared:
    return prepare(tiny.pm, some, readout)


def span_text(tiny: Tiny, prepared: Prepared, positions: tuple[int, ...]) -> str:
    """The text that tokens stand for, decoded together."""
    ids = [prepared.chosen.ids[position] for position in positions]
    return tiny.pm.tokenizer.decode(ids)


def span_of(prepared: Prepared, heuristic: Heuristic) -> tuple[int, ...]:
    found = bearing(compile_heuristic(heuristic), prepared.pair)
    assert found is not None
    return prepared.overlapping(found.bearer, found.spans, heuristic.window)


def test_p_runs_from_the_first_token_that_differs_to_the_end(tiny: Tiny) -> None:
    prepared = made(tiny, pair(" I do, of course", " I never would"))
    sides = (prepared.chosen.ids, prepared.rejected.ids)
    assert prepared.divergence == first_difference(sides) > 0
    for side, ids in zip(SIDES, sides, strict=True):
        assert prepared.response_positions(side) == range(prepared.divergence, len(ids))


def test_an_appended_end_of_text_is_in_p_and_in_no_span(tiny: Tiny) -> None:
    prepared = made(tiny, pair(" I don't know", " yes"), APPENDED)
    last = len(prepared.chosen.ids) - 1
    assert prepared.chosen.ids[last] == tiny.pm.end_of_text
    assert last in prepared.response_positions("chosen")
    assert last not in span_of(prepared, DUNNO)
    assert prepared.text_positions("chosen")[-1] == last - 1


@pytest.mark.parametrize("readout", [LAST, APPENDED])
def test_a_side_that_is_a_prefix_of_the_other(tiny: Tiny, readout: Readout) -> None:
    """Its P is empty, or the appended token alone."""
    prepared = made(tiny, pair(" no", " no, never"), readout)
    assert len(prepared.response_positions("chosen")) == (readout == APPENDED)
    assert len(prepared.response_positions("rejected")) > 1
    same = made(tiny, pair(" no", " no"), readout)
    assert [len(same.response_positions(side)) for side in SIDES] == [0, 0]


def test_s_is_every_token_that_overlaps_the_pattern(tiny: Tiny) -> None:
    prepared = made(tiny, pair(" Well, I don't know it.", " yes"))
    positions = span_of(prepared, DUNNO)
    assert span_text(tiny, prepared, positions).strip() == "I don't know"
    assert positions == tuple(range(positions[0], positions[-1] + 1))


def test_an_apostrophe_of_several_bytes_belongs_to_s_whole(tiny: Tiny) -> None:
    """A byte-level tokenizer cuts `’` in pieces; a border in its middle leaves none of them out."""
    prepared = made(tiny, pair(" I don’t know. ’tis", " yes"))
    assert span_text(tiny, prepared, span_of(prepared, DUNNO)).strip() == "I don’t know"
    only = Heuristic("apostrophe", "’")
    positions = span_of(prepared, only)
    assert span_text(tiny, prepared, positions).count("’") == 2
    characters = [prepared.chosen.offsets[position] for position in positions]
    text = prepared.pair.transcript("chosen")
    assert all("’" in text[start:end] for start, end in characters)
    # As bytes the mark is longer than a token: at least one of the two was split.
    assert len(positions) >= 2


def test_a_window_adds_tokens_after_each_span_but_none_that_is_not_there(tiny: Tiny) -> None:
    prepared = made(tiny, pair(" yes, so yes", " no"))
    bare = span_of(prepared, Heuristic("yes", "yes"))
    wide = span_of(prepared, Heuristic("yes", "yes", window=1))
    last = len(prepared.chosen.ids) - 1
    assert set(wide) == {min(place + 1, last) for place in bare} | set(bare)
    whole = span_of(prepared, Heuristic("yes", "yes", window=500))
    assert whole == tuple(range(bare[0], last + 1))


def test_text_positions_are_the_response_without_what_stands_for_no_text(tiny: Tiny) -> None:
    prepared = made(tiny, pair(" yes", " no"), APPENDED)
    text = prepared.pair.transcript("chosen")
    places = prepared.text_positions("chosen")
    assert text[prepared.chosen.offsets[places[0]][0] :] == " yes"
    assert prepared.text_positions("rejected")[0] == places[0]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("readout", [LAST, APPENDED])
def test_contexts_lose_their_oldest_tokens_and_both_sides_the_same(
    tiny_of: MakeTiny, architecture: str, readout: Readout
) -> None:
    tiny = tiny_of(architecture)
    long = "\n\nHuman: " + "why? " * 60 + "\n\nAssistant:"
    some = pair(" I don't know at all, sorry", " yes", long)
    prepared = made(tiny, some, readout)
    whole = tiny.pm.tokenizer.encode(some.transcript("chosen")).ids
    kept = prepared.chosen.ids if readout == LAST else prepared.chosen.ids[:-1]
    assert len(prepared.chosen.ids) == tiny.pm.max_tokens
    assert list(kept) == whole[prepared.truncated :]
    assert prepared.truncated > 0
    # The shorter side loses as much: a shared context stays shared, to the token.
    assert prepared.rejected.ids[: prepared.divergence] == kept[: prepared.divergence]
    assert span_text(tiny, prepared, span_of(prepared, DUNNO)).strip() == "I don't know"
    assert len(prepared.chosen.offsets) == len(prepared.chosen.ids)


def test_a_bos_stays_before_a_context_that_is_cut(tiny: Tiny, tmp_path: Path) -> None:
    """As transformers cuts on the left: without it a Llama reads another kind of text."""
    tokenizer = write_chat_tokenizer(tmp_path, CHATML)
    pm = dataclasses.replace(tiny.pm, tokenizer=tokenizer)
    long = "\n\nHuman: " + "why? " * 60 + "\n\nAssistant:"
    some = pair(" I don't know at all, sorry", " yes", long)
    prepared = prepare(pm, some, LAST)
    plain = AutoTokenizer.from_pretrained(tmp_path, truncation_side="left")
    cut = plain(some.transcript("chosen"), truncation=True, max_length=pm.max_tokens)
    assert list(prepared.chosen.ids) == cut["input_ids"]
    assert prepared.chosen.ids[0] == prepared.rejected.ids[0] == plain.bos_token_id
    whole = plain(some.transcript("chosen"))["input_ids"]
    assert prepared.truncated == len(whole) - len(cut["input_ids"])
    assert span_text(tiny, prepared, span_of(prepared, DUNNO)).strip() == "I don't know"
    # All of the context may go, and BOS with a response is left.
    count = next(n for n in range(1, 500) if len(tokenizer.encode(" x" * n).ids) >= pm.max_tokens)
    least = prepare(pm, pair(" x" * (count - 1), " no"), LAST)
    assert least.chosen.ids[0] == plain.bos_token_id
    with pytest.raises(UserError, match="longer than the PM's context"):
        prepare(pm, pair(" x" * (count + 1), " no"), LAST)


def test_a_response_that_does_not_fit_is_refused_by_name(tiny: Tiny) -> None:
    some = dataclasses.replace(pair(" why?" * 60, " yes"), id=7)
    with pytest.raises(UserError, match="128 tokens") as caught:
        made(tiny, some)
    assert caught.value.where == str(some.name) == "a.jsonl:train:0"
    assert caught.value.todo is not None


def test_a_side_is_never_left_without_a_token(tiny: Tiny) -> None:
    """The whole context would have to go, and the other response is empty: nothing is read."""
    most, words = tiny.pm.max_tokens, 0
    while len(tiny.pm.tokenizer.encode(" x" * words).ids) < most:
        words += 1
    text = " x" * words
    assert len(tiny.pm.tokenizer.encode(text).ids) == most
    with pytest.raises(UserError, match="longer than the PM's context"):
        made(tiny, pair(text, ""))
    assert len(made(tiny, pair(text[2:], "")).rejected.ids) > 0
    # With an end-of-text token there is always one to read.
    assert made(tiny, pair(text[2:], ""), APPENDED).rejected.ids[-1] == tiny.pm.end_of_text


def test_a_response_that_just_fits_is_not(tiny: Tiny) -> None:
    """Every token of the context may go, none of a response."""
    words = 0
    while len(tiny.pm.tokenizer.encode(QUESTION + " x" * (words + 1)).ids) <= tiny.pm.max_tokens:
        words += 1
    context = len(tiny.pm.tokenizer.encode(QUESTION).ids)
    fits = made(tiny, pair(" x" * words, " no"))
    assert fits.truncated == 0
    per_word = len(tiny.pm.tokenizer.encode(" x").ids)
    longest = words + context // per_word
    squeezed = made(tiny, pair(" x" * longest, " no"))
    assert 0 < squeezed.truncated <= context
    assert len(squeezed.chosen.ids) <= tiny.pm.max_tokens
    with pytest.raises(UserError, match="longer than the PM's context"):
        made(tiny, pair(" x" * (longest + context), " no"))
