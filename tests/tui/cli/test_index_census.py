"""`outvoted index` and `outvoted census`, end to end."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import pytest

from tui.cli.main import main

Outvoted = Callable[..., tuple[int, str, str]]


@pytest.fixture
def outvoted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Outvoted:
    """Run the program on a cache of its own; exit status, stdout, stderr."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        given = [*map(str, arguments), "--cache", str(tmp_path / "cache")]
        status = main(given)
        return status, *capsys.readouterr()

    return run


def line(chosen: str = "\n\nHuman: a\n\nAssistant: yes", **more: object) -> str:
    return json.dumps({"chosen": chosen, "rejected": "\n\nHuman: a\n\nAssistant: no", **more})


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.jsonl"
    path.write_text("\n".join([line()] * 3), encoding="utf-8")
    return path


def test_index_then_census(outvoted: Outvoted, good: Path) -> None:
    assert outvoted("index", good) == (0, "good.jsonl:train: indexed, 3 pairs\n", "")
    assert outvoted("index", good)[1] == "good.jsonl:train: already indexed, 3 pairs\n"
    status, table, _ = outvoted("census", "yes", "no such")
    assert status == 0
    assert [row.split() for row in table.splitlines()[1:]] == [
        ["yes", "response", "no", "3", "0", "0", "0"],
        ["no", "such", "response", "no", "0", "0", "0", "3"],
    ]


def test_json_is_one_document(outvoted: Outvoted, good: Path) -> None:
    (indexed,) = json.loads(outvoted("index", good, "--json")[1])
    assert (indexed["source"], indexed["split"], indexed["pairs"]) == ("good.jsonl", "train", 3)
    (counted,) = json.loads(outvoted("census", "yes", "--by", "tranche", "--json")[1])
    counts = {"chosen_only": 3, "rejected_only": 0, "both": 0, "neither": 0}
    assert counted == {
        "heuristic": "yes",
        "pattern": "yes",
        "scope": "response",
        "regex": False,
        "fold": False,
        **counts,
        "groups": {"good": counts},
    }


def test_census_after_the_humans_words(outvoted: Outvoted, good: Path) -> None:
    outvoted("index", good)
    for words, found in (("a", 3), ("b", 0)):
        (counted,) = json.loads(outvoted("census", "yes", "--after", words, "--json")[1])
        assert (counted["after"], counted["chosen_only"]) == (words, found)
        assert f'straight after "{words}"' in outvoted("census", "yes", "--after", words)[1]


def test_census_without_a_pattern_counts_the_heuristics(
    outvoted: Outvoted, good: Path, tmp_path: Path
) -> None:
    outvoted("index", good)
    names = [counted["heuristic"] for counted in json.loads(outvoted("census", "--json")[1])]
    assert names == ["url", "dont-know", "my-pleasure", "youre-right"]
    mine = tmp_path / "mine.toml"
    mine.write_text('[[heuristic]]\nname = "agrees"\npattern = "yes"\n')
    (counted,) = json.loads(outvoted("census", "--heuristics", mine, "--json")[1])
    assert (counted["heuristic"], counted["chosen_only"]) == ("agrees", 3)


EITHER = "I don['’]t know"


@pytest.mark.parametrize(
    ("scope", "figures"),
    [
        ("transcript", [(11, 6, 17), (13, 17, 32), (75, 41, 93), (86, 55, 123)]),
        ("response", [(16, 6, 0), (13, 18, 0), (86, 46, 3), (98, 63, 4)]),
        ("assistant", [(11, 6, 17), (13, 17, 15), (75, 41, 92), (86, 55, 107)]),
    ],
)
def test_the_census_of_the_real_file(
    outvoted: Outvoted, real_pairs: Path, scope: str, figures: list[tuple[int, int, int]]
) -> None:
    """How many pairs carry it on the chosen side only, the rejected one only, both."""
    outvoted("index", real_pairs)

    def counts(*arguments: str) -> list[tuple[int, int, int]]:
        _, out, _ = outvoted("census", *arguments, "--scope", scope, "--json")
        lines = json.loads(out)
        assert all(
            sum(counted[key] for key in ("chosen_only", "rejected_only", "both", "neither")) == 2312
            for counted in lines
        )
        return [
            (counted["chosen_only"], counted["rejected_only"], counted["both"]) for counted in lines
        ]

    exact = counts("https://", "I don't know", "I don’t know")
    (either,) = counts("--regex", EITHER)
    assert [*exact, either] == figures
    # Folded, each way to write it finds both.
    assert counts("--fold", "I don't know", "I don’t know") == [either, either]
    assert counts("--fold", "--regex", "I don’t know", EITHER) == [either, either]


def as_text(*lines: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "bad.jsonl"
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write


def truncated_gzip(folder: Path) -> Path:
    path = folder / "bad.jsonl.gz"
    whole = gzip.compress("\n".join(line(number=n) for n in range(500)).encode())
    path.write_bytes(whole[: len(whole) // 2])
    return path


def no_gzip(folder: Path) -> Path:
    path = folder / "bad.jsonl.gz"
    path.write_text(line())
    return path


def no_parquet(folder: Path) -> Path:
    path = folder / "bad.parquet"
    path.write_bytes(b"PAR1 or not")
    return path


def empty_gzip(folder: Path) -> Path:
    path = folder / "bad.jsonl.gz"
    path.write_bytes(gzip.compress(b""))
    return path


BAD_RECORDS = [
    (as_text(line(), "{not json"), "bad.jsonl, line 2 (row 1): it is not JSON"),
    (as_text(line(), '{"chosen": "\\n\\nHuman: a"}'), 'line 2 (row 1): the text "rejected" is'),
    (as_text(line(rejected=7)), 'line 1 (row 0): "rejected" is a number, not a text'),
    (as_text(line("Hello.")), 'line 1 (row 0): "chosen" has no "Human:" marker'),
]
BAD_FILES = [
    (as_text(""), "bad.jsonl: it holds no pair"),
    (empty_gzip, "bad.jsonl.gz: it holds no pair"),
    (truncated_gzip, "bad.jsonl.gz: its gzip stream is cut short or damaged"),
    (no_gzip, "bad.jsonl.gz: it is not a gzip file"),
    (no_parquet, "bad.parquet: it cannot be read as Parquet"),
]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file that an index consists of; locks and the log are none of it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in {".lock", ".log"}
    }


@pytest.mark.parametrize(("write", "said"), [*BAD_RECORDS, *BAD_FILES])
def test_bad_input_is_named_and_the_index_untouched(
    outvoted: Outvoted, good: Path, tmp_path: Path, write: Callable[[Path], Path], said: str
) -> None:
    outvoted("index", good)
    before = contents(tmp_path / "cache")
    status, out, err = outvoted("index", write(tmp_path), "--json")
    assert (status, out) == (2, "")
    assert err.startswith("outvoted: ")
    assert said in err
    assert "Traceback" not in err
    assert contents(tmp_path / "cache") == before
    assert outvoted("census", "yes")[0] == 0


@pytest.mark.parametrize(("write", "said"), BAD_RECORDS)
def test_bad_records_are_skipped_only_when_asked(
    outvoted: Outvoted, tmp_path: Path, write: Callable[[Path], Path], said: str
) -> None:
    bad = write(tmp_path)
    assert "--skip-bad" in outvoted("index", bad)[2]
    with bad.open("a", encoding="utf-8") as stream:
        stream.write(f"\n{line()}\n")
    status, out, _ = outvoted("index", bad, "--skip-bad")
    assert status == 0
    assert "1 bad records were skipped:" in out
    assert said in out


@pytest.mark.parametrize("write", [write for write, _ in BAD_FILES])
def test_skipping_bad_records_makes_no_whole_file_good(
    outvoted: Outvoted, tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    assert outvoted("index", write(tmp_path), "--skip-bad")[0] == 2


def test_an_index_of_another_version(outvoted: Outvoted, good: Path, tmp_path: Path) -> None:
    outvoted("index", good)
    file = tmp_path / "cache" / "default" / "sources" / "1.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    before = contents(tmp_path / "cache")
    commands: Sequence[Sequence[str | Path]] = [("census", "yes"), ("index", good)]
    for command in commands:
        status, _, err = outvoted(*command)
        assert status == 2
        assert f"{file}: it has schema version 99, this Outvoted reads version 1" in err
        assert "A later Outvoted wrote it" in err
    assert contents(tmp_path / "cache") == before


def test_a_pattern_that_is_no_regex(outvoted: Outvoted, good: Path) -> None:
    outvoted("index", good)
    status, out, err = outvoted("census", "fine", "(", "--regex", "--json")
    assert (status, out) == (2, "")
    assert err.startswith("outvoted: heuristic \"(\": '(' is no valid regular expression at char")


def test_no_index(outvoted: Outvoted) -> None:
    status, _, err = outvoted("census", "x")
    assert status == 2
    assert "outvoted index SOURCE" in err


def test_nothing_of_the_data_reaches_the_terminal_raw(outvoted: Outvoted, tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[2J.jsonl"
    file.write_text(line())
    for arguments in (("index", file), ("census", "\x1b[2J")):
        _, out, err = outvoted(*arguments)
        assert "\x1b" not in out + err
