"""docs/outvoted.1 is the parsers' page. Stale? `python -m tests.docs.test_manual` writes it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tui.cli.commands import COMMANDS
from tui.cli.manual import manual

PAGE = Path(__file__).parents[2] / "docs" / "outvoted.1"


def test_the_man_page_is_what_the_parsers_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == manual()


def test_a_formatter_has_nothing_to_complain_of_and_loses_nothing() -> None:
    """A line that began with a dot would be a request, and vanish: `.jsonl` and `.parquet` do."""
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is not here")
    done = subprocess.run(
        [groff, "-man", "-Kutf8", "-Tutf8", "-ww", "-rLL=2000n", "-P-cbou", str(PAGE)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    shown = " ".join(done.stdout.split())
    assert all(f"outvoted {name} " in shown for name in COMMANDS)
    assert "a .jsonl, .jsonl.gz or .parquet file" in shown
    assert 'outvoted census "I don\'t know" --fold --by tranche either apostrophe' in shown
    assert "296-2311 or split:296-2311" in shown


if __name__ == "__main__":
    PAGE.write_text(manual(), encoding="utf-8")
