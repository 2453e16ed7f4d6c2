"""What a run is: the configuration that names it, and the models it was measured with."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.cache.records import IMPORTED
from engine.canonical import short_hash
from engine.errors import UserError
from engine.files import write_text

MEASUREMENT_VERSION = 2
"""Raised whenever the same models and pairs would give other figures than before."""

TRUNCATION = "context-left"
"""Contexts lose their oldest tokens where a transcript is too long; responses never do."""


@dataclass(frozen=True, slots=True)
class RunConfig:
    """All that decides a run's figures, thresholds and pairs excepted (design, section 1: run)."""

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
class Manifest:
    """A run's configuration and where its models were found."""

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

    @property
    def imported(self) -> bool:
        """Whether nothing but rewards is known of it, measured elsewhere."""
        return self.config.readout == IMPORTED

    def write(self, path: Path) -> None:
        """Write it as JSON, in one step."""
        write_text(path, json.dumps({"run": self.config.run} | asdict(self), indent=2) + "\n")


def read_manifest(path: Path) -> Manifest:
    """Read a manifest back.

    Raises:
        UserError: it is missing, or it is not one of ours.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        config = RunConfig(**values.pop("config"))
        named = values.pop("run")
        manifest = Manifest(config=config, **values)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(
            f"this is not the manifest of a run ({error})",
            where=str(path),
            todo="Score again; other runs are untouched.",
        ) from None
    if named != config.run:
        raise UserError(
            f"its configuration gives run {config.run}, it says {named}",
            where=str(path),
            todo="The file was edited: score again.",
        )
    return manifest
