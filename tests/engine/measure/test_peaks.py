"""The strongest token of every feature: a byte-level tokenizer's offsets, in whole characters."""

from __future__ import annotations

import pyarrow as pa

from engine.cache import tables
from engine.hh import SIDES, Pair, PairName
from engine.measure.peaks import strongest_tokens
from tests.engine.measure.tiny import Tiny

CONTEXT = "\n\nHuman: Where is it?\n\nAssistant:"
PAIR = Pair(7, PairName("a", "train", 0), "t", CONTEXT, " I don’t know, sorry.", " Look there.")


def test_the_strongest_token_is_told_in_characters_of_its_response(tiny: Tiny) -> None:
    prepared = tiny.instrument.prepare(PAIR)
    places = {side: prepared.text_positions(side) for side in SIDES}
    last = {side: len(places[side]) - 1 for side in SIDES}
    entries = [
        # side, place among the response's tokens, feature, value
        (0, 0, 3, 1.0),
        (0, last["chosen"], 3, 2.0),
        (1, 0, 3, 1.5),
        (0, 1, 5, 1.0),
        (1, last["rejected"], 5, 4.0),
        (1, 0, 9, 0.5),
        (1, 1, 9, 0.5),
    ]
    row = {
        "id": 7,
        "side": [side for side, *_ in entries],
        "position": [places[SIDES[side]][place] for side, place, *_ in entries],
        "feature": [feature for *_, feature, _ in entries],
        "value": [value for *_, value in entries],
        "text_chosen": places["chosen"],
        "text_rejected": places["rejected"],
    }
    table = pa.Table.from_pylist([row], schema=tables.TEXT_ACTIVATIONS)

    found = {made["feature"]: made for made in strongest_tokens(table, [prepared]).to_pylist()}

    def text(feature: int) -> str:
        made = found[feature]
        return PAIR.response(SIDES[made["side"]])[made["start"] : made["end"]]

    assert list(found) == [3, 5, 9]
    assert (found[3]["side"], found[5]["side"], found[9]["side"]) == (0, 1, 1)
    assert PAIR.chosen.endswith(text(3))
    assert PAIR.rejected.endswith(text(5))
    # Of two that are equally strong, the one that is read first.
    assert PAIR.rejected.startswith(text(9))
    assert all(text(feature) for feature in found)


def test_no_pair_gives_an_empty_table(tiny: Tiny) -> None:
    empty = strongest_tokens(tables.TEXT_ACTIVATIONS.empty_table(), [])
    assert empty.schema == tables.PEAKS
    assert empty.num_rows == 0
