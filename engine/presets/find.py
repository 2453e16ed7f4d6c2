"""Which presets there are: ours, those in the user's cache folder, and any file by its path."""

from __future__ import annotations

from pathlib import Path

from engine.errors import UserError
from engine.files import at_home
from engine.presets.preset import Preset
from engine.presets.read import read_preset

OURS = Path(__file__).with_name("ours")
FOLDER = "presets"
"""In the cache: NAME.toml there is a preset called NAME."""


def preset_names(cache: Path) -> dict[str, Path]:
    """Every preset that has a name, ours first; a user's own goes before ours of that name."""
    files = [*sorted(OURS.glob("*.toml")), *sorted((cache / FOLDER).glob("*.toml"))]
    return {file.stem: file for file in files}


def find_preset(asked: str, cache: Path) -> Preset:
    """The preset of a name, or in a file.

    Raises:
        UserError: there is none, or something in its file is at fault.
    """
    path = at_home(asked)
    if path.suffix == ".toml" or path.name != asked:
        if not path.is_file():
            raise UserError("there is no such preset", where=asked, todo=_todo(cache))
        return read_preset(path)
    named = preset_names(cache)
    if asked not in named:
        raise UserError(f'there is no preset "{asked}"', todo=_todo(cache))
    return read_preset(named[asked])


def _todo(cache: Path) -> str:
    names = ", ".join(preset_names(cache))
    return f"There are {names}; or name a file, such as mine.toml."
