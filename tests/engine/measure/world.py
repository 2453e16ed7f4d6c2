"""A small world to score: an index of 60 made-up pairs, a tiny PM, and what its run holds."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from engine.cache.indexing import index_sources
from engine.cache.layout import IndexPaths
from engine.heuristics import Heuristic
from engine.hh.source import SourceOptions, open_sources
from engine.measure.request import ScoreRequest, ScoreResult
from engine.measure.score import score
from tests.engine.measure.tiny import QUESTION

DUNNO = Heuristic("dunno", "I don't know", fold=True)
YES = Heuristic("yes", "yes", direction="auto")
WORDS = ("well", "so", "then", "oh", "no", "maybe", "it", "was", "here", "you", "see")
TABLES = (
    "rewards",
    "features",
    "by_feature",
    "judged",
    "heuristics",
    "peaks",
    "tokens",
    "token_effects",
)
ARCHITECTURE = "gptj"
Rows = dict[str, list[tuple[object, ...]]]


@dataclass(frozen=True, slots=True)
class World:
    """An index of 60 pairs, a PM and two SAEs of it."""

    request: ScoreRequest
    other_sae: Path

    def copy(self, cache: Path) -> World:
        """The same pairs and models, with no run yet."""
        paths = make_index(cache)
        return dataclasses.replace(self, request=dataclasses.replace(self.request, paths=paths))

    @property
    def run_file(self) -> Path:
        (found,) = self.request.paths.runs.glob("*/run.duckdb")
        return found


def responses() -> Iterator[tuple[str, str]]:
    draw = random.Random(1)
    for number in range(60):
        one, other = (" " + " ".join(draw.choices(WORDS, k=draw.randint(3, 9))) for _ in range(2))
        match number % 6:
            case 0 | 1 | 2:
                one += ", I don’t know" if number % 4 else " I don't know it"
            case 3:
                one, other = one + " yes and", other + " also"
        yield (one, other) if draw.random() < 0.5 else (other, one)


def make_index(cache: Path) -> IndexPaths:
    cache.mkdir(parents=True)
    file = cache / "pairs.jsonl"
    with file.open("w", encoding="utf-8") as lines:
        for number, (chosen, rejected) in enumerate(responses()):
            start = QUESTION.replace("Who", f"Who {number}")
            record = {"chosen": start + chosen, "rejected": start + rejected}
            lines.write(json.dumps(record) + "\n")
    paths = IndexPaths(cache, "tiny")
    index_sources(paths, open_sources(str(file), SourceOptions()))
    return paths


def measure(request: ScoreRequest) -> ScoreResult:
    (result,) = score(request, lambda _: None)
    return result


def rows(world: World) -> Rows:
    return rows_of(world.run_file)


def rows_of(run_file: Path) -> Rows:
    with duckdb.connect(str(run_file), read_only=True) as connection:
        return {name: connection.table(name).order("ALL").fetchall() for name in TABLES}


def column(world: World, table: str, name: str) -> list[object]:
    with duckdb.connect(str(world.run_file), read_only=True) as connection:
        return [value for (value,) in connection.table(table).project(name).fetchall()]
