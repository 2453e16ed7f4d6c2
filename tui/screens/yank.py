"""Yanked text goes everywhere it may be wanted: the terminal's clipboard, tmux, and a file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from textual.app import App

from engine.files import write_text
from engine.plain import plain


async def yank(app: App[object], text: str, file: Path) -> str:
    """Copy a text (control characters made visible: it may be pasted into a shell).

    Returns what to tell the user, the file's name in it.
    """
    harmless = plain(text)
    app.copy_to_clipboard(harmless)  # OSC 52
    by_tmux = bool(os.environ.get("TMUX")) and await _to_tmux(harmless)
    try:
        await asyncio.to_thread(write_text, file, harmless)
    except OSError as error:
        return f"yanked to the clipboard; {file} could not be written: {error.strerror}"
    return f"yanked to the clipboard{', tmux' if by_tmux else ''} and {file}"


async def _to_tmux(text: str) -> bool:
    """Hand a text to tmux, whose default settings drop OSC 52; whether that worked."""
    try:
        process = await asyncio.create_subprocess_exec(
            "tmux", "load-buffer", "-w", "-",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return False
    await process.communicate(text.encode())
    return process.returncode == 0
