"""Yanked text goes everywhere it may be wanted: the terminal's clipboard, tmux, and a file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from textual.app import App

from engine.files import write_text
from engine.hh import Pair
from engine.plain import plain


def line_to_yank(*fields: str) -> str:
    """Fields parted by tabs, harmless: it may be pasted into a shell."""
    return "\t".join(plain(field, keep_newlines=False) for field in fields)


def texts_to_yank(pair: Pair) -> str:
    """A pair's name and texts with control characters made visible, for the same reason."""
    return plain(
        f"{pair.name}\n--- context\n{pair.context}\n--- chosen\n{pair.chosen}\n"
        f"--- rejected\n{pair.rejected}\n"
    )


async def yank(app: App[object], harmless: str, file: Path) -> str:
    """Copy a harmless text; returns what to tell the user, the file's name in it."""
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
