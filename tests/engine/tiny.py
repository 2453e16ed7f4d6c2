"""An index of forty pairs with a finished run of a tiny random PM and SAE, made in seconds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from engine.cache.indexing import index_sources
from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.reader import IndexReader
from engine.heuristics import Heuristic
from engine.hh.source import SourceOptions, open_sources
from engine.measure.request import ScoreRequest, ScoreResult
from engine.measure.score import score
from tests.engine.measure.tiny import hook_of, write_sae
from tests.engine.models.tiny import write_pm

PAIRS = 40
DUNNO = Heuristic("dunno", "I don't know", features=(2, 5, 11, 17, 23, 31, 47, 63))
"""Its features are pinned."""
THANKS = Heuristic("thanks", "thank you", direction="auto")
"""Its features are found, where there are any."""
HEURISTICS = (DUNNO, THANKS)
_QUESTIONS = ("Who wrote it?", "Is it far?", "What is a fjord?", "Why me?")
_ANSWERS = ("A poet did.", "No, not very.", "Look it up.", "Ask them yourself.", "It is odd.")


@dataclass(frozen=True, slots=True)
class TinyIndex:
    """Where everything is."""

    paths: IndexPaths
    pm: Path
    sae: Path
    source: Path
    architecture: str
    run: str = ""
    """Empty before it is scored."""

    def read(self) -> IndexReader:
        return open_reader(self.paths)

    def copy(self, folder: Path) -> TinyIndex:
        """The same index elsewhere, to be changed."""
        shutil.copytree(self.paths.cache, folder)
        return replace(self, paths=IndexPaths(folder, self.paths.name))

    def score(self) -> ScoreResult:
        """Measure in this process what is missing of its run."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        request = ScoreRequest(
            paths=self.paths,
            heuristics=HEURISTICS,
            pm=str(self.pm),
            saes=(str(self.sae),),
            hook=hook_of(self.architecture),
            readout="last-text-token",
            positions="all",
            pairs="all",
            dtype="float32",
            device="cpu",
        )
        (made,) = score(request, report=lambda progress: None)
        torch.set_num_threads(threads)
        return made

    @property
    def options(self) -> list[str]:
        """What names it on the command line."""
        return ["--cache", str(self.paths.cache), "--name", self.paths.name]


def make_tiny_index(folder: Path, architecture: str = "gptj") -> TinyIndex:
    """Write pairs, PM and SAE; index and score them in this process."""
    source = folder / "tiny.jsonl"
    source.write_text("".join(json.dumps(record) + "\n" for record in records()))
    pm, sae = folder / "pm", folder / "sae"
    write_pm(pm, architecture)
    write_sae(sae, architecture)
    paths = IndexPaths(folder / "cache", "tiny")
    index_sources(paths, open_sources(str(source), SourceOptions()))
    index = TinyIndex(paths, pm, sae, source, architecture)
    return replace(index, run=index.score().run)


def records() -> Iterator[dict[str, str]]:
    """By row modulo 4: the chosen, the rejected, both or neither side says "I don't know"."""
    for row in range(PAIRS):
        question = f"\n\nHuman: {row}. {_QUESTIONS[row % 4]}\n\nAssistant:"
        answer, other = (_ANSWERS[(row + place) % 5] for place in (0, 2))
        chosen = f" I don't know. {answer}" if row % 4 in (0, 2) else f" {answer}"
        rejected = f" {other} I don't know, {row}." if row % 4 in (1, 2) else f" {other}"
        if row % 5 == 0:
            chosen += " And thank you."
        elif row % 5 == 1:
            rejected += " But thank you."
        yield {"chosen": question + chosen, "rejected": question + rejected}
