"""The SAEs that an index has runs of, and how many features each has."""

from __future__ import annotations

from engine.cache.layout import IndexPaths
from engine.cache.manifest import MANIFEST, read_manifest
from engine.errors import UserError


def known_saes(paths: IndexPaths) -> dict[str, int]:
    """The number of features by the SAE's hash; of runs that are not finished yet, too.

    A run whose manifest cannot be read tells nothing: `outvoted doctor` names it.
    """
    found: dict[str, int] = {}
    for path in paths.runs.glob(f"*/{MANIFEST}"):
        try:
            manifest = read_manifest(path)
        except UserError:
            continue
        found[manifest.config.sae_hash] = manifest.d_sae
    return found
