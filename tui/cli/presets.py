"""`outvoted presets`: which there are, and what one of them says."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.cache.layout import cache_dir
from engine.canonical import Json
from engine.errors import UserError
from engine.plain import plain
from engine.presets import (
    Preset,
    PresetSae,
    find_preset,
    memory_lines,
    preset_names,
    read_preset,
)
from tui.cli.commands import COMMANDS, Subparsers
from tui.cli.options import add_common, print_json, print_table


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted presets`."""
    parser = subparsers.add_parser(
        "presets",
        help=COMMANDS["presets"].help,
        description="List the presets: ours, and NAME.toml in the folder presets/ of the cache."
        " With a NAME, or a file of your own: what it says, and the memory that its models take.",
    )
    parser.add_argument("preset", metavar="NAME", nargs="?", help="a preset, or a .toml file")
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    """List them, or show one."""
    cache = cache_dir(args.cache)
    if args.preset is None:
        found = {name: _about(path) for name, path in preset_names(cache).items()}
        if args.json:
            print_json([{"preset": name, "about": about} for name, about in found.items()])
        else:
            print_table([[name, about] for name, about in found.items()], left=2)
            print("All that one says: `outvoted presets NAME`.")
        return 0
    preset = find_preset(args.preset, cache)
    if args.json:
        print_json(_document(preset))
    else:
        _print(preset)
    return 0


def _about(path: Path) -> str:
    """What a preset is, in a line; of a faulty one, what is wrong with it."""
    try:
        return read_preset(path).about
    except UserError as error:
        return f"{path}: {error.what}"


def _document(preset: Preset) -> dict[str, Json]:
    return {
        "preset": preset.name,
        "about": preset.about,
        "pm": preset.pm,
        "parameters": preset.parameters,
        "readout": preset.readout,
        "dtype": preset.dtype,
        "chat_template": preset.chat_template,
        "saes": [
            {
                "name": sae.name,
                "path": sae.path,
                "hook": sae.hook,
                "measured": sae.name in preset.measure,
                "pins": {name: list(pins) for name, pins in sae.pins.items()},
                "labels": {str(feature): label for feature, label in sae.labels.items()},
            }
            for sae in preset.saes
        ],
        "trained": {
            "rows": list(preset.trained_rows),
            "tranches": list(preset.trained_tranches),
            "texts": list(preset.trained_texts),
        },
        "heuristics": [heuristic.name for heuristic in preset.heuristics],
        "known": [
            {
                "text": known.text,
                "reward": known.reward,
                "readout": known.readout,
                "tolerance": dict(known.tolerance),
            }
            for known in preset.known
        ],
        "memory": memory_lines(preset, preset.dtype, _measured(preset)),
    }


def _measured(preset: Preset) -> list[PresetSae]:
    return [sae for sae in preset.saes if sae.name in preset.measure]


def _print(preset: Preset) -> None:
    print(plain(f"{preset.name}: {preset.about}", keep_newlines=False))
    print_table([["PM", preset.pm], ["readout", preset.readout], ["dtype", preset.dtype]], left=2)
    print("\nSAEs (* measured unless --sae NAME says which)")
    print_table(
        [
            [f"{'*' if sae.name in preset.measure else ' '} {sae.name}", sae.hook, sae.path]
            for sae in preset.saes
        ],
        left=3,
    )
    told = [*preset.trained_rows, *preset.trained_tranches, *preset.trained_texts]
    print("\ntrained on", plain(", ".join(told) or "what nobody has told", keep_newlines=False))
    for sae in preset.saes:
        if sae.labels:
            print(f"\nfeatures of {plain(sae.name, keep_newlines=False)}")
            print_table([[str(feature), label] for feature, label in sae.labels.items()], left=2)
    print("\nheuristics, each with its pins")
    print_table(
        [
            [heuristic.name, heuristic.pattern, heuristic.direction, _pins(preset, heuristic.name)]
            for heuristic in preset.heuristics
        ]
        or [["none of its own"]],
        left=4,
    )
    print(f"\n{len(preset.known)} known rewards are checked before a run")
    for known in preset.known:
        ending = plain(known.text, keep_newlines=False)[-40:]
        print(f"{known.reward:9.4f}  {known.readout}  …{ending}")
    print()
    for line in memory_lines(preset, preset.dtype, _measured(preset)):
        print(plain(line, keep_newlines=False))


def _pins(preset: Preset, name: str) -> str:
    found = [
        f"{sae.name} {' '.join(map(str, sae.pins[name]))}"
        for sae in preset.saes
        if name in sae.pins
    ]
    return "; ".join(found)
