"""Which texts a PM was trained on, read from whatever holds them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, DatasetDict

from engine.errors import UserError
from engine.hh import Pair, PairName, split_pair
from engine.hh.trained import read_trained_texts

QUESTION = "\n\nHuman: Who?\n\nAssistant:"


def pair(chosen: str, rejected: str) -> Pair:
    sides = split_pair(QUESTION + chosen, QUESTION + rejected)
    return Pair(0, PairName("a.jsonl", "train", 0), "a", *sides)


def json_lines(path: Path, *values: object) -> str:
    path.write_text("".join(f"{json.dumps(value)}\n" for value in values), encoding="utf-8")
    return str(path)


def test_a_pair_is_held_with_its_label(tmp_path: Path) -> None:
    file = json_lines(
        tmp_path / "a.jsonl", {"chosen": f"{QUESTION} A", "rejected": f"{QUESTION} B"}
    )
    held = read_trained_texts(file)
    assert held.hold(pair(" A", " B"))
    assert not held.hold(pair(" B", " A"))  # it was trained on, but not to say this
    assert not held.hold(pair(" A", " C"))


def test_a_prompt_comes_before_both_and_white_space_does_not_count(tmp_path: Path) -> None:
    """As Dahoas/rm-static keeps HH: prompt, and the responses alone."""
    record = {"prompt": QUESTION.strip(), "response": " A", "chosen": " A ", "rejected": "  B"}
    assert read_trained_texts(json_lines(tmp_path / "a.jsonl", record)).hold(pair(" A", " B"))


@pytest.mark.parametrize("as_text", [True, False])
def test_transcripts_without_their_pair_hold_it_together(tmp_path: Path, as_text: bool) -> None:
    texts = [f"{QUESTION} {answer}" for answer in "AB"]
    values = texts if as_text else [{"text": text} for text in texts]
    held = read_trained_texts(json_lines(tmp_path / "a.jsonl", *values))
    assert held.hold(pair(" A", " B"))
    assert not held.hold(pair(" A", " C"))


def test_every_kind_of_file_says_the_same(tmp_path: Path) -> None:
    record = {"chosen": f"{QUESTION} A", "rejected": f"{QUESTION} B", "score": 1.0}
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(json.dumps(record).encode()))
    pq.write_table(pa.Table.from_pylist([record]), tmp_path / "a.parquet")
    other = Dataset.from_list([record | {"chosen": "other"}])
    saved = DatasetDict({"test": other, "train": Dataset.from_list([record])})
    saved.save_to_disk(tmp_path / "saved")
    for name in ("a.jsonl.gz", "a.parquet", "saved"):
        assert len(read_trained_texts(str(tmp_path / name)).pairs) == 1
        assert read_trained_texts(str(tmp_path / name)).hold(pair(" A", " B"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"chosen": "x"}', "line 1: this record holds no transcript"),
        ('"fine"\n\n[1]', "line 3: this record holds no transcript"),
        ("{", "line 1: it is not JSON"),
    ],
)
def test_a_record_without_a_transcript_is_named(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=said):
        read_trained_texts(str(file))


def test_files_that_hold_none_are_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"chosen": ["x"], "score": [1]}), tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    (tmp_path / "c.txt").write_text("x")
    for name, said in (
        ("a.parquet", "no column of transcripts, only chosen, score"),
        ("b.parquet", "cannot be read as Parquet"),
        ("c.txt", "unknown"),
        ("d.jsonl", "no such file"),
    ):
        with pytest.raises(UserError, match=said):
            read_trained_texts(str(tmp_path / name))
