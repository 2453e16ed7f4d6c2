"""`outvoted export WHAT FILE`: pairs, verdicts, effects and more for other programs."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.counted import counted
from engine.exchange.card import data_card
from engine.exchange.form import check_target, form_of
from engine.exchange.tables import EXPORTS
from engine.exchange.write import write_table
from engine.plain import plain
from tui.cli.commands import COMMANDS, Subparsers
from tui.cli.opened import open_index
from tui.cli.options import add_common, print_json


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted export`."""
    parser = subparsers.add_parser(
        "export",
        help=COMMANDS["export"].help,
        description="Write pairs (with their rewards), verdicts (with their inputs), effects (with"
        " their controls), features (of each measured pair), suspects (labels that may be wrong),"
        " triage (everybody's marks and notes) or pins (everybody's) as Parquet, JSON lines or CSV,"
        " by FILE's extension; without one, as a folder that datasets loads. In CSV, a text that a"
        " spreadsheet would take for a formula has an apostrophe before it.",
    )
    parser.add_argument("what", metavar="WHAT", choices=list(EXPORTS), help=", ".join(EXPORTS))
    parser.add_argument("file", metavar="FILE", type=Path, help="where to write them")
    parser.add_argument("--force", action="store_true", help="replace FILE where it exists")
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Write the file, and say how many rows it holds."""
    target: Path = args.file
    form = form_of(target)
    check_target(target, form, force=args.force)
    reader = open_index(args)
    try:
        table = EXPORTS[args.what](reader)
        rows = write_table(target, form, table, data_card(args.what, reader, table))
    finally:
        reader.close()
    if args.json:
        print_json({"exported": args.what, "file": str(target), "form": form, "rows": rows})
    else:
        where = plain(str(target), keep_newlines=False)
        print(f"{counted(rows, 'row')} of {args.what} in {where}")
    return 0
