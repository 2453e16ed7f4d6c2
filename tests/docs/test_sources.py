"""Every formula that a page tables says where it comes from; where that is nowhere, `ours`."""

from __future__ import annotations

from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("verdicts.md", "calibration.md", "discovery.md")


@pytest.mark.parametrize("page", PAGES)
def test_no_formula_is_without_its_source(page: str) -> None:
    from_column, told = False, 0
    for line in (DOCS / page).read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            from_column = False
        elif cells[-1] == "from":
            from_column = True
        elif from_column and not cells[-1].startswith("---"):
            assert cells[-1], f"{page}: {cells[0]}"
            told += 1
    assert told >= 4
