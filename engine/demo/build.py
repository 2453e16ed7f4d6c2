"""Everything of the demo again, from what was written by hand: `python -m engine.demo.build`.

Composes the pairs, trains PM and SAE on them, indexes, scores, and puts the finished index in
place. Minutes on two cores.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from engine.cache.indexing import index_sources
from engine.cache.layout import IndexPaths
from engine.cache.snapshot import refresh_snapshot
from engine.demo import HEURISTICS, HOOK, PAIRS, compose, train
from engine.demo.shipped import NAME, SHIPPED
from engine.heuristics.file import load_heuristics
from engine.hh.source import SourceOptions, open_sources
from engine.measure.progress import Progress
from engine.measure.request import ScoreRequest, ScoreResult
from engine.measure.score import score


def main() -> None:
    """Compose, train, index, score, ship."""
    PAIRS.write_text(compose.lines(compose.shipped()), encoding="utf-8")
    train.main()
    for result in ship():
        print(result.to_json())


def ship() -> list[ScoreResult]:
    """Index and score the demo's pairs with the PM and SAE that are there, and ship the result."""
    with tempfile.TemporaryDirectory() as folder:
        paths = IndexPaths(Path(folder), NAME)
        options = SourceOptions(split="train", tranche="demo")
        # An index remembers where its pairs came from; the path of this machine is no one's.
        sources = [
            replace(source, location=f"demo:{PAIRS.name}")
            for source in open_sources(str(PAIRS), options)
        ]
        index_sources(paths, sources, skip_bad=False, progress=lambda *_: None)
        request = ScoreRequest(
            paths=paths,
            heuristics=load_heuristics(HEURISTICS),
            pm="demo:pm",
            saes=("demo:sae",),
            hook=HOOK,
            readout="last-text-token",
            positions="all",
            pairs="bearers",
            dtype="float32",
            device="cpu",
        )
        results = score(request, _report)
        refresh_snapshot(paths)
        for parts in paths.runs.glob("*/parts"):
            shutil.rmtree(parts)
        for lock in paths.folder.rglob("*.lock"):
            lock.unlink()
        shutil.rmtree(SHIPPED, ignore_errors=True)
        shutil.copytree(paths.folder, SHIPPED)
    return results


def _report(progress: Progress) -> None:
    print(f"{progress.stage}: {progress.done} of {progress.total}", file=sys.stderr)


if __name__ == "__main__":
    main()
