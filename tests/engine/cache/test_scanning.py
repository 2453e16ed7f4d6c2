"""A pattern that would be tried for ever is given up with a sentence, wherever it was typed."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from engine.cache import scanning
from engine.cache.candidates import literals
from engine.cache.layout import IndexPaths
from engine.cache.pairs import PairStore, open_pairs
from engine.cache.scanning import scan
from engine.errors import UserError
from engine.heuristics import Heuristic, compile_heuristic
from engine.heuristics.patience import patient, patient_bearing
from engine.hh import Pair, PairName
from tests.engine.cache.scored import make_index

ENDLESS = compile_heuristic(Heuristic("endless", r"(a+)+~", regex=True))


def test_in_a_main_thread_it_is_given_up() -> None:
    with (
        pytest.raises(UserError, match=r"takes more than 0.05 s on a single text"),
        patient(ENDLESS, 0.05) as tried,
    ):
        tried.found_in("a" * 40)


def test_an_edited_pair_is_looked_through_with_the_same_patience() -> None:
    name = PairName("a.jsonl", "train", 0)
    pair = Pair(0, name, "helpful-base", "\n\nHuman: Hi.\n\nAssistant:", " " + "a" * 40, " no")
    with pytest.raises(UserError, match=r"takes more than 0.05 s on a single text"):
        patient_bearing(ENDLESS.heuristic, pair, 0.05)


def test_patterns_that_come_to_an_end_are_not_hurried() -> None:
    with patient(compile_heuristic(Heuristic("word", r"\w+", regex=True)), 0.05) as tried:
        assert all(tried.found_in("some text") for _ in range(50_000))


def test_what_takes_long_between_two_texts_is_no_fault_of_the_pattern() -> None:
    with patient(compile_heuristic(Heuristic("word", r"\w+", regex=True)), 0.05) as tried:
        assert tried.found_in("some text")
        time.sleep(0.2)  # as a question to a busy disk does
        assert tried.found_in("some text")


@pytest.mark.parametrize(
    ("pattern", "pairs_each"),
    [(r"https?://\S", 100), (r"https?://\S", 1), (r"(?:s:|)", 1)],
    ids=["in one", "shared", "shared, looked for anywhere"],
)
def test_from_a_thread_it_is_tried_in_processes_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, pairs_each: int
) -> None:
    paths = make_index(tmp_path)
    store = open_pairs(paths)
    matcher = compile_heuristic(Heuristic("url", pattern, regex=True))
    here, there = scan(paths, store, matcher), []
    monkeypatch.setattr(scanning, "SHARED", pairs_each)
    thread = threading.Thread(target=lambda: there.append(scan(paths, store, matcher)))
    thread.start()
    thread.join()
    store.close()
    assert there[0].counts == here.counts
    assert sorted(there[0].spans.tolist()) == sorted(here.spans.tolist()) != []


def refused_elsewhere(
    paths: IndexPaths, store: PairStore, unwanted: threading.Event | None = None
) -> str:
    """What is said of the endless pattern where keys must go on."""
    said: list[str] = []

    def try_it() -> None:
        with pytest.raises(UserError) as refusal:
            scan(paths, store, ENDLESS, unwanted)
        said.append(str(refusal.value))

    thread = threading.Thread(target=try_it)
    thread.start()
    thread.join()
    return said[0]


def test_nobody_waits_for_a_pattern_once_the_browser_is_left(tmp_path: Path) -> None:
    paths = make_index(tmp_path)
    store = open_pairs(paths)
    store.leaving.set()
    assert "was left" in refused_elsewhere(paths, store)
    store.close()


def test_a_pattern_that_is_not_wanted_any_more_is_given_up(tmp_path: Path) -> None:
    paths, unwanted = make_index(tmp_path), threading.Event()
    store = open_pairs(paths)
    unwanted.set()
    assert "is not counted any more" in refused_elsewhere(paths, store, unwanted)
    store.close()


def test_a_pattern_gets_so_long_for_the_whole_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "STARTED", 0.0)
    monkeypatch.setattr(scanning, "EACH", 0.0)
    paths = make_index(tmp_path)
    store = open_pairs(paths)
    assert "is not through the index" in refused_elsewhere(paths, store)
    store.close()


@pytest.mark.parametrize(
    ("pattern", "fold", "needles"),
    [
        ("I don't (really )?know", False, (("I don't ", "know"),)),
        ("I don’t (really )?know", True, (("don", "know"),)),
        ("ab|cd", False, ()),  # so short texts are nearly everywhere
        ("sorry|apologize", False, (("sorry",), ("apologize",))),
    ],
)
def test_a_regular_expression_is_tried_where_its_texts_stand(
    pattern: str, fold: bool, needles: tuple[tuple[str, ...], ...]
) -> None:
    assert literals(Heuristic("any", pattern, regex=True, fold=fold)) == needles
