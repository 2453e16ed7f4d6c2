"""`outvoted score`: start the measurement as a child process, and draw how far it is."""

from __future__ import annotations

import argparse
import sys

from engine.cache.asked import check_asked
from engine.canonical import Json
from engine.errors import UserError
from engine.plain import plain
from engine.presets import Preset
from tui.cli.child import run_child
from tui.cli.commands import Subparsers
from tui.cli.drawing import Bars, Lines, drawing
from tui.cli.options import add_common, index_paths, print_json, print_table
from tui.cli.preset_options import add_preset, preset_of
from tui.cli.score_request import DTYPES, POSITIONS, READOUTS, score_request
from tui.cli.told import Trained, add_told, told


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted score`."""
    parser = subparsers.add_parser(
        "score",
        help="measure pairs with a PM and its SAE",
        description="Measure an index with a PM and one run for each SAE. Interrupt it when you"
        " like: the same command resumes it, and ends with the same rows.",
    )
    parser.add_argument("--pm", metavar="PM", help="a folder, or ORG/NAME of the hub")
    parser.add_argument(
        "--sae",
        action="append",
        metavar="SAE",
        help="a folder or file, ORG/NAME/path on the hub, or one of the preset's by its name;"
        " repeatable",
    )
    add_preset(
        parser,
        "a preset (`outvoted presets`) or a file of your own: what it says of PM, SAEs, readout,"
        " dtype, training and heuristics holds where no option says otherwise; its known rewards"
        " are checked first",
    )
    parser.add_argument(
        "--hook",
        metavar="BLOCK",
        help="the block whose output the SAE reads; default: as its config says",
    )
    parser.add_argument(
        "--readout",
        choices=READOUTS,
        help="where the reward is read, of the text as it is or of its turns through the"
        " tokenizer's chat template; default: last-text-token",
    )
    parser.add_argument(
        "--positions",
        choices=POSITIONS,
        help="where the reconstruction replaces the residual stream; default: all",
    )
    parser.add_argument(
        "--pairs",
        metavar="bearers|all|FILTER",
        help="what to measure: a FILTER speaks of row, tranche, source, split and texts, as in"
        " 'tranche=harmless-base row=0..295' or 'text~sorry'; bearers are always measured, and the"
        " sample that stands for the index, but for pairs that do not fit the PM and that a FILTER"
        " does not keep; default: bearers, or what --run was last asked for",
    )
    parser.add_argument(
        "--dtype",
        choices=DTYPES,
        help="default: as --preset says, or else the half precision that the PM is stored in on a"
        " GPU made for it, and float32 elsewhere and with --ray",
    )
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, mps; default: cpu")
    parser.add_argument(
        "--lm",
        metavar="LM",
        help="a causal language model (a folder, or ORG/NAME of the hub): how usual each response"
        " is, as log-likelihood per token; no part of the run's id",
    )
    parser.add_argument(
        "--ray",
        nargs="?",
        const="",
        metavar="ADDRESS",
        help="measure on a Ray cluster, with a worker for each of its GPUs (--device cuda) or CPUs:"
        " the one at ADDRESS or RAY_ADDRESS, one that runs here, or else one made of this machine;"
        " needs outvoted[cluster]",
    )
    parser.add_argument(
        "--parts",
        metavar="URL",
        help="a folder or fsspec URL (s3://…) for the finished parts of a new run, which is"
        " remembered; default: the run's own folder",
    )
    add_told(parser)
    add_common(
        parser,
        run="the run that is meant, by its id: without --pm, --sae and --preset one that was begun,"
        " measured as it was, also where it was interrupted; else the one that these settings make,"
        " begun beside an unfinished one of other settings, or gone on with on pairs that were"
        " indexed again",
    )


def run(args: argparse.Namespace) -> int:
    """Have a child measure, and print what became of each run."""
    paths = index_paths(args)
    if not paths.source_numbers():
        raise UserError(
            f'there is no index "{paths.name}"',
            where=str(paths.cache),
            todo="Make one with `outvoted index SOURCE`.",
        )
    preset = preset_of(args)
    trained = _trained(args, preset)
    asked = score_request(args, paths, preset) | {"told": {**trained}}
    pairs = str(asked["pairs"])
    check_asked(paths, pairs, rows=trained["rows"], tranches=trained["tranches"])
    request: dict[str, Json] = {"score": asked, "verbose": args.verbose}
    try:
        results = _measure(request, drawing(sys.stderr))
    except KeyboardInterrupt:
        print("Finished parts are kept: the same command goes on from them.", file=sys.stderr)
        raise
    if args.json:
        print_json(results)
    else:
        _print(results)
    return 0


def _trained(args: argparse.Namespace, preset: Preset | None) -> Trained:
    """What the PM was trained on, as the options say it, or else the preset."""
    trained = told(args)
    if preset and not any(trained.values()):
        return {
            "rows": list(preset.trained_rows),
            "tranches": list(preset.trained_tranches),
            "texts": list(preset.trained_texts),
        }
    return trained


def _measure(request: dict[str, Json], drawn: Bars | Lines) -> list[dict[str, Json]]:
    """Run the child to its end; its results.

    Raises:
        UserError: the child says the user's input is at fault.
    """
    results: list[dict[str, Json]] = []

    def take(event: dict[str, Json]) -> None:
        if event.pop("type") == "progress":
            drawn.show(event)
        else:
            results.append(event)

    run_child("engine.measure", request, take, drawn.around)
    return results


def _print(results: list[dict[str, Json]]) -> None:
    for result in results:
        print(f"run {result['run']}")
        pins = result["pins"]
        figures = {key: value for key, value in result.items() if key not in ("run", "pins")}
        print_table([[key.replace("_", " "), _figure(value)] for key, value in figures.items()])
        for name, features in pins.items() if isinstance(pins, dict) else ():
            listed = ", ".join(map(str, features))
            print(f"{plain(name, keep_newlines=False)}: judged with your pins, {listed}")
    print("The verdicts: `outvoted report`. The pairs: `outvoted`.")


def _figure(value: Json) -> str:
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) else f"{float(str(value)):.6g}"
