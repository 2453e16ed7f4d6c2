"""What the runs of one PM share: figures that no SAE decides are measured once for all of them.

Rewards of the sample, pairs run by themselves, deletion and insertion are the better part of a
run's work. A run takes over the finished parts of those that differ from it in the SAE, its hook
point or the positions of the reconstruction alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.cache.manifest import MANIFEST, Manifest, read_manifest
from engine.cache.parts import Parts
from engine.errors import UserError
from engine.log import LOGGER
from engine.measure.sitting import Sitting, run_parts


def share(sitting: Sitting, stages: Iterable[str]) -> None:
    """Take over what other runs of the same PM have finished of some stages."""
    asked = tuple(stages)
    for run, theirs in _siblings(sitting):
        if taken := sum(sitting.parts.adopt(stage, theirs) for stage in asked):
            LOGGER.info("run %s: took over %d parts of run %s", sitting.run, taken, run)


def _siblings(sitting: Sitting) -> Iterator[tuple[str, Parts]]:
    for folder in sorted(sitting.paths.runs.glob("*/")):
        if folder.name == sitting.run:
            continue
        try:
            other = read_manifest(folder / MANIFEST)
        except UserError:  # of an earlier version, or spoiled: nothing of it is taken
            continue
        if _of_pm(other) == _of_pm(sitting.manifest):
            yield folder.name, run_parts(sitting.paths, sitting.store, folder.name)


def _of_pm(manifest: Manifest) -> tuple[object, ...]:
    """All of a run's configuration that its rewards hang on."""
    config = manifest.config
    return (
        config.pm_hash,
        config.tokenizer_hash,
        config.readout,
        config.dtype,
        config.truncation,
        config.version,
        manifest.chat_template,
    )
