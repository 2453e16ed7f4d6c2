"""`outvoted import WHAT FILE`: what was made elsewhere, checked against the index."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from engine.cache.imported import seal_rewards
from engine.cache.pairs import open_pairs
from engine.cache.saes import known_saes
from engine.cache.snapshot import refresh_snapshot
from engine.canonical import Json
from engine.counted import counted
from engine.exchange.pins_in import import_pins
from engine.exchange.read import read_rows
from engine.exchange.reward_files import read_rewards
from engine.exchange.rewards_in import checked_rewards
from engine.exchange.said_in import Taken
from engine.exchange.triage_in import LISTED, import_triage
from engine.plain import plain
from tui.cli.commands import COMMANDS, Subparsers
from tui.cli.options import add_common, index_paths, print_json

WHAT = ("triage", "pins", "rewards")


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted import`."""
    parser = subparsers.add_parser(
        "import",
        help=COMMANDS["import"].help,
        description="Take marks and notes in, from a file or folder that `outvoted export triage`"
        " wrote, or one with its columns: source, split, row, mark, note; content_hash guards"
        " them, user and time where known. Your own are added to yours where they are newer;"
        " another user's are kept beside theirs. A USER.jsonl of an index's triage folder is taken"
        " as it is, pins and all (--user). So are pins alone, the features that somebody says"
        " stand for a heuristic: heuristic, key, sae_hash and features, as `outvoted export pins`"
        " writes them. Or rewards of a PM that was run elsewhere, by row:"
        " .parquet, .jsonl or .csv with row, reward_chosen and reward_rejected (source, split and"
        " content_hash where known), .npy or .pt with two columns in the index's order or three"
        " with the row first. They make a run of margins, without an SAE.",
    )
    parser.add_argument("what", metavar="WHAT", choices=WHAT, help=", ".join(WHAT))
    parser.add_argument("file", metavar="FILE", type=Path, help="what to take in")
    parser.add_argument("--user", metavar="NAME", help="triage, pins: whose; default: as FILE says")
    parser.add_argument(
        "--skip-unknown",
        action="store_true",
        help="triage: leave out rows of pairs that are not here",
    )
    parser.add_argument("--pm", metavar="NAME", help="rewards: whose; default: FILE's name")
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Take the file in, and say what of it was new."""
    return {"triage": _triage, "pins": _pins, "rewards": _rewards}[args.what](args)


def _triage(args: argparse.Namespace) -> int:
    paths = index_paths(args)
    store = open_pairs(paths)
    try:
        done = import_triage(
            store,
            paths.triage,
            read_rows(args.file),
            args.user,
            known_saes(paths),
            skip_unknown=args.skip_unknown,
        )
    finally:
        store.close()
    if args.json:
        users = _users(done.taken)
        print_json({"imported": args.what, "users": users, "unknown": list(done.unknown)})
    else:
        _tell(done.taken)
        _tell_unknown(done.unknown)
    return 0


def _pins(args: argparse.Namespace) -> int:
    paths = index_paths(args)
    open_pairs(paths).close()  # a name that was typed wrong is told
    done = import_pins(paths.triage, read_rows(args.file), args.user, known_saes(paths))
    if args.json:
        users = _users(done.taken)
        print_json({"imported": args.what, "users": users, "unknown_saes": list(done.unknown)})
    else:
        _tell(done.taken)
        if done.unknown:
            print(
                f"No run here is of the SAE {', '.join(done.unknown)} yet: its pins wait for one."
            )
    return 0


def _rewards(args: argparse.Namespace) -> int:
    paths, file = index_paths(args), args.file
    given = read_rewards(file)
    store = open_pairs(paths)
    try:
        rewards = checked_rewards(store, given, file)
        run = seal_rewards(paths, store, rewards, args.pm or file.stem, file)
    finally:
        store.close()
    refresh_snapshot(paths)
    if args.json:
        print_json({"imported": args.what, "run": run, "pairs": len(rewards.ids)})
    else:
        print(f"Run {run}: rewards of {len(rewards.ids):,} pairs. See `outvoted report`.")
    return 0


def _users(taken: Sequence[Taken]) -> list[Json]:
    return [
        {"user": made.user, "rows": made.rows, "added": made.added, "file": str(made.file)}
        for made in taken
    ]


def _tell(taken: Sequence[Taken]) -> None:
    for made in taken:
        file = plain(str(made.file), keep_newlines=False)
        print(f"{made.user}: {made.added:,} of {counted(made.rows, 'row')} new, kept in {file}")
    if not taken:
        print("No row was taken in.")


def _tell_unknown(unknown: Sequence[str]) -> None:
    if unknown:
        print(f"{counted(len(unknown), 'row')} left out:")
        for row in unknown[:LISTED]:
            print(f"  {plain(row, keep_newlines=False)}")
        if len(unknown) > LISTED:
            print(f"  and {len(unknown) - LISTED:,} more")
