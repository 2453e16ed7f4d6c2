"""docs/filters.md says of every field what the completion says."""

from __future__ import annotations

from pathlib import Path

from engine.filters import FIGURES, NAMES, TEXTS


def test_the_documentation_has_every_field_and_value() -> None:
    text = (Path(__file__).parents[3] / "docs" / "filters.md").read_text(encoding="utf-8")
    for field in (*FIGURES.values(), *NAMES.values(), *TEXTS.values()):
        assert f"| `{field.name}` | {field.meaning} |" in text
        for value in field.values:
            assert f"`{value.text}`" in text
