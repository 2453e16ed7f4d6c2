"""The census: how many pairs carry a pattern, on which side."""

from __future__ import annotations

from engine.heuristics import Heuristic, Scope, compile_heuristic
from engine.heuristics.census import Counts, Grouping, census
from engine.hh import Pair, PairName, split_pair


def pairs() -> list[Pair]:
    texts = [
        ("\n\nHuman: thank you\n\nAssistant: My pleasure", "\n\nHuman: thank you\n\nAssistant: No"),
        ("\n\nHuman: Hi\n\nAssistant: a\n\nHuman: b\n\nAssistant: My pleasure", "\n\nHuman: Hi"),
        ("\n\nHuman: Hi\n\nAssistant: My pleasure", "\n\nHuman: Hi\n\nAssistant: My pleasure, too"),
        ("\n\nHuman: Hi\n\nAssistant: Yes", "\n\nHuman: Hi\n\nAssistant: No"),
    ]
    tranches = ["helpful-base", "helpful-base", "helpful-online", "helpful-online"]
    return [
        Pair(row, PairName("a", "train", row), tranche, *split_pair(*sides))
        for row, (sides, tranche) in enumerate(zip(texts, tranches, strict=True))
    ]


def groups(pattern: str, scope: Scope, by: Grouping) -> dict[str, Counts]:
    matcher = compile_heuristic(Heuristic("h", pattern, scope=scope))
    return census(pairs(), [matcher], by)[0].groups


def test_every_pair_is_counted_once() -> None:
    matcher = compile_heuristic(Heuristic("h", "My pleasure"))
    (line,) = census(pairs(), [matcher])
    assert (line.counts, line.groups) == (Counts(2, 0, 1, 1), {})


def test_tranches_divide_the_pairs() -> None:
    assert groups("My pleasure", "response", "tranche") == {
        "helpful-base": Counts(2, 0, 0, 0),
        "helpful-online": Counts(0, 0, 1, 1),
    }


def test_roles_are_those_of_the_turn_the_match_begins_in() -> None:
    assert groups("thank you", "transcript", "role") == {
        "human": Counts(0, 0, 1, 3),
        "assistant": Counts(0, 0, 0, 4),
    }


def test_positions_tell_the_context_from_the_turns_of_the_response() -> None:
    assert groups("My pleasure", "transcript", "position") == {
        "context": Counts(0, 0, 0, 4),
        "first turn": Counts(1, 0, 1, 2),
        "later turn": Counts(1, 0, 0, 3),
    }


def test_only_what_follows_straight_after_the_humans_words() -> None:
    """ "My pleasure" is usual after a thank you, and out of distribution elsewhere."""
    matcher = compile_heuristic(Heuristic("h", "My pleasure"))
    thanks = compile_heuristic(Heuristic("after", "Thank you", fold=True, regex=True))
    assert census(pairs(), [matcher], after=thanks)[0].counts == Counts(0, 0, 0, 4)
    thanks = compile_heuristic(Heuristic("after", "thank you"))
    (line,) = census(pairs(), [matcher], "position", thanks)
    assert line.counts == Counts(1, 0, 0, 3)
    assert line.groups == {
        "context": Counts(0, 0, 0, 4),
        "first turn": Counts(1, 0, 0, 3),
        "later turn": Counts(0, 0, 0, 4),
    }
    # Said two turns ago, it was not said straight before; the human's own words answer nothing.
    late = "\n\nHuman: thank you\n\nAssistant: a\n\nHuman: b\n\nAssistant: My pleasure"
    itself = "\n\nHuman: My pleasure, thank you\n\nAssistant: Yes"
    pair = Pair(0, PairName("a", "train", 0), "a", *split_pair(late, itself))
    anywhere = compile_heuristic(Heuristic("h", "My pleasure", scope="transcript"))
    assert census([pair], [anywhere], after=thanks)[0].counts == Counts(0, 0, 0, 1)


def test_no_pairs_no_counts() -> None:
    matcher = compile_heuristic(Heuristic("h", "x"))
    assert census([], [matcher])[0].counts == Counts(0, 0, 0, 0)
