"""What a run is: the configuration that names it, and the models it was measured with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.cache.records import IMPORTED
from engine.cache.source_info import SourceInfo
from engine.canonical import Json, short_hash
from engine.errors import UserError
from engine.files import read_bounded, write_text
from engine.shapes import build

MANIFEST = "manifest.json"
"""The manifest's name in its run's folder."""

MEASUREMENT_VERSION = 2
"""Raised whenever the same models and pairs would give other figures than before."""

LARGEST = 1 << 20
"""Bytes of a manifest."""

TRUNCATION = "context-left"
"""Contexts lose their oldest tokens where a transcript is too long; responses never do."""

METHOD: dict[str, Json] = {
    "sae_error": "kept",
    "baseline": "features at zero, decoder bias and SAE error kept",
    "effect_positions": {
        "vote": "span",
        "others_and_error": "responses",
        "features_over_response": "responses",
        "attributions": "responses",
        "integrated_gradients": "responses",
    },
}
"""How this version takes effects. It is stated in every run and decides no run's id: what would
change it raises the version of the measurement."""

_METHOD = "method"
_LATER: dict[str, Json] = {"chat_template": None, "sources": []}
"""Fields that the first manifests lack."""


@dataclass(frozen=True, slots=True)
class RunConfig:
    """All that decides a run's figures, thresholds and pairs excepted: its hash names the run."""

    pm_hash: str
    tokenizer_hash: str
    sae_hash: str
    hook: str
    readout: str
    dtype: str
    positions: str
    truncation: str = TRUNCATION
    version: int = MEASUREMENT_VERSION

    @property
    def run(self) -> str:
        """The run's id: 16 hex digits."""
        return short_hash(asdict(self))


@dataclass(frozen=True, slots=True)
class PinnedSource:
    """What the pairs of one source were made from when a run was begun on them."""

    name: str
    """`SOURCE:SPLIT`."""
    hash: str
    """As `SourceInfo.made_of`."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A run's configuration, where its models were found, and the pairs that it was begun on."""

    config: RunConfig
    pm: str
    pm_path: str
    architecture: str
    sae: str
    sae_path: str
    sae_kind: str
    d_sae: int
    chat_template: str | None = None
    """What the PM was read through in place of its tokenizer's own."""
    sources: tuple[PinnedSource, ...] = ()
    """Empty: of a run that was begun before they were pinned, or whose rewards were imported."""

    @property
    def imported(self) -> bool:
        """Whether nothing but rewards is known of it, measured elsewhere."""
        return self.config.readout == IMPORTED

    def write(self, path: Path) -> None:
        """Write it as JSON, in one step."""
        values = {"run": self.config.run} | self.stated()
        write_text(path, json.dumps(values, indent=2) + "\n")

    def stated(self) -> dict[str, Json]:
        """All of it as JSON, and how effects are taken."""
        return asdict(self) | {_METHOD: METHOD}


def pinned(infos: Iterable[SourceInfo]) -> tuple[PinnedSource, ...]:
    """The sources of an index as a run's manifest pins them."""
    return tuple(PinnedSource(f"{info.source}:{info.split}", info.made_of) for info in infos)


def manifest_of(values: Json) -> Manifest:
    """A manifest from what JSON has of it.

    Raises:
        ValueError: something is missing, unknown or of another kind.
    """
    if isinstance(values, dict):
        values = {name: value for name, value in values.items() if name != _METHOD}
        return build(Manifest, _LATER | values, "manifest")
    return build(Manifest, values, "manifest")


def read_manifest(path: Path) -> Manifest:
    """Read a manifest back.

    Raises:
        UserError: it is missing, or it is not one of ours.
    """
    try:
        values = json.loads(read_bounded(path, LARGEST))
        named = values.pop("run") if isinstance(values, dict) else None
        manifest = manifest_of(values)
    except (OSError, ValueError, KeyError, RecursionError) as error:
        raise UserError(
            f"this is not the manifest of a run ({error})",
            where=str(path),
            todo="Score again; other runs are untouched.",
        ) from None
    if named != manifest.config.run:
        raise UserError(
            f"its configuration gives run {manifest.config.run}, it says {named}",
            where=str(path),
            todo="The file was edited: score again.",
        )
    return manifest
