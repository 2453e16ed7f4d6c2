"""`outvoted discover` as a child process of the browser: counting words would hold up the keys."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Mapping
from dataclasses import replace

from engine.cache.layout import IndexPaths
from engine.discovery import Discovery
from engine.errors import UserError
from engine.shapes import build


async def look(paths: IndexPaths, run: str, labels: Mapping[int, str]) -> Discovery:
    """Discover with a run of an index; the child is killed where nobody waits any more.

    Raises:
        UserError: what the child said went wrong.
    """
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui", "discover", "--json", "--run", run),
        *("--cache", str(paths.cache.absolute()), "--name", paths.name),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, said = await child.communicate()
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
    if child.returncode:
        lines = said.decode(errors="replace").strip().splitlines()
        last = lines[-1].removeprefix("outvoted: ") if lines else f"status {child.returncode}"
        raise UserError(f"the discovery ended: {last}")
    found = build(Discovery, json.loads(out), "the discovery")
    return replace(
        found,
        found=tuple(
            replace(one, label=labels.get(int(one.text))) if one.what == "feature" else one
            for one in found.found
        ),
    )
