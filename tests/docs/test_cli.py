"""docs/cli.md says what the parsers take. Stale? `python -m tests.docs.test_cli` writes it anew."""

from __future__ import annotations

from pathlib import Path

from tui.cli.commands import COMMANDS
from tui.cli.reference import cli_markdown

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_the_reference_is_what_the_parsers_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == cli_markdown()


def test_every_command_is_in_it() -> None:
    made = cli_markdown()
    assert all(f"\n## `outvoted {name}`\n" in made for name in COMMANDS)
    assert "\n## `outvoted`\n" in made


if __name__ == "__main__":
    PAGE.write_text(cli_markdown(), encoding="utf-8")
