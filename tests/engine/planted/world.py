"""Planted PMs measured as a user's are: written to disk, indexed, scored, and the run read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from engine.cache.indexing import index_sources
from engine.cache.judged import JudgedRow
from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.sealed import SealedRun, run_path
from engine.heuristics import Heuristic
from engine.hh import split_pair_id
from engine.hh.source import SourceOptions, open_sources
from engine.measure.request import ScoreRequest
from engine.measure.score import score
from tests.engine.planted import words
from tests.engine.planted.dictionary import Dictionary, Kind, true_dictionary, write_sae
from tests.engine.planted.figures import Planting, Reading
from tests.engine.planted.network import Architecture, plant
from tests.engine.planted.pairs import PlantedPair, planted_pairs
from tests.engine.planted.pm import write_pm


@dataclass(frozen=True, slots=True)
class Way:
    """A PM's architecture, its SAE's kind, and how they are read; with pairs of its own."""

    architecture: Architecture
    kind: Kind
    reading: Reading
    seed: int


WAYS = (
    Way("gptj", "gated", Reading(), 0),
    Way("llama", "topk", Reading(appended=True), 1),
    Way("gpt2", "standard", Reading(after_first=True), 2),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What the engine says of planted pairs."""

    file: Path
    run: SealedRun
    rows: Mapping[int, JudgedRow]
    """By the pair's place among the planted ones: each bears one heuristic's pattern."""


@dataclass(frozen=True, slots=True)
class PlantedWorld:
    """A planted PM on disk and an index of the pairs planted for it."""

    way: Way
    folder: Path
    pairs: tuple[PlantedPair, ...]
    planting: Planting
    paths: IndexPaths

    def measure(self, dictionary: Dictionary) -> Measured:
        """Write the dictionary as an SAE, and score every pair with it."""
        network = self.planting.network
        folder = self.folder / "saes" / str(len(list(self.folder.glob("saes/*"))))
        sae = write_sae(folder, dictionary, network.hook)
        borne = {pair.heuristic.name for pair in self.pairs}
        (result,) = score(
            ScoreRequest(
                paths=self.paths,
                heuristics=tuple(each for each in heuristics(dictionary) if each.name in borne),
                pm=str(self.folder / "pm"),
                saes=(str(sae),),
                hook=None,
                readout="appended-end-of-text" if self.way.reading.appended else "last-text-token",
                positions="after-first" if self.way.reading.after_first else "all",
                pairs="bearers",
                dtype="float32",
                device="cpu",
            ),
            lambda _: None,
        )
        path = run_path(self.paths, result.run)
        reader = open_reader(self.paths, run=result.run)
        run, rows = reader.run, reader.bulk.judged()
        reader.close()
        assert run is not None
        return Measured(path, run, {split_pair_id(row.id)[1]: row for row in rows})


def make_world(folder: Path, way: Way, *only: str) -> PlantedWorld:
    """Plant a PM, write it, and index the pairs written for it, or those of some heuristics."""
    network = plant(way.architecture)
    write_pm(folder / "pm", network)
    pairs = planted_pairs(way.seed)
    if only:
        pairs = tuple(pair for pair in pairs if pair.heuristic.name in only)
    source = folder / "pairs.jsonl"
    source.write_text("".join(json.dumps(pair.record) + "\n" for pair in pairs), encoding="utf-8")
    paths = IndexPaths(folder / "cache", "planted")
    index_sources(paths, open_sources(str(source), SourceOptions()))
    planting = Planting(network, true_dictionary(way.kind), way.reading)
    return PlantedWorld(way, folder, pairs, planting, paths)


def heuristics(dictionary: Dictionary) -> tuple[Heuristic, ...]:
    """All that were planted; one of them with its features pinned."""
    pins = dictionary.numbers(*words.CANNOT.features)
    return (
        *(
            replace(made.heuristic, features=pins) if made is words.CANNOT else made.heuristic
            for made in words.PLANTED
        ),
        words.ALAS,
    )


def features_of(dictionary: Dictionary, heuristic: Heuristic) -> tuple[int, ...]:
    """The latents that stand for a heuristic's pattern, ascending."""
    return dictionary.numbers(f"{heuristic.name}.p", f"{heuristic.name}.q")
