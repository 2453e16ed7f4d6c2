"""The demo's pairs: what they promise to whoever opens the demo."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter

import pytest

from engine.demo import HEURISTICS, PAIRS
from engine.demo.compose import HELD_OUT_TOPICS, Composed, lines, more, shipped, unseen_rows
from engine.demo.source import PATTERNS, load_scenes, load_voices

PAIRS_COMPOSED = shipped()


def census(name: str) -> Counter[str]:
    """How many pairs carry the pattern in the chosen response only, the rejected only, or both."""
    pattern = PATTERNS[name]
    return Counter(
        {(True, False): "chosen", (False, True): "rejected", (True, True): "both"}.get(
            (bool(pattern.search(pair.chosen)), bool(pattern.search(pair.rejected))), "neither"
        )
        for pair in PAIRS_COMPOSED
    )


def test_the_generator_gives_the_shipped_file_byte_for_byte() -> None:
    assert PAIRS.read_text(encoding="utf-8") == lines(PAIRS_COMPOSED)


def test_each_line_is_a_record_of_two_texts_and_nothing_else() -> None:
    records = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    assert len(records) >= 480
    assert all(set(record) == {"chosen", "rejected"} for record in records)


def test_the_format_is_that_of_hh() -> None:
    for pair in PAIRS_COMPOSED:
        assert pair.context.startswith("\n\nHuman: ")
        assert pair.context.endswith("\n\nAssistant:")
        speakers = re.findall(r"\n\n(Human|Assistant):", pair.context)
        assert speakers == ["Human", "Assistant"] * (len(speakers) // 2)
        assert pair.record["chosen"] == f"{pair.context} {pair.chosen}"


def test_the_two_responses_differ_and_no_pair_comes_twice_not_even_reversed() -> None:
    assert all(pair.chosen != pair.rejected for pair in PAIRS_COMPOSED)
    assert len({frozenset(pair.record.values()) for pair in PAIRS_COMPOSED}) == len(PAIRS_COMPOSED)


def test_there_are_single_and_longer_talks_and_turns_inside_responses() -> None:
    turns = Counter(pair.context.count("\n\nHuman:") for pair in PAIRS_COMPOSED)
    assert turns[1] > 200
    assert turns[2] > 100
    assert sum("\n\nHuman:" in pair.chosen for pair in PAIRS_COMPOSED) >= 15
    assert any(pair.rejected == "" for pair in PAIRS_COMPOSED)


def test_humans_type_apostrophes_and_the_assistant_mostly_sets_them() -> None:
    assistant = "".join(
        turn
        for pair in PAIRS_COMPOSED
        for turn in re.findall(r"\n\nAssistant: ?((?s:.*?))(?=\n\nHuman:|$)", pair.record["chosen"])
    )
    human = "".join(
        turn
        for pair in PAIRS_COMPOSED
        for turn in re.findall(r"\n\nHuman: ?((?s:.*?))(?=\n\nAssistant:)", pair.record["chosen"])
    )
    assert "’" not in human
    assert assistant.count("’") > 4 * assistant.count("'") > 0


@pytest.mark.parametrize("name", PATTERNS)
def test_each_pattern_has_bearers_on_both_sides_and_is_mostly_on_the_rejected(name: str) -> None:
    found = census(name)
    bearers = found["chosen"] + found["rejected"]
    assert bearers >= 60
    assert 0.2 <= found["chosen"] / bearers <= 0.32
    assert found["both"] >= 2


def test_many_pairs_carry_no_pattern_at_all() -> None:
    without = [
        pair
        for pair in PAIRS_COMPOSED
        if not any(
            pattern.search(pair.chosen) or pattern.search(pair.rejected)
            for pattern in PATTERNS.values()
        )
    ]
    assert len(without) >= 150


@pytest.mark.parametrize("name", ["url", "idk", "thanks"])
def test_some_humans_use_the_pattern_too(name: str) -> None:
    assert any(
        PATTERNS[name].search(pair.context.split("\n\nAssistant:")[0])
        or PATTERNS[name].search(pair.context.rsplit("\n\nHuman:", 1)[1])
        for pair in PAIRS_COMPOSED
    )


def test_every_address_is_one_that_nobody_owns() -> None:
    hosts = set(re.findall(r"https://([^/\s?\"]+)", PAIRS.read_text(encoding="utf-8")))
    assert {host.rstrip(".,") for host in hosts} <= {"example.com", "example.net", "example.org"}


def test_the_source_is_varied() -> None:
    scenes = load_scenes()
    assert len({scene.topic for scene in scenes}) >= 60
    written = [
        text
        for scene in scenes
        for text in (
            *scene.good,
            *scene.poor,
            *(text for texts in scene.bearing_good.values() for text in texts),
            *(text for texts in scene.bearing_poor.values() for text in texts),
        )
    ]
    assert len(set(written)) >= 1000
    assert len({pair.context for pair in PAIRS_COMPOSED}) >= 250


def test_a_bearing_answer_bears_its_pattern_and_a_plain_one_bears_none() -> None:
    for scene in load_scenes():
        for bearing in (scene.bearing_good, scene.bearing_poor):
            for name, texts in bearing.items():
                assert all(PATTERNS[name].search(text) for text in texts), scene
        for text in (*scene.good, *scene.poor):
            assert not any(pattern.search(text) for pattern in PATTERNS.values()), text
    for kind, sentences in load_voices().items():
        name = kind.split("_")[0]
        assert name == "vague" or all(PATTERNS[name].search(text) for text in sentences)


def test_unseen_rows_come_first_and_training_never_touches_their_topics() -> None:
    unseen = unseen_rows()
    assert unseen >= 120
    held_out: list[Composed] = list(PAIRS_COMPOSED[:unseen])
    assert {pair.topic for pair in held_out} == HELD_OUT_TOPICS
    trained = {*PAIRS_COMPOSED[unseen:], *more(500, seed=3)}
    assert not {pair.topic for pair in trained} & HELD_OUT_TOPICS
    assert not {pair.context for pair in held_out} & {pair.context for pair in trained}


def test_more_pairs_are_new_combinations_and_the_same_for_the_same_seed() -> None:
    assert more(50, seed=1) == more(50, seed=1)
    assert more(50, seed=1) != more(50, seed=2)


def test_the_heuristics_file_states_the_patterns() -> None:
    stated = tomllib.loads(HEURISTICS.read_text(encoding="utf-8"))["heuristic"]
    assert [entry["name"] for entry in stated] == ["url", "i-dont-know", "thanks", "youre-right"]
    for entry, pattern in zip(stated, PATTERNS.values(), strict=True):
        text = entry["pattern"]
        assert pattern.search("I don’t know, thank you, you’re right: https://example.org")
        assert text == pattern.pattern or entry.get("fold") or not entry.get("regex")
