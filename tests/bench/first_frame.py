"""The browser's first frame against a bare Textual app's: `python -m tests.bench.first_frame`.

Both run on a pty of 80x24, in turn. What is timed is from the start of the process to the first
byte after which the awaited text stands on the screen. Without arguments it looks at the demo;
`--cache DIR --name INDEX` names another index that has a snapshot.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import time
from collections.abc import Sequence

from engine.cache.layout import cache_dir
from engine.demo.shipped import NAME, unpack
from tests.bench.terminal import on_pty

BARE = """
from textual.app import App, ComposeResult
from textual.widgets import Static
class Bare(App):
    def compose(self) -> ComposeResult:
        yield Static("a bare frame")
Bare().run(mouse=False)
"""
BARE_SAYS = b"a bare frame"
_LONGEST = 60.0


def first_frame(command: Sequence[str], awaited: bytes) -> float:
    """Seconds from the start of a process to its first frame that holds a text."""
    started = time.perf_counter()
    process, ours = on_pty(command, {"TERM": "xterm-256color"})
    seen = b""
    try:
        while awaited not in seen:
            if time.perf_counter() - started > _LONGEST:
                raise TimeoutError(f"no frame with {awaited!r}: {seen[-500:]!r}")
            seen += os.read(ours, 65536)
        return time.perf_counter() - started
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.close(ours)


def main() -> None:
    """Print the medians and the ratio."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache", help="default: the cache that outvoted uses")
    parser.add_argument("--name", default=NAME)
    parser.add_argument("--runs", type=int, default=9)
    args = parser.parse_args()
    cache = cache_dir(args.cache)
    if args.name == NAME:
        unpack(cache)
    browser = [sys.executable, "-m", "tui", "--cache", str(cache), "--name", args.name]
    bare, ours = [], []
    for _ in range(args.runs + 1):  # the first of each warms the file cache
        bare.append(first_frame([sys.executable, "-c", BARE], BARE_SAYS))
        ours.append(first_frame(browser, b"counterexamples"))
    ratios = [mine / plain for mine, plain in zip(ours[1:], bare[1:], strict=True)]
    print(f"bare Textual app  {statistics.median(bare[1:]):.3f} s")
    print(f"Outvoted          {statistics.median(ours[1:]):.3f} s on index {args.name}")
    print(f"ratio             {statistics.median(ratios):.2f} (median of {args.runs} pairs)")


if __name__ == "__main__":
    main()
