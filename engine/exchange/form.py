"""The form of a file that goes out or comes in, by its name; and whether it may be written."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from engine.errors import UserError
from engine.files import check_new

FileForm = Literal["parquet", "jsonl", "csv"]
Form = Literal[FileForm, "folder"]

_FORMS: dict[str, Form] = {".parquet": "parquet", ".jsonl": "jsonl", ".csv": "csv", "": "folder"}
_SAVED = ("dataset_info.json", "dataset_dict.json")


def form_of(path: Path) -> Form:
    """Parquet, JSON lines or CSV by the extension; without one, a folder saved by datasets.

    Raises:
        UserError: the extension is another one.
    """
    form = _FORMS.get(path.suffix.lower())
    if form is None:
        raise UserError(
            f'nothing is known of files that end in "{path.suffix}"',
            where=str(path),
            todo="Name a .parquet, .jsonl or .csv file, or a folder (no extension).",
        )
    return form


def new_file(path: Path) -> FileForm:
    """The form of a file that is to be written where there is none, and is no folder.

    Raises:
        UserError: its name says no form, or no new file can be written there.
    """
    form = form_of(path)
    if form == "folder":
        raise UserError(
            "it has no ending", where=str(path), todo="Name it .jsonl, .csv or .parquet."
        )
    check_new(path)
    return form


def check_target(path: Path, form: Form, *, force: bool) -> None:
    """Refuse to write over what is there.

    Args:
        path: where to write.
        form: what will be written there.
        force: whether a file, or a folder that datasets saved, may be replaced.

    Raises:
        UserError: something is there that may not be replaced.
    """
    if not (path.exists() or path.is_symlink()):
        return
    saved = path.is_dir() and any((path / name).is_file() for name in _SAVED)
    if path.is_dir() and not (form == "folder" and saved):
        raise UserError(
            "it is a folder, and not one that datasets saved",
            where=str(path),
            todo="Name another file.",
        )
    if form == "folder" and not path.is_dir():
        raise UserError("it is a file, not a folder", where=str(path), todo="Name another folder.")
    if not force:
        raise UserError("it exists", where=str(path), todo="Name another, or pass --force.")
