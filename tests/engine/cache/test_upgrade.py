"""Files as earlier versions wrote them: read, or written anew by the command that is named."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from engine.cache.health import examine
from engine.cache.indexing import index_sources
from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.records import Query
from engine.cache.triage import TriageFile, user_name
from engine.errors import UserError
from engine.hh.source import SourceOptions, open_sources
from tests.engine.cache.scored import URL

_FIRST_FIELDS = ("source", "split", "row", "content_hash", "mark", "note", "time")


@pytest.fixture
def old(tmp_path: Path) -> IndexPaths:
    """Two sources of an earlier schema, and a mark as the first version wrote it, before a pin."""
    paths = IndexPaths(tmp_path / "cache", "old")
    for name in ("a", "b"):
        file = tmp_path / f"{name} of mine.jsonl"
        text = f"\n\nHuman: {name}?\n\nAssistant: "
        file.write_text(json.dumps({"chosen": f"{text}Yes.", "rejected": f"{text}No."}) + "\n")
        index_sources(paths, open_sources(str(file), SourceOptions()))
    reader = open_reader(paths)
    first = int(reader.ids(Query(kind=None))[0])
    reader.mark(first, "clear")
    reader.close()
    (marks,) = paths.triage.iterdir()
    line = json.loads(marks.read_text())
    marks.write_text(json.dumps({name: line[name] for name in _FIRST_FIELDS}) + "\n")
    TriageFile(paths.triage, user_name()).pin(URL, "sae", 7, pinned=True)
    for number in (1, 2):
        with duckdb.connect(str(paths.source(number))) as connection:
            connection.execute("UPDATE meta SET value = '0' WHERE key = 'schema_version'")
            connection.execute("DELETE FROM meta WHERE key IN ('settings', 'skipped')")
            connection.execute("ALTER TABLE pairs DROP content_hash")
    return paths


def test_the_command_that_upgrades_is_named_and_keeps_numbers_and_marks(
    old: IndexPaths, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        file = tmp_path / f"{name} of mine.jsonl"
        with pytest.raises(UserError, match="schema version 0") as caught:
            open_reader(old)
        assert f"`outvoted index '{file}' --split train`" in str(caught.value.todo)
        told = {ailment.todo for ailment in examine(old).ailments}
        assert caught.value.todo in told
        (done,) = index_sources(old, open_sources(str(file), SourceOptions()))
        assert done.outcome == "rebuilt"
    assert examine(old).ailments == ()
    reader = open_reader(old)
    first, second = (int(at) for at in reader.ids(Query(kind=None)))
    assert (first >> 40, second >> 40) == (1, 2)
    assert (reader.pair(first).mark, reader.pair(second).mark) == ("clear", None)
    reader.close()
    said = TriageFile(old.triage, user_name())
    assert [line.blind for line in said.read().values()] == [None]
    assert [line.features for line in said.pins().values()] == [(7,)]


def test_an_upgrade_that_fails_leaves_the_old_file(old: IndexPaths, tmp_path: Path) -> None:
    file = tmp_path / "a of mine.jsonl"
    file.write_text("no JSON\n", encoding="utf-8")
    before = old.source(1).read_bytes()
    with pytest.raises(UserError, match="not JSON"):
        index_sources(old, open_sources(str(file), SourceOptions()))
    assert old.source(1).read_bytes() == before
    assert sorted(path.name for path in old.sources.iterdir()) == ["1.duckdb", "2.duckdb"]
