"""Pairs that do not fit the PM: told before anything is measured, or left out by a filter."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import duckdb
import pytest

from engine.cache.indexing import index_sources
from engine.errors import UserError
from engine.hh.source import SourceOptions, open_sources
from engine.measure.request import ScoreRequest
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.tiny import QUESTION, hook_of
from tests.engine.measure.world import ARCHITECTURE, DUNNO, World, column, make_index, measure

LONG = " why?" * 200
"""More tokens than the tiny PM reads."""

SHORTENS = (
    "{% for m in messages %}{% if not m['content'] %}{{ raise_exception('no text') }}{% endif %}"
    "<{{ m['role'] }}>{{ m['content'].split('</think>')[-1] }}{% endfor %}"
)


@pytest.fixture
def world(tiny_of: MakeTiny, tmp_path: Path) -> World:
    """The sixty pairs, and twelve more in rows 0 to 11 of another file that do not fit."""
    folder = tiny_of(ARCHITECTURE).folder
    paths = make_index(tmp_path / "cache")
    file = paths.cache / "long.jsonl"
    record = {"chosen": f"{QUESTION} I don't know", "rejected": f"{QUESTION} no {LONG}"}
    file.write_text("".join(json.dumps(record) + "\n" for _ in range(12)), encoding="utf-8")
    index_sources(paths, open_sources(str(file), SourceOptions()))
    request = ScoreRequest(
        paths=paths,
        heuristics=(DUNNO,),
        pm=str(folder / "pm"),
        saes=(str(folder / "sae"),),
        hook=hook_of(ARCHITECTURE),
        readout="last-text-token",
        positions="all",
        pairs="bearers",
        dtype="float32",
        device="cpu",
    )
    return World(request, folder / "other")


@pytest.mark.parametrize("pairs", ["bearers", "all", "source=long.jsonl"])
def test_they_are_refused_before_anything_is_measured(world: World, pairs: str) -> None:
    with pytest.raises(UserError) as caught:
        measure(dataclasses.replace(world.request, pairs=pairs))
    told = caught.value.what
    assert told.startswith("12 pairs have a response longer than the PM's context of 128 tokens")
    assert told.count("long.jsonl:train:") == 10
    assert told.endswith("long.jsonl:train:9 and 2 more")
    assert caught.value.todo is not None
    assert "--pairs" in caught.value.todo
    assert not [
        path
        for path in world.request.paths.runs.rglob("*")
        if path.suffix != ".lock" and path.is_file()
    ]


def test_a_filter_that_does_not_keep_them_leaves_them_out(world: World) -> None:
    result = measure(dataclasses.replace(world.request, pairs="not source=long.jsonl row=0..5"))
    assert (result.left_out, result.pairs) == (12, 33)
    assert all(int(str(identifier)) >> 40 == 1 for identifier in column(world, "rewards", "id"))
    assert len(column(world, "judged", "id")) == 30


def test_what_a_chat_template_does_not_render_fits_no_more_than_what_is_too_long(
    tiny_of: MakeTiny, tmp_path: Path
) -> None:
    """Of a pair that it does render, the text without the pattern may be one that it does not."""
    folder = tiny_of(ARCHITECTURE).folder
    paths = make_index(tmp_path / "cache")
    for name, chosen in (("thinks", " hm</think> yes"), ("bare", " I don't know")):
        file = paths.cache / f"{name}.jsonl"
        record = {"chosen": QUESTION + chosen, "rejected": f"{QUESTION} no"}
        file.write_text(json.dumps(record) + "\n", encoding="utf-8")
        index_sources(paths, open_sources(str(file), SourceOptions()))
    asked = ScoreRequest(
        paths=paths,
        heuristics=(DUNNO,),
        pm=str(folder / "pm"),
        saes=(str(folder / "sae"),),
        hook=hook_of(ARCHITECTURE),
        readout="chat-template",
        positions="all",
        pairs="bearers",
        dtype="float32",
        device="cpu",
        chat_template=SHORTENS,
    )
    world = World(asked, folder / "other")
    with pytest.raises(UserError, match=r"thinks\.jsonl:train:0, chosen.*beyond trimming"):
        measure(asked)
    result = measure(dataclasses.replace(asked, pairs="not source=thinks.jsonl row=0..5"))
    assert (result.left_out, result.pairs) == (1, 34)
    with duckdb.connect(str(world.run_file), read_only=True) as connection:
        effects = connection.sql("SELECT id >> 40, deletion_effect IS NULL FROM judged").fetchall()
    assert set(effects) == {(1, False), (3, True)}
