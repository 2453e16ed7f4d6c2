"""The hashes that name things: two ways to the same digits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.canonical import pair_hashes, short_hash, text_hash

texts = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from('"\\\n\r\t\x00\x1f\x7f’')))


@given(texts, texts, texts)
def test_a_pairs_hashes_are_those_of_its_texts_as_canonical_json(
    context: str, chosen: str, rejected: str
) -> None:
    both = [context + chosen, context + rejected]
    assert pair_hashes(context, chosen, rejected) == (short_hash(both), short_hash([context]))
    assert text_hash(*both) == short_hash(both)
