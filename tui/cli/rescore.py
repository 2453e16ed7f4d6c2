"""`outvoted rescore PAIR`: fresh inference on a pair, an edit of it, or a pair of one's own."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from engine.cache.pair_records import PairDetail
from engine.cache.reader import IndexReader
from engine.canonical import Json
from engine.errors import UserError
from engine.heuristics import Heuristic
from engine.live.change import Change
from engine.live.client import LiveRescorer
from engine.live.edit import Edit, Rescored
from engine.live.features import FeatureChanges, changes
from engine.live.own import nothing_known, read_own_pair
from engine.live.standing import make_rescorer
from engine.plain import plain
from engine.report.pair_json import pair_json
from tui.cli.commands import COMMANDS, Subparsers
from tui.cli.live_options import add_live, worker_command
from tui.cli.opened import open_index
from tui.cli.options import add_common, print_json
from tui.cli.pair_text import print_pair, rewards_line
from tui.cli.show import PAIR_HELP

_ALL = ""
"""`--delete-pattern` without a name."""


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted rescore`."""
    parser = subparsers.add_parser(
        "rescore",
        help=COMMANDS["rescore"].help,
        description="Measure a pair afresh with the run's PM and SAE. Edits are made in this"
        " order: a response is replaced, patterns are deleted, a text is inserted; features are"
        " ablated, scaled or pinned in what comes out.",
    )
    parser.add_argument("spec", metavar="PAIR", nargs="?", help=PAIR_HELP)
    parser.add_argument(
        "--pair",
        metavar="FILE",
        type=Path,
        help="a .json or .jsonl file with one pair of your own, in place of PAIR",
    )
    parser.add_argument("--response-chosen", metavar="TEXT", help="in place of the stored one")
    parser.add_argument("--response-rejected", metavar="TEXT", help="in place of the stored one")
    parser.add_argument(
        "--delete-pattern",
        metavar="HEURISTIC",
        nargs="?",
        const=_ALL,
        help="delete its pattern from the bearer; without a name: of every heuristic with a bearer",
    )
    parser.add_argument(
        "--insert", metavar="TEXT", help="put at the end of the chosen response, as it is"
    )
    parser.add_argument("--ablate", metavar="12,34", help="features to set to 0 over the responses")
    parser.add_argument(
        "--scale",
        metavar="12=2.0",
        action="append",
        default=[],
        help="a feature, and what to multiply it by over the responses; repeatable",
    )
    parser.add_argument(
        "--pin",
        metavar="12=3.0",
        action="append",
        default=[],
        help="a feature, and what to set it to over the responses; repeatable",
    )
    add_live(parser)
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Measure, and print what was stored beside what came out."""
    features = _features(args)
    command = worker_command(args)
    reader = open_index(args)
    try:
        rescorer = make_rescorer(reader, command, args.device)
        before = replace(_before(args, reader), pins=reader.pins())
        heuristics = list(reader.heuristics)
        edit = _change(args, heuristics, features).edit(before.pair)
    finally:
        reader.close()
    rescored = asyncio.run(_rescore(rescorer, before, edit))
    stored = None if args.pair else before
    if args.json:
        print_json(_document(rescored, stored))
    else:
        _print(rescored, stored)
    return 0


def _before(args: argparse.Namespace, reader: IndexReader) -> PairDetail:
    spec: str | None = args.spec
    if spec is None and args.delete_pattern and args.pair is None:
        # `rescore --delete-pattern 12`: argparse takes the pair for the heuristic's name.
        spec, args.delete_pattern = args.delete_pattern, _ALL
    if (spec is None) == (args.pair is None):
        raise UserError(
            "name either a PAIR of the index or a file with --pair",
            todo=f"PAIR is {PAIR_HELP}.",
        )
    if spec is not None:
        return reader.pair(reader.store.find(spec).id)
    return nothing_known(read_own_pair(args.pair), reader.run.run if reader.run else "")


def _change(
    args: argparse.Namespace, heuristics: Sequence[Heuristic], features: FeatureChanges
) -> Change:
    """What the options ask for."""
    delete: str | None = args.delete_pattern
    return Change(
        response_chosen=_text("--response-chosen", args.response_chosen),
        response_rejected=_text("--response-rejected", args.response_rejected),
        delete=() if delete is None else _named(delete, heuristics),
        insert_chosen=_text("--insert", args.insert) or "",
        features=features,
    )


def _named(name: str, heuristics: Sequence[Heuristic]) -> tuple[Heuristic, ...]:
    found = tuple(heuristic for heuristic in heuristics if name in (_ALL, heuristic.name))
    if not found:
        raise UserError(
            f'there is no heuristic "{name}"',
            where="--delete-pattern",
            todo=f"There are: {', '.join(heuristic.name for heuristic in heuristics)}.",
        )
    return found


def _text(option: str, text: str | None) -> str | None:
    try:
        (text or "").encode()
    except UnicodeEncodeError:
        raise UserError("it is not UTF-8", where=option) from None
    return text


def _features(args: argparse.Namespace) -> FeatureChanges:
    ablate = [word for word in (args.ablate or "").split(",") if word]
    if args.ablate is not None and not ablate:
        raise UserError("it names no feature", where="--ablate", todo="Like: --ablate 12,34")
    return changes(ablate, args.scale, args.pin, where=("--ablate", "--scale", "--pin"))


async def _rescore(rescorer: LiveRescorer, before: PairDetail, edit: Edit) -> Rescored:
    telling = asyncio.create_task(_tell(rescorer))
    try:
        return await rescorer.rescore(before, edit)
    finally:
        telling.cancel()
        await rescorer.close()


async def _tell(rescorer: LiveRescorer) -> None:
    """Say on stderr what is waited for, if somebody looks: models take long to load."""
    said = ""
    while sys.stderr.isatty():
        if rescorer.state != said:
            said = rescorer.state
            print(f"outvoted: {said}", file=sys.stderr)
        await asyncio.sleep(0.1)


def _document(rescored: Rescored, stored: PairDetail | None) -> Json:
    return pair_json(rescored.after) | {
        "before": None if stored is None else pair_json(stored),
        "drift": rescored.drift,
        "seconds": rescored.seconds,
    }


def _print(rescored: Rescored, stored: PairDetail | None) -> None:
    print_pair(rescored.after)
    print()
    if stored is not None:
        print(f"stored: {rewards_line(stored)}")
        verdicts = [f"{on.heuristic.name} {on.judgement.verdict.value}" for on in stored.heuristics]
        if verdicts:
            print(f"        {plain(', '.join(verdicts), keep_newlines=False)}")
    print(f"fresh:  {rewards_line(rescored.after)}")
    if rescored.drift is not None:
        print(f"drift of the margin {rescored.drift:+.2g}")
