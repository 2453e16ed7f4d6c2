"""What people call features: read from JSON and CSV, refused by a sentence, never trusted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cache.labels import read_labels
from engine.errors import UserError

HOSTILE = "[bold]a URL's slash\x1b[2J"


def test_json_and_csv_say_the_same(tmp_path: Path) -> None:
    as_json, as_csv = tmp_path / "labels.json", tmp_path / "labels.csv"
    as_json.write_text(json.dumps({"24651": HOSTILE, "11612": " does not know ", "3": " "}))
    as_csv.write_text(f'Label,note,Feature\n"{HOSTILE}",x,24651\n does not know ,,11612\n\n')
    assert read_labels(as_json) == read_labels(as_csv) == {24651: HOSTILE, 11612: "does not know"}


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.json", "{", "no JSON"),
        ("a.json", "[1]", "no JSON object"),
        ("a.json", '{"1": 2}', "is no text"),
        ("a.json", '{"1": "a", "1": "b"}', "two labels"),
        ("a.json", '{"-1": "a"}', "no number of a feature"),
        ("a.json", '{"' + "9" * 5000 + '": "a"}', "no number of a feature"),
        ("a.json", "[" * 100_000, "no JSON"),
        ("a.csv", "", ""),
        ("a.csv", "number,name\n1,a\n", "columns feature and label"),
        ("a.csv", "feature,label\n1\n", "too short"),
        ("a.csv", 'feature,label\n1,"a\n', "no CSV"),
        ("a.csv", "feature,label\n²,a\n", "no number of a feature"),
    ],
)
def test_what_is_no_labels_file_is_refused_with_a_sentence(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    if not says:
        assert read_labels(path) == {}
        return
    with pytest.raises(UserError, match=says) as refused:
        read_labels(path)
    assert str(path) in str(refused.value.where)


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    with pytest.raises(UserError, match="cannot be read"):
        read_labels(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="UTF-8"):
        read_labels(path)
