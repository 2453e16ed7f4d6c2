"""Sources: what may be indexed, and how it is read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import UserError
from engine.hh import hub, json_lines
from engine.hh.record import BadRecord, Columns, Record
from engine.hh.source import Source, SourceOptions, open_sources
from engine.hh.tranches import HH_ROWS, hh_ranges

PAIRS = [
    {"chosen": f"\n\nHuman: {n}\n\nAssistant: yes", "rejected": f"\n\nHuman: {n}\n\nAssistant: no"}
    for n in range(5)
]
RECORDS = [Record(row, pair["chosen"], pair["rejected"]) for row, pair in enumerate(PAIRS)]


def as_jsonl(path: Path) -> None:
    path.write_text("".join(json.dumps(pair) + "\n" for pair in PAIRS), encoding="utf-8")


def as_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress("\n".join(json.dumps(pair) for pair in PAIRS).encode()))


def as_parquet(path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(PAIRS), path, row_group_size=2)


def as_saved(path: Path) -> None:
    datasets.Dataset.from_list(PAIRS).save_to_disk(path, num_shards=2)


def only(spec: Path | str, options: SourceOptions | None = None) -> Source:
    (source,) = open_sources(str(spec), options or SourceOptions())
    return source


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.jsonl", as_jsonl),
        ("a.jsonl.gz", as_gzip),
        ("a.parquet", as_parquet),
        ("a-folder", as_saved),
    ],
)
def test_every_kind_gives_the_same_records(
    tmp_path: Path, name: str, write: Callable[[Path], None]
) -> None:
    write(tmp_path / name)
    source = only(tmp_path / name)
    assert (source.name, source.split, list(source.records())) == (name, "train", RECORDS)


def test_of_a_saved_dictionary_all_splits_or_one(tmp_path: Path) -> None:
    data = datasets.Dataset.from_list(PAIRS)
    datasets.DatasetDict({"train": data, "test": data.select([0])}).save_to_disk(tmp_path / "d")
    both = open_sources(str(tmp_path / "d"), SourceOptions())
    assert [(source.split, len(list(source.records()))) for source in both] == [
        ("train", 5),
        ("test", 1),
    ]
    assert only(tmp_path / "d", SourceOptions(split="test")).split == "test"
    with pytest.raises(UserError, match='no split "dev"; it has train, test'):
        open_sources(str(tmp_path / "d"), SourceOptions(split="dev"))


def test_a_saved_folder_cannot_lead_out_of_itself(tmp_path: Path) -> None:
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["../../etc"]}')
    with pytest.raises(UserError, match="not what datasets writes"):
        open_sources(str(tmp_path), SourceOptions())


@pytest.mark.parametrize(
    ("place", "tranche", "split"),
    [
        ("harmless-base-test.jsonl", "harmless-base", "test"),
        ("helpful-online/train.jsonl", "helpful-online", "train"),  # the folder, as HH lies
        ("mine.jsonl", "mine", "train"),
    ],
)
def test_a_name_tells_tranche_and_split(
    tmp_path: Path, place: str, tranche: str, split: str
) -> None:
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    as_jsonl(path)
    source = only(path)
    assert (source.tranche_of(0), source.split) == (tranche, split)
    said = only(path, SourceOptions(split="dev", tranche="custom"))
    assert (said.tranche_of(0), said.split) == ("custom", "dev")


def test_other_columns(tmp_path: Path) -> None:
    renamed = [{"good": pair["chosen"], "bad": pair["rejected"], "id": 1} for pair in PAIRS]
    pq.write_table(pa.Table.from_pylist(renamed), tmp_path / "a.parquet")
    columns = SourceOptions(columns=Columns("good", "bad"))
    assert list(only(tmp_path / "a.parquet", columns).records()) == RECORDS
    with pytest.raises(UserError, match='no column "chosen"; it has bad, good, id'):
        list(only(tmp_path / "a.parquet").records())


GOOD = json.dumps(PAIRS[0])


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "it is not JSON: Expecting property name"),
        ("[1]", "it is a list, not an object"),
        ("null", "it is null, not an object"),
        ("[" * 100_000, "beyond all bounds"),
        ("9" * 5000, "beyond all bounds"),
        ('{"chosen": "\\n\\nHuman: a"}', 'the text "rejected" is missing'),
        ('{"chosen": "\\n\\nHuman: a", "rejected": 3}', '"rejected" is a number, not a text'),
        ('{"chosen": null, "rejected": "\\n\\nHuman: a"}', '"chosen" is null, not a text'),
        ('{"chosen": "Human: a", "rejected": "\\n\\nHuman: a"}', '"chosen" has no "Human:" marker'),
        ('{"chosen": "\\n\\nHuman:\\ud800", "rejected": "\\n\\nHuman:"}', "half a surrogate"),
    ],
)
def test_a_bad_line_is_named_and_renumbers_nothing(tmp_path: Path, line: str, what: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f"{GOOD}\n\n{line}\n{GOOD}\n")
    first, bad, last = only(path).records()
    assert isinstance(bad, BadRecord)
    assert (bad.row, bad.where) == (1, f"{path}, line 3 (row 1)")  # a blank line is no record
    assert what in bad.what
    assert [first, last] == [RECORDS[0], Record(2, PAIRS[0]["chosen"], PAIRS[0]["rejected"])]


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"chosen": "\xff"}\n')
    (bad,) = only(tmp_path / "a.jsonl").records()
    assert isinstance(bad, BadRecord)
    assert "not UTF-8" in bad.what


def test_a_line_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "LONGEST_LINE", 1 << 20)
    (tmp_path / "bomb.jsonl.gz").write_bytes(gzip.compress(bytes(2 << 20)))
    with pytest.raises(UserError, match=r"bomb.jsonl.gz, line 1: the line is longer than 1 MiB"):
        list(only(tmp_path / "bomb.jsonl.gz").records())


def test_an_arrow_value_that_is_no_text(tmp_path: Path) -> None:
    turns = [{"chosen": [{"role": "user"}], "rejected": PAIRS[0]["rejected"]}]
    pq.write_table(pa.Table.from_pylist(turns), tmp_path / "a.parquet")
    (bad,) = only(tmp_path / "a.parquet").records()
    assert bad == BadRecord(f"{tmp_path / 'a.parquet'}, row 0", 0, '"chosen" is a list, not a text')


def test_hh_tranches_come_from_row_ranges_of_exactly_hh() -> None:
    ranges = hh_ranges("train", 160_800)
    assert ranges is not None
    assert ranges["helpful-base"] == range(42_537, 86_372)
    assert sum(HH_ROWS["test"].values()) == 8_552
    assert hh_ranges("train", 160_799) is None
    assert hh_ranges("dev", 8_552) is None


def offline(*args: object, **options: object) -> None:
    raise ConnectionError("Couldn't reach the hub")


def test_without_a_network_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "load_dataset", offline)
    with pytest.raises(UserError) as caught:
        open_sources("hub:Anthropic/hh-rlhf", SourceOptions())
    assert str(caught.value) == (
        "hub:Anthropic/hh-rlhf cannot be reached: there is no network, and no copy of it in the"
        " cache of the datasets library."
    )


def test_the_hub_gives_hh_its_tranches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows stay what they are when one tranche is asked for."""
    as_saved(tmp_path / "fetched")
    files = tuple(sorted((tmp_path / "fetched").glob("*.arrow")))
    splits = {"test": hub.HubSplit(files, 8_552)}
    monkeypatch.setattr("engine.hh.source.hub_splits", lambda repo, split: splits)

    source = only("hub:Anthropic/hh-rlhf")
    assert source.name == "hub:Anthropic/hh-rlhf"
    assert [source.tranche_of(row) for row in (0, 2_312)] == ["harmless-base", "helpful-base"]
    one = only("hub:Anthropic/hh-rlhf", SourceOptions(tranche="helpful-base"))
    assert [one.tranche_of(row) for row in (0, 2_312)] == [None, "helpful-base"]
    with pytest.raises(UserError, match='no tranche "x"; there are harmless-base'):
        only("hub:Anthropic/hh-rlhf", SourceOptions(tranche="x"))
    assert only("hub:somebody/else").tranche_of(0) == "else"
    assert list(only("hub:somebody/else").records()) == RECORDS


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("nowhere.jsonl", "no such file"),
        ("hub:../x/y", "names no data set"),
        ("a.csv", "this kind of file is unknown"),
        ("empty-folder", "was not saved by datasets"),
    ],
)
def test_what_is_no_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").touch()
    Path("empty-folder").mkdir()
    with pytest.raises(UserError, match=said):
        open_sources(spec, SourceOptions())


def test_a_split_has_a_plain_name(tmp_path: Path) -> None:
    as_jsonl(tmp_path / "a.jsonl")
    with pytest.raises(UserError, match='"a:b" is no name for a split'):
        open_sources(str(tmp_path / "a.jsonl"), SourceOptions(split="a:b"))
