"""`outvoted report`: the population's answer, as text to read top to bottom or as JSON."""

from __future__ import annotations

import argparse

from engine.report.build import build_report
from engine.report.report_json import report_json
from tui.cli.commands import COMMANDS, Subparsers
from tui.cli.opened import open_index
from tui.cli.options import add_common, print_json
from tui.cli.report_text import report_text


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted report`."""
    parser = subparsers.add_parser(
        "report",
        help=COMMANDS["report"].help,
        description="What a run says of each heuristic: whether the PM holds it, how much of it"
        " its features carry, and the verdicts on counterexamples beside those on conforming"
        " pairs, with 95%% intervals. Above that, the run and its margins by tranche.",
    )
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Print the report of `--run`, or of the newest one."""
    reader = open_index(args)
    try:
        report = build_report(reader)
    finally:
        reader.close()
    if args.json:
        print_json(report_json(report))
    else:
        print("\n".join(report_text(report)))
    return 0
