"""One pair in full: what is known of it, and what makes its label suspect."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cache.layout import IndexPaths
from engine.cache.on_pair import opposers
from engine.cache.triage import TriageFile
from engine.errors import UserError
from engine.heuristics import Heuristic
from engine.verdict import Verdict
from tests.engine.cache.opened import Open
from tests.engine.cache.scored import (
    URL,
    id_of,
    index,
    seal,
)


def test_all_that_is_known_of_a_pair(paths: IndexPaths, opened: Open) -> None:
    run = seal(paths)
    detail = opened().pair(id_of(0))
    assert (detail.run, detail.margin, detail.reward_chosen) == (run, 0.0, 0.0)
    assert detail.flags == ("label-suspect: tied sides",)
    (on,) = detail.heuristics
    assert (on.heuristic, on.kind, on.bearer, on.features) == (
        URL,
        "counterexample",
        "chosen",
        (3, 5),
    )
    assert (on.judgement.by, on.judgement.runner_up, on.effect) == ("features", Verdict.INERT, -1.0)
    assert on.thresholds is not None
    assert on.thresholds.vote == 0.2
    # Strongest first, whichever way it pushes; the exact effect where it was measured.
    assert [(made.feature, made.effect) for made in detail.features] == [
        (7, None),
        (3, None),
        (5, None),
        (9, 0.75),
    ]


def test_a_pair_that_is_not_there(opened: Open) -> None:
    for asked in (opened().pair, opened().read_ahead):
        with pytest.raises(UserError, match="no pair with id 99"):
            asked(99)


def test_a_pair_that_was_read_ahead_is_told_as_it_is_by_now(
    paths: IndexPaths, opened: Open
) -> None:
    seal(paths)
    reader = opened()
    reader.read_ahead(id_of(0))
    (pair,) = reader.store.pairs([id_of(0)])
    TriageFile(paths.triage, "ana").mark(pair, "unclear")
    reader.mark(id_of(0), "clear")
    reader.look_at(Heuristic("any", "a", direction="raises"))
    detail = reader.pair(id_of(0))
    assert (detail.mark, [said.mark for said in detail.others]) == ("clear", ["unclear"])
    assert detail == opened(heuristics=reader.heuristics).pair(id_of(0))


def test_those_who_outvote_are_the_others_that_push_toward_chosen(
    paths: IndexPaths, opened: Open
) -> None:
    """Of its features 3 and 5 are the heuristic's, 7 pushes toward rejected, and 9 is left."""
    seal(paths)
    reader = opened()
    found = {
        row: [made.feature for on in detail.heuristics for made in opposers(on, detail)]
        for row in (0, 10)
        for detail in [reader.pair(id_of(row))]
    }
    assert found == {0: [9], 10: []}


def test_a_context_that_lost_its_oldest_tokens_says_so(paths: IndexPaths, opened: Open) -> None:
    seal(paths)
    reader = opened()
    detail = reader.pair(id_of(8))
    assert (detail.truncated, detail.flags) == (7, ())
    assert detail.remarks == ("context cut: its oldest 7 tokens do not fit the PM",)
    assert reader.pair(id_of(9)).remarks == ()
    assert reader.bulk.truncated() == (1, 7)


def test_the_same_pair_with_the_opposite_label(
    paths: IndexPaths, opened: Open, tmp_path: Path
) -> None:
    lines = (tmp_path / "first.jsonl").read_text(encoding="utf-8").splitlines()
    pair = json.loads(lines[2])
    swapped = {"chosen": pair["rejected"], "rejected": pair["chosen"]}
    (tmp_path / "third.jsonl").write_text(json.dumps(swapped), encoding="utf-8")
    index(paths, tmp_path / "third.jsonl")
    reader = opened()
    assert "opposite label" in reader.pair(id_of(2)).flags[0]
    assert reader.pair(id_of(3)).flags == ()
