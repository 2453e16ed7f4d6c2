"""A pattern deleted from a few bearers by a PM alone: no SAE is asked."""

from __future__ import annotations

import pytest

from engine.heuristics import Heuristic
from engine.measure.deleting import delete_from
from engine.measure.rewarder import Rewarder
from tests.engine.measure.tiny import QUESTION, Tiny, pair

DUNNO = Heuristic("dunno", r"(?i)i\W+don't\W+know", regex=True, fold=True)


def test_the_effect_is_the_bearers_reward_less_that_without_the_pattern(tiny: Tiny) -> None:
    texts = [" I don't know, ask someone else who does", " Well: i don’t know that, sadly"]
    pairs = [
        pair(texts[0], " yes", row=0),
        pair(" no", texts[1], row=1),
        pair(" no", " yes", row=2),
    ]

    def reward(text: str) -> float:
        return tiny.plain.reward(tiny.pm.tokenizer.encode(QUESTION + text).ids)

    without = [" , ask someone else who does", " Well:  that, sadly"]
    effects = [reward(text) - reward(less) for text, less in zip(texts, without, strict=True)]
    made = delete_from(Rewarder(tiny.pm, "last-text-token"), DUNNO, pairs)
    assert made is not None
    assert made.bearers == 2
    assert made.mean == pytest.approx(sum(effects) / 2, abs=1e-5)
    assert made.low <= made.mean <= made.high
    assert made.control is not None


def test_without_a_bearer_there_is_no_effect(tiny: Tiny) -> None:
    reads = Rewarder(tiny.pm, "last-text-token")
    assert delete_from(reads, DUNNO, [pair(" no", " yes")]) is None
