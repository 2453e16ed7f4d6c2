"""Presets: a PM, its SAEs and all that a user would otherwise type, as one TOML file."""

from engine.presets.find import find_preset, preset_names
from engine.presets.memory import memory_lines
from engine.presets.preset import KnownReward, Preset, PresetSae
from engine.presets.read import read_preset

__all__ = [
    "KnownReward",
    "Preset",
    "PresetSae",
    "find_preset",
    "memory_lines",
    "preset_names",
    "read_preset",
]
