"""Whether a run that is not finished may be gone on with: what differs from how it was begun.

A finished run is never gone on with: other settings begin a run of their own beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from engine.cache.layout import IndexPaths
from engine.cache.manifest import MANIFEST, Manifest, PinnedSource, pinned, read_manifest
from engine.cache.run_records import RUN_FILE
from engine.cache.source_info import SourceInfo
from engine.errors import UserError
from engine.files import is_held

_DIGITS = 8


def check_resumable(paths: IndexPaths, asked: Manifest, named: str | None) -> None:
    """Refuse what would leave a run unfinished for another, or go on with it on other pairs.

    Where these settings would begin a run, another stands in the way that is not finished, that
    nobody is measuring now, and that is of the same PM and SAE, by their paths. Naming the run that
    is meant (`named`, the beginning of its id) is to say so: it is then begun beside others, or
    gone on with on the pairs as they are now. It must be the one that these settings make.

    Raises:
        UserError: names the run and all that differs.
    """
    own = asked.config.run
    if named is not None:
        if not own.startswith(named):
            raise _another(paths, asked, named)
        return
    if (begun := _begun(paths.run(own))) is not None:
        changed = list(_pairs_apart(begun.sources, asked.sources))
        if changed and not (paths.run(own) / RUN_FILE).exists():
            raise _pairs_changed(paths, own, changed)
        return
    for folder in sorted(paths.runs.glob("*/")):
        other = None if (folder / RUN_FILE).exists() else _begun(folder)
        if other is None or is_held(folder / "run"):
            continue
        if (other.pm_path, other.sae_path) == (asked.pm_path, asked.sae_path):
            raise UserError(
                f"run {folder.name} is not finished, and was begun with "
                + "; ".join(_settings_apart(other, asked)),
                where=str(folder),
                todo="Give back what it was begun with, and the same command goes on with it; or"
                f" begin run {own} beside it with --run {own}; or delete that folder.",
            )


def begun_as(paths: IndexPaths, named: str) -> Manifest:
    """What a run of the index was begun as, finished or not.

    Args:
        paths: the index.
        named: the beginning of the run's id, or all of it.

    Raises:
        UserError: it names no run or several, or one whose rewards were imported.
    """
    every = {folder.name: _begun(folder) for folder in sorted(paths.runs.glob("*/"))}
    found = {run: made for run, made in every.items() if made and run.startswith(named)}
    if len(found) != 1:
        known = ", ".join(found or [run for run, made in every.items() if made]) or "none"
        raise UserError(
            f'"{named}" names {"several runs" if found else "no run"} of this index',
            where="--run",
            todo=f"There are: {known}. A new one takes --pm and --sae.",
        )
    (made,) = found.values()
    if made.imported:
        raise UserError(
            f"the rewards of run {made.config.run} were imported: no PM of it is known",
            where="--run",
            todo="Measure with a PM and its SAE: `outvoted score --pm PM --sae SAE`.",
        )
    return made


def indexed_again(
    paths: IndexPaths, run: str, replaced: Iterable[tuple[SourceInfo, SourceInfo | None]]
) -> UserError:
    """The refusal to go on where pairs were replaced below a run while it is measured."""
    changed = [
        told
        for was, now in replaced
        for told in _pairs_apart(pinned([was]), () if now is None else pinned([now]))
    ]
    return _pairs_changed(paths, run, changed)


def _pairs_changed(paths: IndexPaths, run: str, changed: Sequence[str]) -> UserError:
    return UserError(
        f"run {run} is not finished, and its pairs are no more those it was begun on: "
        + "; ".join(changed),
        where=str(paths.run(run)),
        todo="Index what it was begun on again, and the same command goes on with it; or go on with"
        f" the pairs as they are now with --run {run}: what was measured of others is kept.",
    )


def _another(paths: IndexPaths, asked: Manifest, named: str) -> UserError:
    own = asked.config.run
    for folder in sorted(paths.runs.glob("*/")):
        if folder.name.startswith(named) and (other := _begun(folder)) is not None:
            return UserError(
                f"run {folder.name} was begun with " + "; ".join(_settings_apart(other, asked)),
                where="--run",
                todo=f"Give back what it was begun with, or leave --run out: it is run {own} then.",
            )
    return UserError(
        f'"{named}" names no run of this index, and these settings make run {own}',
        where="--run",
        todo="Name that one, or leave --run out.",
    )


def _begun(folder: Path) -> Manifest | None:
    """The manifest of a run; None where none can be read. It is no guard then: parts name what
    they were measured on, and the folder its configuration."""
    try:
        return read_manifest(folder / MANIFEST)
    except UserError:
        return None


def _settings_apart(begun: Manifest, asked: Manifest) -> Iterator[str]:
    """What differs in how two runs are measured: then, and now."""
    then, now = begun.config, asked.config
    for what, one, other in (
        (f"other weights of the PM {begun.pm_path}", then.pm_hash, now.pm_hash),
        ("another tokenizer or chat template of the PM", then.tokenizer_hash, now.tokenizer_hash),
        (f"other weights of the SAE {begun.sae_path}", then.sae_hash, now.sae_hash),
    ):
        if one != other:
            yield f"{what} (hash {one[:_DIGITS]} then, {other[:_DIGITS]} now)"
    for what, was, wanted in (
        ("hook", then.hook, now.hook),
        ("readout", then.readout, now.readout),
        ("dtype", then.dtype, now.dtype),
        ("positions", then.positions, now.positions),
        ("truncation", then.truncation, now.truncation),
        ("measurement version", str(then.version), str(now.version)),
    ):
        if was != wanted:
            yield f"{what} {was} (now {wanted})"


def _pairs_apart(then: Sequence[PinnedSource], now: Sequence[PinnedSource]) -> Iterator[str]:
    """The sources that were replaced or are gone; one that joined them takes nothing away."""
    today = {source.name: source.hash for source in now}
    for source in then:
        found = today.get(source.name)
        if found is None:
            yield f"{source.name} is gone"
        elif found != source.hash:
            was = source.hash[:_DIGITS]
            yield f"{source.name} was indexed again (hash {was} then, {found[:_DIGITS]} now)"
