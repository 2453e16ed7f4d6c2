"""`--preset`, and what it says where the command line says nothing: explicit options win."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.cache.layout import cache_dir
from engine.canonical import Json
from engine.errors import UserError
from engine.plain import plain

if TYPE_CHECKING:  # the browser takes the option, and reads a preset only where one is named
    from engine.presets import Preset, PresetSae


@dataclass(frozen=True, slots=True)
class AskedSae:
    """One SAE to measure; with what the preset says of it, where it is one of the preset's."""

    path: str
    preset: PresetSae | None = None


def add_preset(parser: argparse.ArgumentParser, help_text: str) -> None:
    """`--preset`."""
    parser.add_argument("--preset", metavar="NAME", help=help_text)


def preset_of(args: argparse.Namespace) -> Preset | None:
    """The preset that the options name.

    Raises:
        UserError: there is none of that name, or its file is at fault.
    """
    if args.preset is None:
        return None
    from engine.presets import find_preset

    return find_preset(args.preset, cache_dir(args.cache))


def asked_saes(given: Sequence[str] | None, preset: Preset | None) -> list[AskedSae]:
    """What `--sae` names: the preset's SAEs by their names, others by where they are.

    Raises:
        UserError: there is neither `--sae` nor a preset.
    """
    if given is None:
        if preset is None:
            raise UserError(
                "no SAE is named", where="--sae", todo="Name one, or all with --preset NAME."
            )
        given = preset.measure
    named = [(word, preset.sae(word) if preset else None) for word in given]
    return [AskedSae(sae.path, sae) if sae else AskedSae(word) for word, sae in named]


def settings(asked: AskedSae, *, pins: bool, hook: str | None) -> dict[str, Json]:
    """What the measurement is told of one SAE alone; `hook` is that of the option, which wins."""
    sae = asked.preset
    return {
        "hook": hook or (sae.hook if sae else None),
        "pins": [[name, list(own)] for name, own in sae.pins.items()] if sae and pins else [],
        "labels": {str(feature): label for feature, label in sae.labels.items()} if sae else {},
    }


def known_answers(preset: Preset | None, readout: str, dtype: str | None) -> list[dict[str, Json]]:
    """The known rewards that can be checked under this readout and dtype."""
    return [
        {"text": known.text, "reward": known.reward, "tolerance": known.tolerance[dtype]}
        for known in (preset.known if preset else ())
        if known.readout == readout and dtype is not None and dtype in known.tolerance
    ]


def tell_memory(preset: Preset, dtype: str, asked: Sequence[AskedSae]) -> None:
    """Say on stderr what the preset's models take, before any of them is fetched."""
    from engine.presets import memory_lines

    saes = [sae.preset for sae in asked if sae.preset is not None]
    for line in memory_lines(preset, dtype, saes):
        print(f"outvoted: {plain(line, keep_newlines=False)}", file=sys.stderr)
