"""`outvoted doctor`: what works here and what does not, a line a check, with what to do."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from engine.doctor import Finding, Level
from engine.doctor.accelerator import BYTES, Dictionary, Model, Question, Stated, accelerator
from engine.doctor.indexes import indexes
from engine.doctor.machine import machine
from engine.doctor.place import place
from engine.doctor.terminal import Surroundings, terminal, tmux_options
from engine.errors import UserError
from engine.plain import plain
from engine.presets import Preset, PresetSae
from engine.presets.memory import sae_bytes
from tui.cli.commands import COMMANDS, Subparsers
from tui.cli.options import add_common, index_paths, print_json
from tui.cli.preset_options import add_preset, asked_saes, preset_of

DTYPES = tuple(BYTES)
_SIGNS: Mapping[Level, str] = {"ok": "+", "note": "-", "fault": "!"}
_MOUNTS = Path("/proc/mounts")


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted doctor`."""
    parser = subparsers.add_parser(
        "doctor",
        help=COMMANDS["doctor"].help,
        description="Look at versions, memory, GPU, terminal, clipboard, cache folder and indexes."
        " Nothing is changed and nothing is fetched; the exit status is 0 whatever is found.",
    )
    parser.add_argument(
        "--pm", metavar="PM", help="does it fit? a folder, or ORG/NAME that was fetched already"
    )
    parser.add_argument(
        "--sae", action="append", default=[], metavar="SAE", help="with --pm; repeatable"
    )
    add_preset(parser, "does its PM fit? by what the preset states: nothing need be here")
    parser.add_argument("--dtype", choices=DTYPES, help="default: as of `outvoted score`")
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Look, and say what was found as it is found."""
    if args.preset and args.pm:
        raise UserError(
            "--preset and --pm both name a PM", where="--pm", todo="Leave out one of them."
        )
    told = []
    for finding in _findings(args):
        told.append(finding)
        if not args.json:
            _tell(finding)
    if args.json:
        print_json([asdict(finding) for finding in told])
    else:
        faults, notes = (sum(one.level == level for one in told) for level in ("fault", "note"))
        print(f"faults: {faults}, notes: {notes}")
    return 0


def _findings(args: argparse.Namespace) -> Iterator[Finding]:
    cache = index_paths(args).cache
    yield from machine()
    yield from terminal(_surroundings())
    yield from place(cache, _MOUNTS.read_text(errors="replace") if _MOUNTS.exists() else None)
    yield from indexes(cache)
    preset = preset_of(args)
    if preset is None:
        yield from accelerator(Question(args.pm, tuple(args.sae)), args.dtype)
        return
    asked = asked_saes(args.sae or None, preset)
    looked_at = tuple(sae.path for sae in asked if sae.preset is None)
    stated = _stated(preset, [sae.preset for sae in asked if sae.preset is not None])
    yield from accelerator(Question(None, looked_at), args.dtype or preset.dtype, stated)


def _stated(preset: Preset, saes: Sequence[PresetSae]) -> Stated:
    """A preset's models as the doctor weighs them; an SAE that states no size weighs nothing."""
    width = next((sae.d_in for sae in preset.saes if sae.d_in is not None), 0)
    dictionaries = (
        Dictionary(sae.name, (sae_bytes(sae) or 0) // 4, sae.d_sae or 0) for sae in saes
    )
    model = Model(preset.pm, preset.parameters, preset.blocks or 0, width)
    return Stated(model, tuple(dictionaries))


def _surroundings() -> Surroundings:
    size = shutil.get_terminal_size()
    return Surroundings(
        environment=os.environ,
        on_terminal=sys.stdin.isatty() and sys.stdout.isatty(),
        columns=size.columns,
        rows=size.lines,
        encoding=sys.stdout.encoding or "ascii",
        tmux=tmux_options(os.environ),
    )


def _tell(finding: Finding) -> None:
    what = plain(finding.what, keep_newlines=False)
    print(f"{_SIGNS[finding.level]} {finding.level:<5}  {finding.check:<10}  {what}")
    if finding.todo:
        print(f"{'':<21}{plain(finding.todo, keep_newlines=False)}")
    sys.stdout.flush()
