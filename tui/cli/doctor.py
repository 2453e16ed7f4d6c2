"""`outvoted doctor`: what works here and what does not, a line a check, with what to do."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from engine.doctor import Finding, Level
from engine.doctor.accelerator import BYTES, Question, accelerator
from engine.doctor.indexes import indexes
from engine.doctor.machine import machine
from engine.doctor.place import place
from engine.doctor.terminal import Surroundings, terminal, tmux_options
from engine.plain import plain
from tui.cli.commands import COMMANDS, Subparsers
from tui.cli.options import add_common, index_paths, print_json

DTYPES = tuple(BYTES)
_SIGNS: Mapping[Level, str] = {"ok": "+", "note": "-", "fault": "!"}
_MOUNTS = Path("/proc/mounts")


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted doctor`."""
    parser = subparsers.add_parser(
        "doctor",
        help=COMMANDS["doctor"].help,
        description="Look at versions, memory, GPU, terminal, clipboard, cache folder and indexes."
        " Nothing is changed and nothing is fetched; the exit status is 0 whatever is found.",
    )
    parser.add_argument(
        "--pm", metavar="PM", help="does it fit? a folder, or ORG/NAME that was fetched already"
    )
    parser.add_argument(
        "--sae", action="append", default=[], metavar="SAE", help="with --pm; repeatable"
    )
    parser.add_argument("--dtype", choices=DTYPES, default=DTYPES[0], help="default: float32")
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Look, and say what was found as it is found."""
    told = []
    for finding in _findings(args):
        told.append(finding)
        if not args.json:
            _tell(finding)
    if args.json:
        print_json([asdict(finding) for finding in told])
    else:
        faults, notes = (sum(one.level == level for one in told) for level in ("fault", "note"))
        print(f"faults: {faults}, notes: {notes}")
    return 0


def _findings(args: argparse.Namespace) -> Iterator[Finding]:
    cache = index_paths(args).cache
    yield from machine()
    yield from terminal(_surroundings())
    yield from place(cache, _MOUNTS.read_text(errors="replace") if _MOUNTS.exists() else None)
    yield from indexes(cache)
    yield from accelerator(Question(args.pm, tuple(args.sae)), args.dtype)


def _surroundings() -> Surroundings:
    size = shutil.get_terminal_size()
    return Surroundings(
        environment=os.environ,
        on_terminal=sys.stdin.isatty() and sys.stdout.isatty(),
        columns=size.columns,
        rows=size.lines,
        encoding=sys.stdout.encoding or "ascii",
        tmux=tmux_options(os.environ),
    )


def _tell(finding: Finding) -> None:
    what = plain(finding.what, keep_newlines=False)
    print(f"{_SIGNS[finding.level]} {finding.level:<5}  {finding.check:<10}  {what}")
    if finding.todo:
        print(f"{'':<21}{plain(finding.todo, keep_newlines=False)}")
    sys.stdout.flush()
