"""What people call features: read from JSON and CSV, refused by a sentence, never trusted."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from engine.cache.labels import Labels, check_labels, labels_in, read_labels
from engine.errors import UserError

HOSTILE = "[bold]a URL's slash\x1b[2J"


def test_json_and_csv_say_the_same(tmp_path: Path) -> None:
    as_json, as_csv = tmp_path / "labels.json", tmp_path / "labels.csv"
    as_json.write_text(json.dumps({"24651": HOSTILE, "11612": " does not know ", "3": " "}))
    as_csv.write_text(f'Label,note,Feature\n"{HOSTILE}",x,24651\n does not know ,,11612\n\n')
    assert read_labels(as_json) == read_labels(as_csv) == {24651: HOSTILE, 11612: "does not know"}


def explanation(feature: int | str, label: str, source: str = "6-res-jb") -> dict[str, object]:
    """As Neuronpedia exports one."""
    return {
        "modelId": "gpt2-small",
        "layer": source,
        "index": feature,
        "description": label,
        "typeName": "oai_token-act-pair",
        "explanationModelName": "gpt-4o-mini",
    }


def test_neuronpedia_s_explanations_are_taken_as_they_are_exported(tmp_path: Path) -> None:
    """Lines, packed or not, a folder of them, the API's array, and one feature of its own."""
    lines = [explanation("24651", HOSTILE), explanation(11612, " does not know ")]
    again = explanation("11612", "another opinion")
    (tmp_path / "export").mkdir()
    packed, plain = (tmp_path / "export" / name for name in ("batch-2.jsonl.gz", "batch-10.jsonl"))
    packed.write_bytes(gzip.compress("\n\n".join(map(json.dumps, lines)).encode()))
    plain.write_text(json.dumps(again))
    array, one = tmp_path / "export.json", tmp_path / "feature.json"
    array.write_text(json.dumps([*lines, again]))
    known = {24651: HOSTILE, 11612: "does not know"}
    for path in (packed, tmp_path / "export", array):
        assert labels_in(path) == Labels(known, "gpt2-small/6-res-jb")
    told = {"modelId": "m", "layer": "s", "index": "7", "explanations": [lines[0], again]}
    one.write_text(json.dumps(told))
    assert labels_in(one) == Labels({7: HOSTILE}, "m/s")


def test_labels_of_another_sae_are_refused(tmp_path: Path) -> None:
    check_labels({63: "a", 2: "b"}, 64, "tiny")
    with pytest.raises(UserError, match="1 of 2 labels are of features that tiny does not have"):
        check_labels({64: "a", 2: "b"}, 64, "tiny")
    mixed = tmp_path / "mixed.json"
    mixed.write_text(json.dumps([explanation(1, "a"), explanation(2, "b", "8-res-jb")]))
    with pytest.raises(UserError, match="several SAEs: gpt2-small/6-res-jb, gpt2-small/8-res-jb"):
        labels_in(mixed)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no file in the folder"):
        labels_in(tmp_path / "empty")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.json", "{", "no JSON"),
        ("a.json", "[1]", "no explanation"),
        ("a.json", "1", "no JSON object"),
        ("a.json", '[{"index": 1}]', "no explanation"),
        ("a.json", '[{"index": true, "description": "a"}]', "no number of a feature"),
        ("a.jsonl", "{", "no JSON"),
        ("a.jsonl", '{"index": 1, "explanations": 2}', "no explanation"),
        ("a.jsonl.gz", "no gzip", "cannot be read"),
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
