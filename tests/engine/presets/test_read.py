"""A preset of one's own: what it may say, and what is said of a faulty one."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UserError
from engine.presets import find_preset, memory_lines, preset_names, read_preset

MINE = """
about = "mine"
pm = "pm"
parameters = 1000
readout = "last-text-token"
dtype = "float32"

[trained]
rows = ["296-2311"]

[[sae]]
name = "four"
path = "some-org/saes/four"
hook = "model.layers.4"
labels = { 7 = "a slash" }
pins = { url = [7] }

[[heuristic]]
name = "url"
pattern = "https://"

[[known]]
text = "a"
reward = 1
readout = "last-text-token"
tolerance = { float32 = 0.1 }
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_preset_of_ones_own_by_its_path_or_in_the_cache(tmp_path: Path) -> None:
    (tmp_path / "presets" / "pm").mkdir(parents=True)
    path = written(tmp_path / "presets", MINE)
    preset = find_preset("mine", tmp_path)
    assert preset == find_preset(str(path), tmp_path / "elsewhere")
    assert list(preset_names(tmp_path))[-1] == "mine"
    # What lies beside the file is meant by its name; all else is the hub's.
    assert (preset.pm, preset.saes[0].path) == (str(path.parent / "pm"), "some-org/saes/four")
    assert preset.measure == ("four",)
    assert preset.trained_rows == ("296-2311",)
    assert preset.pinned(preset.saes[0])[0].features == (7,)
    assert preset.known[0].tolerance == {"float32": 0.1}
    assert memory_lines(preset, "float32", preset.saes)[-1].startswith(
        "in memory at once: at least 0.0 MB"
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('about = "mine"', 'abuot = "mine"', '"abuot" is unknown'),
        ('dtype = "float32"', 'dtype = "int8"', '"dtype" must be one of float32'),
        ('hook = "model', 'hok = "model', 'sae 1: "hok" is unknown'),
        ("7 = ", "x = ", '"x" is no number of a feature'),
        ("url = [7]", "ulr = [7]", 'pins for "ulr", which is none of its heuristics'),
        ('hook = "model.layers.4"', 'hook = "h"\nd_sae = 7', "feature 7 does not exist"),
        ("rows = ", "row = ", 'trained: "row" is unknown'),
        ('pattern = "https://"', 'patern = "x"', '"patern" is unknown'),
        ("reward = 1", "reward = nan", '"reward" must be a number'),
        ("reward = 1", f"reward = {10**400}", "a whole number has more than 64 bits"),
        ("parameters = 1000", f"parameters = 0x{'f' * 4000}", "more than 64 bits"),
        ("{ float32 = 0.1 }", "{ float64 = 0.1 }", 'tolerance: "float64" is unknown'),
        ("parameters = 1000", "parameters = 0", '"parameters" must be a whole number'),
        ('about = "mine"', 'about = "m"\nmeasure = ["x"]', 'names "x", which is none'),
        ("[[sae]]", "[[sea]]", '"sea" is unknown'),
    ],
)
def test_a_fault_is_named_with_its_file(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in MINE
    with pytest.raises(UserError) as caught:
        read_preset(written(tmp_path, MINE.replace(old, new, 1)))
    assert said in str(caught.value)
    assert "mine.toml" in str(caught.value)


def test_a_preset_that_is_not_there_lists_those_that_are(tmp_path: Path) -> None:
    for asked in ("nowhere", "no/where.toml"):
        with pytest.raises(UserError, match="original"):
            find_preset(asked, tmp_path)
