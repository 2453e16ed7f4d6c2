"""Whole screens as plain text, beside the tests. Update them: pytest --snapshot-update."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console
from textual.app import App

FOLDER = Path(__file__).parent / "golden"
SIZES = ((80, 24), (120, 40))


def screen_text(app: App[None]) -> str:
    """What stands on the terminal, line by line, without colour and blanks at the ends."""
    width, height = app.size
    console = Console(width=width, height=height, file=io.StringIO(), legacy_windows=False)
    compositor = app.screen._compositor
    console.print(compositor.render_update(full=True, screen_stack=app._background_screens))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    return "\n".join(line.rstrip() for line in lines).rstrip() + "\n"


def check_golden(app: App[None], name: str, *, update: bool) -> None:
    """Hold the screen against the file of its name and size, or write that file."""
    width, height = app.size
    path = FOLDER / f"{name}-{width}x{height}.txt"
    found = screen_text(app)
    if update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")
