"""A small index in which pairs repeat and contradict each other, nearly or word for word."""

from __future__ import annotations

import json
from pathlib import Path

from engine.cache.indexing import index_sources
from engine.cache.layout import IndexPaths
from engine.hh.source import SourceOptions, open_sources

ASKED = "\n\nHuman: Which of the two bridges over the river is the older one?\n\nAssistant:"
LONG = " ".join(f"the{number} river" for number in range(40))
OTHER = " ".join(f"some{number} stone" for number in range(40))
RECORDS = (
    (ASKED, f" {LONG}.", f" {OTHER}."),
    (ASKED, f" {LONG}, then.", f" {OTHER}!"),  # 1: a word more than 0
    (ASKED, f" {OTHER}.", f" {LONG}, then."),  # 2: the other way round
    (ASKED, " No idea.", " Ask me another."),  # 3: the same question, and other answers
    (ASKED.replace("bridges", "towers"), f" {LONG}.", f" {OTHER}."),  # 4: another question
    (ASKED, f" {OTHER}", f" {LONG}"),  # 5: repeats 2
    ("\n\nHuman: Hi\n\nAssistant:", " Hello", " Hello"),  # 6: identical sides
    ("\n\nHuman: hi!\n\nAssistant:", " Hello.", " HELLO"),  # 7: repeats 6
)
"""Context, chosen and rejected."""


def nearly(folder: Path) -> IndexPaths:
    """Index them; all in one source, `nearly:train`."""
    file = folder / "nearly.jsonl"
    lines = [
        json.dumps({"chosen": context + chosen, "rejected": context + rejected})
        for context, chosen, rejected in RECORDS
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    paths = IndexPaths(folder / "cache", "nearly")
    index_sources(paths, open_sources(str(file), SourceOptions()))
    return paths
