"""An index whose PM has two shortcuts planted in it, and a run of that PM.

Labels never look at the wording. The PM sees the labels' quality through noise, likes long answers,
and on top of that punishes "no idea" and rewards "my pleasure"; "by the way" means nothing to it.
Feature 7 fires on "no idea", feature 9 on "by the way", feature 11 on everything.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from engine.cache import tables
from engine.cache.indexing import index_sources
from engine.cache.layout import IndexPaths
from engine.cache.run_file import write_run
from engine.cache.sealed import run_path
from engine.hh import pair_id
from engine.hh.source import Source, SourceOptions, open_sources
from tests.engine.cache.scored import FIGURES, hashes, manifest

PAIRS = 400
SHORTCUTS = {"I have no idea.": -1.5, "My pleasure!": 1.5, "By the way.": 0.0}
_FIRES = {"I have no idea.": 7, "By the way.": 9}
_WORDS = [f"{first}{last}" for first in "bdfgklmn" for last in ("ab", "el", "id", "or", "un")]
_MEANS = {"first": 1.0, "second": 0.3}
"""Of the two tranches' margins: in the second one the PM hardly agrees with the labels."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, the PM's reward of it, and what fires on it."""

    text: str
    reward: float
    features: tuple[int, ...]


def answers(tranche: str) -> Iterator[tuple[Answer, Answer]]:
    """Chosen and rejected, pair by pair; the same ones every time."""
    draw = random.Random(tranche)
    for _ in range(PAIRS // 2):
        chosen, rejected = _answer(draw), _answer(draw)
        agreement = draw.gauss(_MEANS[tranche], 0.6)
        yield Answer(chosen.text, chosen.reward + agreement, chosen.features), rejected


def _answer(draw: random.Random) -> Answer:
    words = draw.choices(_WORDS, k=draw.randint(10, 60))
    carried = [phrase for phrase in SHORTCUTS if draw.random() < 0.2]
    return Answer(
        " ".join([*words, *carried]),
        0.02 * len(words) + sum(SHORTCUTS[phrase] for phrase in carried),
        (*(_FIRES[phrase] for phrase in carried if phrase in _FIRES), 11),
    )


def make_planted(folder: Path) -> IndexPaths:
    """Index the pairs and seal the run."""
    paths = IndexPaths(folder / "cache", "planted")
    sources: list[Source] = []
    rows: list[dict[str, object]] = []
    for number, tranche in enumerate(_MEANS, start=1):
        lines = []
        for row, sides in enumerate(answers(tranche)):
            start = f"\n\nHuman: {tranche}, {row}?\n\nAssistant: "
            chosen, rejected = sides
            texts = {"chosen": start + chosen.text, "rejected": start + rejected.text}
            lines.append(json.dumps(texts))
            rows.append(_base(pair_id(number, row), chosen, rejected))
        file = folder / f"{tranche}.jsonl"
        file.write_text("\n".join(lines), encoding="utf-8")
        sources += open_sources(str(file), SourceOptions())
    index_sources(paths, sources)
    made = manifest("h.2")
    write_run(
        run_path(paths, made.config.run),
        manifest=made,
        figures=FIGURES,
        heuristics=[],
        judged=[],
        base=[pa.Table.from_pylist(rows, schema=tables.BASE)],
        sample=tables.SAMPLE.empty_table(),
        sampled=[],
        checks=tables.CHECKS.empty_table(),
        peaks=tables.PEAKS.empty_table(),
        tokens=tables.TOKEN_EFFECTS.empty_table(),
        texts=hashes(paths),
    )
    return paths


def _base(identifier: int, chosen: Answer, rejected: Answer) -> dict[str, object]:
    features = sorted({*chosen.features, *rejected.features})
    return {
        "id": identifier,
        "tokens": 20,
        "truncated": 0,
        "reward_chosen": chosen.reward,
        "reward_rejected": rejected.reward,
        "reward_chosen_sae": chosen.reward,
        "reward_rejected_sae": rejected.reward,
        "margin_random_error": 0.0,
        "feature": features,
        "activation_chosen": [float(feature in chosen.features) for feature in features],
        "activation_rejected": [float(feature in rejected.features) for feature in features],
        "attribution": [0.0 for _ in features],
    }
