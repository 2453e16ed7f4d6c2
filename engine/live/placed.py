"""A run's models where a preset has them: the worker's machine may keep them elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

from engine.errors import UserError
from engine.live.protocol import Load
from engine.presets import Preset


def placed(message: Load, preset: Preset | None) -> Load:
    """The request with PM and SAE as the preset names them; as it is without a preset.

    Whether they are the run's own shows when they are loaded: by the run that they measure.

    Raises:
        UserError: the preset has no SAE at the run's hook point.
    """
    if preset is None:
        return message
    there = [sae for sae in preset.saes if sae.hook == message.hook]
    named = [sae for sae in there if PurePath(sae.path).name == PurePath(message.sae).name]
    found = next(iter(named or there), None)
    if found is None:
        raise UserError(
            f"the preset {preset.name} has no SAE at {message.hook}",
            where="--preset",
            todo=f"It has some at {', '.join(sae.hook for sae in preset.saes)}.",
        )
    return replace(message, pm=preset.pm, sae=found.path, chat_template=preset.chat_template)
