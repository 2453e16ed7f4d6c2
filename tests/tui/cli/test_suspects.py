"""`outvoted suspects`: labels that may be wrong are counted, listed, and left out of a report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.duplicates.nearly import nearly
from tui.cli.main import main


def test_suspects_are_counted_by_reason_and_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = nearly(tmp_path)
    where = ["--cache", str(paths.cache), "--name", paths.name]
    assert main(["suspects", "--list", "2", *where]) == 0
    out = capsys.readouterr().out
    assert out.startswith("6 of 8 pairs of the index nearly are suspect\n")
    assert "near-duplicate  3  it repeats an earlier pair, label and all" in out
    assert "tied       unknown: no run has measured a margin" in out
    assert (
        "nearly.jsonl:train:1  contradicted, near-duplicate"
        "  against nearly.jsonl:train:2 (99% alike)"
        "  repeats nearly.jsonl:train:0 (99% alike)\nand 4 more: --list N, or --json\n"
    ) in out

    (kept,) = paths.duplicates.iterdir()
    written = kept.stat().st_mtime_ns
    assert main(["suspects", "--json", *where]) == 0
    made = json.loads(capsys.readouterr().out)
    assert kept.stat().st_mtime_ns == written  # found once
    assert (made["pairs"], made["suspects"], made["run"]) == (8, 6, None)
    assert made["reasons"]["contradicted"] == {"pairs": 4, "by_tranche": {"nearly": 4}}
    assert made["found"][-1] == {
        "source": "nearly.jsonl",
        "split": "train",
        "row": 7,
        "tranche": "nearly",
        "reasons": ["near-duplicate"],
        "near": [
            {
                "reason": "near-duplicate",
                "source": "nearly.jsonl",
                "split": "train",
                "row": 6,
                "similarity": 1.0,
            }
        ],
    }
    assert main(["suspects", "--list", "-1", *where]) == 2
