"""`outvoted show PAIR`: one pair, all that is known of it."""

from __future__ import annotations

import argparse

from engine.report.pair_json import pair_json
from tui.cli.commands import COMMANDS, Subparsers
from tui.cli.opened import open_index
from tui.cli.options import add_common, add_labels, labels, print_json
from tui.cli.pair_text import print_pair

PAIR_HELP = "row, split:row or source:split:row"


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted show`."""
    parser = subparsers.add_parser(
        "show",
        help=COMMANDS["show"].help,
        description="Print one pair: its texts with the patterns marked, its rewards, every"
        " verdict with its reasons, and its strongest features.",
    )
    parser.add_argument("pair", metavar="PAIR", help=PAIR_HELP)
    add_common(parser)
    add_labels(parser)


def run(args: argparse.Namespace) -> int:
    """Look the pair up, and print it."""
    reader = open_index(args, labels(args))
    try:
        detail = reader.pair(reader.store.find(args.pair).id)
    finally:
        reader.close()
    if args.json:
        print_json(pair_json(detail))
    else:
        print_pair(detail)
    return 0
