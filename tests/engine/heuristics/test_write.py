"""A heuristic kept: appended to a file of the user's, and read back as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import UserError
from engine.heuristics import DIRECTIONS, SCOPES, Heuristic
from engine.heuristics.file import load_heuristics
from engine.heuristics.typed import typed_heuristic
from engine.heuristics.write import append_heuristic
from tests.examples import few

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@settings(max_examples=few(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pattern=_TEXT,
    replace=st.just("") | _TEXT,
    scope=st.sampled_from(SCOPES),
    fold=st.booleans(),
    direction=st.sampled_from(DIRECTIONS),
    features=st.lists(st.integers(0, 40_000), max_size=3).map(tuple),
)
def test_what_is_appended_reads_back_behind_what_was_there(
    tmp_path: Path,
    pattern: str,
    replace: str,
    scope: str,
    fold: bool,
    direction: str,
    features: tuple[int, ...],
) -> None:
    file = tmp_path / "mine.toml"
    mine = "# by hand\n[[heuristic]]\nname = 'url' # the first\npattern = 'https://'"
    file.write_text(mine)
    made = Heuristic(
        "new",
        pattern,
        scope=next(known for known in SCOPES if known == scope),
        fold=fold,
        direction=next(known for known in DIRECTIONS if known == direction),
        replace=replace,
        features=features,
    )
    append_heuristic(file, made)
    assert load_heuristics(file) == (Heuristic("url", "https://"), made)
    assert file.read_text().startswith(mine + "\n\n")


def test_a_file_is_made_where_there_is_none(tmp_path: Path) -> None:
    file = tmp_path / "index" / "heuristics.toml"
    append_heuristic(file, Heuristic("new", "x"))
    assert file.read_text() == '[[heuristic]]\nname = "new"\npattern = "x"\n'


def test_a_name_is_kept_once_and_a_damaged_file_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    append_heuristic(file, Heuristic("new", "x"))
    before = file.read_text()
    with pytest.raises(UserError, match='has a heuristic "new" already'):
        append_heuristic(file, Heuristic("new", "y"))
    assert file.read_text() == before
    file.write_text("[[heuristic]\n")
    with pytest.raises(UserError, match="no valid TOML"):
        append_heuristic(file, Heuristic("other", "y"))
    assert file.read_text() == "[[heuristic]\n"


def test_a_typed_pattern_is_named_after_its_words() -> None:
    assert typed_heuristic("I don’t know", ()).name == "i-dont-know"
    assert typed_heuristic("I don't know", ("i-dont-know",)).name == "i-dont-know-2"
    assert typed_heuristic("???", ()).name == "pattern"
    assert len(typed_heuristic("word " * 30, ()).name) <= 24
