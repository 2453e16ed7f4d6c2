"""What `outvoted score` asks its child for: what was typed, what a preset says, what a run was."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from engine.cache.asked import BEARERS
from engine.cache.kept import with_kept
from engine.cache.layout import IndexPaths
from engine.canonical import Json
from engine.errors import UserError
from tui.cli.options import heuristics
from tui.cli.preset_options import asked_saes, known_answers, settings, tell_memory

if TYPE_CHECKING:
    from engine.cache.manifest import Manifest
    from engine.presets import Preset

READOUTS = ("last-text-token", "appended-end-of-text", "chat-template")
POSITIONS = ("all", "after-first")
DTYPES = ("float32", "bfloat16", "float16")


def score_request(
    args: argparse.Namespace, paths: IndexPaths, preset: Preset | None
) -> dict[str, Json]:
    """What the child measures: what was typed, then what the preset says, then what is usual.

    `--run` without models is that run once more, or to its end.

    Raises:
        UserError: no PM or no SAE is named, or no such run.
    """
    if args.pm is None and args.sae is None and preset is None and args.run is not None:
        from engine.cache.resuming import begun_as

        return _again(args, paths, begun_as(paths, args.run))
    if args.pm is None and preset is None:
        raise UserError(
            "no PM is named", where="--pm", todo="Name one, or PM and SAEs with --preset NAME."
        )
    readout = args.readout or (preset.readout if preset else READOUTS[0])
    dtype = args.dtype or (preset.dtype if preset else None)
    saes = asked_saes(args.sae, preset)
    own = preset.heuristics if preset and not args.heuristics else ()
    looked_for = with_kept(paths, own) if own else heuristics(args)
    if preset:
        tell_memory(preset, args.dtype or preset.dtype, saes)
    return {
        "paths": {"cache": str(paths.cache.absolute()), "name": paths.name},
        "heuristics": [asdict(heuristic) for heuristic in looked_for],
        "pm": args.pm or (preset.pm if preset else None),
        "saes": [sae.path for sae in saes],
        "hook": args.hook,
        "settings": [settings(sae, pins=bool(own), hook=args.hook) for sae in saes],
        "readout": readout,
        "positions": args.positions or POSITIONS[0],
        "pairs": args.pairs or BEARERS,
        "dtype": dtype,
        "device": args.device,
        "lm": args.lm,
        "chat_template": preset.chat_template if preset else None,
        "known": known_answers(preset, readout, dtype),
        "run": args.run,
        "parts": args.parts,
        "ray": args.ray,
    }


def _again(args: argparse.Namespace, paths: IndexPaths, begun: Manifest) -> dict[str, Json]:
    """A run once more, or to its end: with its models and settings, its own heuristics and pairs.

    An option that says otherwise is refused by the run that it would make.
    """
    from engine.cache.begun import begun_with
    from engine.cache.sealed import known_heuristics  # duckdb

    config = begun.config
    last = begun_with(paths.run(config.run))
    judged = known_heuristics(paths, config.run)
    own = () if args.heuristics else last.heuristics if last else judged
    looked_for = with_kept(paths, own) if own else heuristics(args)
    # Features that the run knows stay its own without being asked for, whatever pairs are.
    features = {known for known in judged if known.feature is not None}
    return {
        "paths": {"cache": str(paths.cache.absolute()), "name": paths.name},
        "heuristics": [asdict(heuristic) for heuristic in looked_for if heuristic not in features],
        "pm": begun.pm_path,
        "saes": [begun.sae_path],
        "hook": args.hook or config.hook,
        "settings": [],
        "readout": args.readout or config.readout,
        "positions": args.positions or config.positions,
        "pairs": args.pairs or (last.pairs if last else BEARERS),
        "dtype": args.dtype or config.dtype,
        "device": args.device,
        "lm": args.lm,
        "chat_template": begun.chat_template,
        "known": [],
        "run": config.run,
        "parts": args.parts,
        "ray": args.ray,
    }
