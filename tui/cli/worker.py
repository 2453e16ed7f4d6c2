"""`outvoted worker`: a PM and SAE behind JSON lines on stdin and stdout."""

from __future__ import annotations

import argparse

from tui.cli.commands import COMMANDS, Subparsers
from tui.cli.options import add_common


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted worker`."""
    parser = subparsers.add_parser(
        "worker",
        help=COMMANDS["worker"].help,
        description="Serve a PM and an SAE to one browser: JSON lines on stdin and stdout, until"
        " stdin ends. Nobody types this; `--worker` of other commands starts it, on another"
        ' machine as `--worker "ssh HOST outvoted worker"`.',
    )
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Serve; the end of stdin ends the process with 0."""
    from engine.live.serve import serve

    serve()
    return 0
