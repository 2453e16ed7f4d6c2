"""What a preset holds: which models, how they are read, and what is known of them already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.heuristics import Heuristic


@dataclass(frozen=True, slots=True)
class PresetSae:
    """One SAE of the preset's PM."""

    name: str
    """What `--sae` calls it."""
    path: str
    """A folder or file, or `ORG/NAME/path` on the hub."""
    hook: str
    d_in: int | None = None
    d_sae: int | None = None
    """Its width and its number of features, where they are known before it is fetched."""
    labels: Mapping[int, str] = field(default_factory=dict)
    pins: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By heuristic of the preset, the features that stand for it in this SAE."""


@dataclass(frozen=True, slots=True)
class KnownReward:
    """A text whose reward is known: whoever loads the PM can tell whether it is that PM."""

    text: str
    reward: float
    readout: str
    tolerance: Mapping[str, float]
    """By dtype, how far a sound PM may be off; under other dtypes it is not checked."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One preset file."""

    name: str
    about: str
    pm: str
    """A folder, or `ORG/NAME` on the hub."""
    parameters: int
    readout: str
    dtype: str
    saes: tuple[PresetSae, ...]
    measure: tuple[str, ...]
    """The SAEs that are measured where nobody says which."""
    blocks: int | None = None
    """Of the PM, where it says: what a batch takes of memory goes with them."""
    chat_template: str | None = None
    """In place of the tokenizer's own, or where it has none."""
    trained_rows: tuple[str, ...] = ()
    trained_tranches: tuple[str, ...] = ()
    trained_texts: tuple[str, ...] = ()
    heuristics: tuple[Heuristic, ...] = ()
    known: tuple[KnownReward, ...] = ()

    def sae(self, name: str) -> PresetSae | None:
        """The SAE of that name; None where there is none."""
        return next((sae for sae in self.saes if sae.name == name), None)

    def pinned(self, sae: PresetSae) -> tuple[Heuristic, ...]:
        """Its heuristics, with the features that stand for them in one of its SAEs."""
        return tuple(
            replace(heuristic, features=sae.pins.get(heuristic.name, heuristic.features))
            for heuristic in self.heuristics
        )
