"""The first frame's file: written when the index changes, trusted by nobody."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.records import Overview
from engine.cache.sealed import run_path
from engine.cache.snapshot import keep_snapshot, read_snapshot, refresh_snapshot, snapshot_path
from engine.verdict import Verdict
from tests.engine.cache.scored import make_index, seal


@pytest.fixture
def paths(tmp_path: Path) -> IndexPaths:
    return make_index(tmp_path)


def test_after_indexing_and_after_sealing(paths: IndexPaths) -> None:
    refresh_snapshot(paths)
    before = read_snapshot(snapshot_path(paths))
    assert before is not None
    assert (before.run, before.pairs) == (None, 12)
    assert before.heuristics[0].counterexamples == {Verdict.UNMEASURED: 6}
    run = seal(paths)
    refresh_snapshot(paths)
    after = read_snapshot(snapshot_path(paths))
    assert after is not None
    assert after.run is not None
    assert after.run.run == run
    reader = open_reader(paths)
    assert after == reader.overview()
    reader.close()


def test_the_browser_writes_only_what_differs(paths: IndexPaths) -> None:
    refresh_snapshot(paths)
    path = snapshot_path(paths)
    kept = read_snapshot(path)
    assert kept is not None
    first = path.stat().st_ino
    keep_snapshot(paths, kept)
    assert path.stat().st_ino == first
    seal(paths)
    reader = open_reader(paths)
    keep_snapshot(paths, reader.overview())
    reader.close()
    assert path.stat().st_ino != first


def test_it_never_fails_what_it_follows(paths: IndexPaths) -> None:
    run = seal(paths)
    refresh_snapshot(paths)
    run_path(paths, run).write_bytes(b"damaged")
    refresh_snapshot(paths)
    assert not snapshot_path(paths).exists()  # better none than one of a run that is gone
    run_path(paths, run).unlink()
    snapshot_path(paths).mkdir()
    refresh_snapshot(paths)
    assert read_snapshot(snapshot_path(paths)) is None


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where every value of a document is, but the document itself."""
    if isinstance(value, dict):
        children = list(value.items())
    else:
        children = list(enumerate(value)) if isinstance(value, list) else []
    for key, child in children:
        yield (*path, key)
        yield from places(child, (*path, key))


def fits(overview: Overview) -> bool:
    """Whether a screen can do with the values what it does with values."""
    cards = overview.heuristics
    shown = [f"{card.chosen_only:,} {card.coverage or 0:.2f} {card.held.upper()}" for card in cards]
    counted = [sum(card.counterexamples.values()) for card in cards]
    margins = [f"{card.tranche.upper()} {card.mean_margin or 0:+.3f}" for card in overview.tranches]
    return len(shown) + len(counted) + len(margins) >= 0


@pytest.mark.parametrize("hostile", [None, 7, -1.5, "x", [], {}, [[]], {"a": {}}, True])
def test_any_value_in_any_place_is_survived(paths: IndexPaths, hostile: object) -> None:
    seal(paths)
    refresh_snapshot(paths)
    path = snapshot_path(paths)
    text = path.read_text(encoding="utf-8")
    for *above, last in places(json.loads(text)):
        document = json.loads(text)
        holder = document
        for key in above:
            holder = holder[key]
        holder[last] = hostile
        path.write_text(json.dumps(document), encoding="utf-8")
        found = read_snapshot(path)
        assert found is None or fits(found)


DAMAGED = [b"", b"\xff\xfe", b"[" * 100_000, b"{}", b"null", b'{"version"']


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_is_no_snapshot(paths: IndexPaths, content: bytes) -> None:
    snapshot_path(paths).write_bytes(content)
    assert read_snapshot(snapshot_path(paths)) is None


def test_reading_it_loads_no_database(paths: IndexPaths) -> None:
    refresh_snapshot(paths)
    script = (
        "import sys; from pathlib import Path; from engine.cache.snapshot import read_snapshot;"
        "assert read_snapshot(Path(sys.argv[1])) is not None;"
        "sys.exit(','.join({'duckdb', 'pyarrow', 'numpy', 'torch'} & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", script, str(snapshot_path(paths))], check=True)
