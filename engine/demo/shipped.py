"""The finished index that ships: pairs, bearers and a sealed run, ready to be browsed."""

from __future__ import annotations

import shutil
from pathlib import Path

from engine.cache.layout import IndexPaths
from engine.cache.sealed import sealed_runs
from engine.demo import DATA
from engine.files import writer_lock

NAME = "demo"
SHIPPED = DATA / "index"


def unpack(cache: Path) -> IndexPaths:
    """The demo's index in a cache; copied there unless this version's run is there already.

    Marks and runs of one's own stay; files of an older demo are replaced one by one.
    """
    paths = IndexPaths(cache, NAME)
    shipped = sealed_runs(IndexPaths(SHIPPED.parent, SHIPPED.name))
    if not set(shipped) <= set(sealed_runs(paths)):
        with writer_lock(paths.folder / "demo"):
            for source in sorted(SHIPPED.rglob("*")):
                if source.is_file():
                    _copy(source, paths.folder / source.relative_to(SHIPPED))
    return paths


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.part")
    shutil.copyfile(source, beside)
    beside.replace(target)
