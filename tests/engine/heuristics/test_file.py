"""Heuristics files, and what is said of a faulty one."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UserError
from engine.heuristics import Heuristic, compile_heuristic
from engine.heuristics.file import default_heuristics, load_heuristics
from engine.heuristics.write import heuristic_toml


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_says_all_of_it(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [[heuristic]]
        name = "url"
        pattern = "https://"
        scope = "assistant"
        direction = "raises"
        window = 2
        replace = "a link"
        features = [12, 34]
        """,
    )
    assert load_heuristics(path) == (
        Heuristic(
            "url",
            "https://",
            scope="assistant",
            direction="raises",
            window=2,
            replace="a link",
            features=(12, 34),
        ),
    )


def test_a_feature_is_a_heuristic_that_stands_for_itself(tmp_path: Path) -> None:
    text = "[[heuristic]]\nname = 'https'\nfeature = 32048\nthreshold = 0.5\n"
    (heuristic,) = load_heuristics(written(tmp_path, text))
    assert (heuristic.feature, heuristic.threshold, heuristic.features) == (32048, 0.5, (32048,))
    assert heuristic.pattern == "feature 32048 > 0.5", "what screens call it"
    # It reads back from what is written of it, and its key is none of any pattern's.
    assert load_heuristics(written(tmp_path, heuristic_toml(heuristic))) == (heuristic,)
    assert heuristic.key != Heuristic("https", heuristic.pattern).key
    with pytest.raises(UserError, match="a text does not tell where feature 32048 fires"):
        compile_heuristic(heuristic)


def test_four_heuristics_ship_with_the_product() -> None:
    names = [heuristic.name for heuristic in default_heuristics()]
    assert names == ["url", "dont-know", "my-pleasure", "youre-right"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no [[heuristic]]"),
        ("heuristic = 3", "no [[heuristic]]"),
        ("[[heuristic]]\nname = ", "no valid TOML"),
        ("top = 1\n[[heuristic]]\nname='a'\npattern='b'", '"top" is unknown'),
        ("[[heuristic]]\nname='a'\npattern='b'\nwidth=1", 'heuristic 1 (a): "width" is unknown'),
        ("[[heuristic]]\npattern='b'", 'heuristic 1: "name" must be'),
        ("[[heuristic]]\nname='a'", '"pattern" must be'),
        ("[[heuristic]]\nname='a'\npattern=''", '"pattern" must be'),
        ("[[heuristic]]\nname='a'\npattern='b'\nregex=1", '"regex" must be true or false'),
        ("[[heuristic]]\nname='a'\npattern='b'\nscope='all'", '"scope" must be one of'),
        ("[[heuristic]]\nname='a'\npattern='b'\ndirection=[]", '"direction" must be one of'),
        ("[[heuristic]]\nname='a'\npattern='b'\nwindow=-1", '"window" must be a whole number'),
        ("[[heuristic]]\nname='a'\npattern='b'\nwindow=true", '"window" must be a whole number'),
        ("[[heuristic]]\nname='a'\npattern='b'\nreplace=0", '"replace" must be'),
        ("[[heuristic]]\nname='a'\npattern='b'\nfeatures=[-3]", '"features" must be'),
        ("[[heuristic]]\nname='a'\npattern='('\nregex=true", "heuristic 1 (a): '(' is no valid"),
        ("[[heuristic]]\nname='a'\nfeature=1\npattern='b'", '"pattern" means nothing beside'),
        ("[[heuristic]]\nname='a'\nfeature=1.5", '"feature" must be a whole number'),
        ("[[heuristic]]\nname='a'\nfeature=1\nthreshold=-1", '"threshold" must be a number'),
        ("[[heuristic]]\nname='a'\nfeature=1\nthreshold=inf", '"threshold" must be a number'),
        (f"[[heuristic]]\nname='a'\nfeature=1\nthreshold={10**400}", "more than 64 bits"),
        (f"[[heuristic]]\nname='a'\npattern='b'\nfeatures=[{2**63}]", "more than 64 bits"),
        ("[[heuristic]]\nname='a'\nfeature=1\ndirection='auto'", "no text to delete"),
        ("[[heuristic]]\nname='a'\npattern='b'\n" * 2, "heuristic 2 (a): another heuristic"),
    ],
)
def test_a_fault_is_named_with_file_and_heuristic(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        load_heuristics(written(tmp_path, text))
    assert said in str(caught.value)
    assert "mine.toml" in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        load_heuristics(tmp_path / "none.toml")
