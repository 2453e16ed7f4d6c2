"""`outvoted discover`: what the PM holds against responses, or for them, without being told."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, replace

from rich.console import Console
from rich.progress import Progress, TaskID

from engine.cache.manifest import RunConfig
from engine.cache.reader import IndexReader
from engine.cache.sealed import SealedRun
from engine.canonical import Json
from engine.discovery import Deleted, Discovered, Discovery
from engine.discovery.find import EXAMPLES, MIN_PAIRS, TOP, discover
from engine.errors import UserError
from engine.heuristics import Heuristic
from engine.presets import Preset
from engine.shapes import build
from tui.cli.child import Event, run_child
from tui.cli.commands import COMMANDS, Subparsers
from tui.cli.discover_text import discovery_text
from tui.cli.opened import open_index
from tui.cli.options import add_common, add_labels, labels, print_json
from tui.cli.preset_options import preset_of
from tui.cli.score_request import DTYPES, READOUTS


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted discover`."""
    parser = subparsers.add_parser(
        "discover",
        help=COMMANDS["discover"].help,
        description="Look through all n-grams of the responses (1 to 4 words) and all SAE features"
        " with stored activations for those whose bearers the PM rewards more or less than the"
        " label, the tranche and the length account for.",
    )
    parser.add_argument(
        "--min-pairs",
        metavar="N",
        type=int,
        default=MIN_PAIRS,
        help=f"leave out what fewer pairs bear; default: {MIN_PAIRS}",
    )
    parser.add_argument(
        "--top",
        metavar="N",
        type=int,
        default=TOP,
        help=f"n-grams, and features, to tell of either direction; default: {TOP}",
    )
    group = parser.add_argument_group(
        "deletion", "Delete each n-gram that is told from a few bearers, by a PM."
    )
    group.add_argument("--deletion", metavar="N", type=int, help="from so many bearers each")
    group.add_argument("--pm", metavar="PM", help="default: the preset's, or the run's")
    group.add_argument(
        "--preset", metavar="NAME", help="whose PM, readout, dtype and chat template are meant"
    )
    group.add_argument("--readout", choices=READOUTS, help="default: the preset's, or the run's")
    group.add_argument("--dtype", choices=DTYPES, help="default: the preset's, or the run's")
    group.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, mps; default: cpu")
    add_common(parser)
    add_labels(parser)


def run(args: argparse.Namespace) -> int:
    """Look, delete if that is asked for, and print what was found."""
    for option in ("min_pairs", "top", "deletion"):
        value: int | None = getattr(args, option)
        if value is not None and value < 1:
            raise UserError("it must be 1 or more", where=f"--{option.replace('_', '-')}")
    if args.deletion is None and (args.pm or args.preset or args.readout or args.dtype):
        raise UserError("nothing is deleted", where="--pm", todo="Say how often with --deletion N.")
    reader = open_index(args, labels(args))
    try:
        if args.deletion is not None and reader.run is not None:
            _check_known(args, reader.run)
        found = discover(
            reader,
            min_pairs=args.min_pairs,
            top=args.top,
            examples=max(EXAMPLES, args.deletion or 0),
        )
        if args.deletion is not None and reader.run is not None:
            found = _deleted(args, reader, reader.run, found)
    finally:
        reader.close()
    if args.json:
        print_json(asdict(found))
    else:
        print("\n".join(discovery_text(found)))
    return 0


def _check_known(args: argparse.Namespace, run: SealedRun) -> None:
    """Raises UserError where the run cannot say which PM is to delete, and how it is read."""
    told = args.preset or None not in (args.pm, args.readout, args.dtype)
    if run.manifest.imported and not told:
        raise UserError(
            f"the rewards of run {run.run} were imported: its PM is not known",
            where="--deletion",
            todo="Say it with --preset, or with --pm, --readout and --dtype.",
        )


def _deleted(
    args: argparse.Namespace, reader: IndexReader, measured: SealedRun, found: Discovery
) -> Discovery:
    """The same, with the deletion effects of its n-grams."""
    config, preset = measured.manifest.config, preset_of(args)
    known: Preset | RunConfig = preset or config
    ngrams = [one for one in found.found if one.pattern is not None]
    request: Event = {
        "cache": str(reader.paths.cache.absolute()),
        "name": reader.paths.name,
        "asked": [_asked(one, args.deletion) for one in ngrams],
        "pm": args.pm or (preset.pm if preset else measured.manifest.pm_path),
        "readout": args.readout or known.readout,
        "dtype": args.dtype or known.dtype,
        "device": args.device,
        "chat_template": preset.chat_template if preset else _own_template(args, measured),
    }
    drawing = Progress(console=Console(stderr=True, highlight=False))
    task = drawing.add_task("deleting", total=len(ngrams))
    effects = _effects(request, drawing, task)
    deletions = dict(zip(ngrams, effects, strict=True))
    return replace(
        found, found=tuple(replace(one, deletion=deletions.get(one)) for one in found.found)
    )


def _own_template(args: argparse.Namespace, measured: SealedRun) -> str | None:
    """What the run's PM was read through; another PM has its own."""
    return None if args.pm else measured.manifest.chat_template


def _effects(request: Event, drawing: Progress, task: TaskID) -> Sequence[Deleted | None]:
    effects: list[Deleted | None] = []

    def take(event: Event) -> None:
        made = event["deleted"]
        effects.append(None if made is None else build(Deleted, made, "the child's result"))
        drawing.update(task, completed=len(effects))

    run_child("engine.measure.deleting", request, take, drawing)
    return effects


def _asked(one: Discovered, bearers: int) -> dict[str, Json]:
    heuristic = Heuristic(one.text, one.pattern or "", regex=True, fold=True)
    return {"heuristic": asdict(heuristic), "pairs": list(one.examples[:bearers])}
