"""Folders saved by datasets (`save_to_disk`): which Arrow files hold which split.

They are read as they lie, without the datasets library: it takes seconds to import.
"""

from __future__ import annotations

import json
from pathlib import Path

from engine.errors import UserError
from engine.files import is_plain_name
from engine.hh.tranches import guess_split


def saved_splits(folder: Path, split: str | None) -> dict[str, tuple[Path, ...]]:
    """The Arrow files of each split of a saved Dataset or DatasetDict, in order.

    Args:
        folder: what `save_to_disk` wrote.
        split: of a DatasetDict, the one to take (all where None); a Dataset is called that.

    Raises:
        UserError: it is no such folder, it is damaged, or it lacks the split.
    """
    if (folder / "dataset_dict.json").is_file():
        names = _names(folder / "dataset_dict.json", "splits")
        if split is not None and split not in names:
            raise UserError(
                f'it has no split "{split}"; it has {", ".join(names)}', where=str(folder)
            )
        wanted = names if split is None else [split]
        return {name: _files(folder / name) for name in wanted}
    if (folder / "state.json").is_file():
        name = split or _own_split(folder / "state.json") or guess_split(folder.name)
        return {name: _files(folder)}
    raise UserError(
        "the folder was not saved by datasets: it has no dataset_dict.json and no state.json",
        where=str(folder),
        todo="Name the files themselves: .jsonl, .jsonl.gz or .parquet.",
    )


def _files(folder: Path) -> tuple[Path, ...]:
    state = folder / "state.json"
    entries = _read(state).get("_data_files")
    if not isinstance(entries, list):
        raise _damaged(state)
    names = [entry.get("filename") if isinstance(entry, dict) else None for entry in entries]
    return tuple(folder / _plain_name(name, state) for name in names)


def _names(path: Path, key: str) -> list[str]:
    names = _read(path).get(key)
    if not isinstance(names, list) or not names:
        raise _damaged(path)
    return [_plain_name(name, path) for name in names]


def _own_split(path: Path) -> str | None:
    split = _read(path).get("_split")
    return split if isinstance(split, str) else None


def _plain_name(name: object, where: Path) -> str:
    """A name from the data; it must not lead out of its folder."""
    if not isinstance(name, str) or not is_plain_name(name):
        raise _damaged(where)
    return name


def _read(path: Path) -> dict[str, object]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        raise _damaged(path) from None
    if not isinstance(value, dict):
        raise _damaged(path)
    return value


def _damaged(path: Path) -> UserError:
    return UserError(
        "it is not what datasets writes", where=str(path), todo="Save the data set again."
    )
