"""`outvoted worker`: a PM and SAE behind JSON lines on stdin and stdout."""

from __future__ import annotations

import argparse

from tui.cli.commands import COMMANDS, Subparsers
from tui.cli.options import add_common
from tui.cli.preset_options import add_preset, preset_of


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted worker`."""
    parser = subparsers.add_parser(
        "worker",
        help=COMMANDS["worker"].help,
        description="Serve a PM and an SAE to one browser: JSON lines on stdin and stdout, until"
        " stdin ends. Nobody types this; `--worker` of other commands starts it, on another"
        ' machine as `--worker "ssh HOST outvoted worker"`.',
    )
    add_preset(
        parser,
        "load PM and SAE from where this preset has them, whatever the browser's machine calls"
        " them; a run that they did not measure is refused",
    )
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Serve; the end of stdin ends the process with 0."""
    from engine.live.serve import serve

    serve(preset_of(args))
    return 0
