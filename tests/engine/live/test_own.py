"""A pair of one's own comes from a file, and a file that holds none is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.live.own import OWN_ID, read_own_pair

RECORD = {"chosen": "\n\nHuman: a\n\nAssistant: b’", "rejected": "\n\nHuman: a\n\nAssistant: c"}


@pytest.mark.parametrize("indent", [None, 2])
def test_one_record_is_one_pair(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps(RECORD, indent=indent) + "\n", encoding="utf-8")
    pair = read_own_pair(path)
    assert str(pair.name) == "mine.jsonl:custom:0"
    assert (pair.id, pair.context) == (OWN_ID, "\n\nHuman: a\n\nAssistant:")
    assert (pair.chosen, pair.rejected) == (" b’", " c")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is not JSON"),
        (b"chosen: a", "line 1: it is not JSON"),
        (b"\xff\xfe\x00", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"{}\n{}\n", "line 2: it holds more than one record"),
        (b"[]", "it is a list"),
        (b'{"chosen": "\\n\\nHuman: a"}', '"rejected" is missing'),
        (b'{"chosen": 1, "rejected": ""}', '"chosen" is a number'),
        (b'{"chosen": "a", "rejected": "b"}', 'has no "Human:" marker'),
    ],
)
def test_what_is_no_pair_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=said) as refusal:
        read_own_pair(path)
    assert "mine.json" in str(refusal.value)
    assert "It must hold one record" in str(refusal.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read_own_pair(tmp_path / "none.json")
    with pytest.raises(UserError, match="Is a directory"):
        read_own_pair(tmp_path)
