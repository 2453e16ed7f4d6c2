"""Parts of a run: written whole, never twice, and the same however often a run was stopped."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cache.part_place import Folder, Remote, place_of
from engine.cache.parts import Parts, ranges
from engine.errors import UserError
from engine.hh import pair_id
from tests.examples import few

SCHEMA = pa.schema([("id", pa.int64()), pa.field("figure", pa.float64(), nullable=False)])
IDS = st.sets(st.builds(pair_id, st.integers(1, 3), st.integers(0, 3000)), max_size=60)


def measured(ids: list[int]) -> pa.Table:
    return pa.table({"id": ids, "figure": [identifier / 7 for identifier in ids]}, schema=SCHEMA)


def files(folder: Path) -> list[Path]:
    return sorted((folder / "base").glob("*.parquet"))


def sitting(parts: Parts, ids: set[int], most: int | None = None) -> None:
    """Measure what is missing, as a stage does; killed after `most` parts."""
    missing = ids - parts.covered("base")
    for number, (first, members) in enumerate(ranges(missing, 128)):
        if number == most:
            return
        parts.write("base", first, measured(members))


@given(IDS)
def test_ranges_have_fixed_borders(ids: set[int]) -> None:
    found = list(ranges(ids, 128))
    assert [identifier for _, members in found for identifier in members] == sorted(ids)
    for first, members in found:
        assert first % 128 == 0
        assert all(first <= identifier < first + 128 for identifier in members)
    # One pair more changes the range it falls in and no other.
    more = dict(ranges(ids | {pair_id(1, 5)}, 128))
    changed = [first for first, members in found if more[first] != members]
    assert all(first == pair_id(1, 0) for first in changed)


@settings(deadline=None, max_examples=few(40))  # every part is fsynced
@given(ids=IDS, stops=st.lists(st.integers(0, 3), max_size=3), half=IDS)
def test_a_resumed_run_ends_with_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, ids: set[int], stops: list[int], half: set[int]
) -> None:
    whole = Parts(tmp_path_factory.mktemp("whole"))
    sitting(whole, ids | half)
    resumed = Parts(tmp_path_factory.mktemp("resumed"))
    sitting(resumed, half)  # fewer pairs were asked for at first
    for most in stops:
        sitting(resumed, ids | half, most)
    sitting(resumed, ids | half)
    assert resumed.covered("base") == ids | half
    assert resumed.read("base", SCHEMA).equals(whole.read("base", SCHEMA))


def test_what_a_killed_writer_left_counts_for_nothing(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    parts.write("base", 0, measured([1, 2]))
    (file,) = files(tmp_path)
    file.with_name(f".{file.name}.99.part").write_bytes(file.read_bytes()[:50])
    assert parts.covered("base") == {1, 2}


def test_a_part_written_again_is_the_same_file(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    parts.write("base", 0, measured([1, 2]))
    (file,) = files(tmp_path)
    before = file.read_bytes()
    parts.write("base", 0, measured([1, 2]))
    assert [(path, path.read_bytes()) for path in files(tmp_path)] == [(file, before)]


def test_nothing_measured_is_an_empty_table(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    assert parts.covered("base") == set()
    assert parts.read("base", SCHEMA, ["figure"]).schema.names == ["figure"]
    assert not list(parts.metadata("base", b"x"))


def test_metadata_and_layers(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    parts.write("effects/a", 0, measured([1]).replace_schema_metadata({b"x": b"first"}))
    parts.write("effects/a", 128, measured([130]).replace_schema_metadata({b"x": b"second"}))
    parts.write("effects/b", 0, measured([1]))
    assert list(parts.metadata("effects/a", b"x")) == [b"first", b"second"]


@pytest.mark.parametrize("content", [b"", b"half a part"])
def test_a_damaged_part_is_named(tmp_path: Path, content: bytes) -> None:
    parts = Parts(tmp_path)
    parts.write("base", 0, measured([1]))
    (file,) = files(tmp_path)
    file.write_bytes(content)
    for ask in (
        lambda: parts.covered("base"),
        lambda: parts.read("base", SCHEMA),
        lambda: list(parts.metadata("base", b"x")),
    ):
        with pytest.raises(UserError, match=rf"{file.name}: this part .*\n  Delete it"):
            ask()


def test_a_part_that_lacks_a_column_is_named(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    parts.write("base", 0, pa.table({"id": [1]}))
    with pytest.raises(UserError, match="cannot be read"):
        parts.read("base", SCHEMA)


def test_what_parts_of_an_earlier_version_did_not_measure_is_null(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    later = SCHEMA.append(pa.field("other", pa.float32()))
    parts.write("base", 0, measured([1]))
    parts.write("base", 128, pa.table({"id": [130], "figure": [1.0], "other": [0.5]}, later))
    assert parts.read("base", later).schema.equals(later)
    assert parts.read("base", later)["other"].to_pylist() == [None, 0.5]
    assert parts.read("base", later, ["other", "id"]).column_names == ["other", "id"]


def test_parts_of_a_source_that_was_made_from_other_bytes_are_not_seen(tmp_path: Path) -> None:
    first = pair_id(1, 0)
    Parts(tmp_path, {1: "aaaaaaaa", 2: "cccccccc"}).write("base", first, measured([first]))
    same = Parts(tmp_path, {1: "aaaaaaaa"})
    other = Parts(tmp_path, {1: "bbbbbbbb"})
    assert same.covered("base") == {first}
    assert other.covered("base") == set()


@pytest.fixture
def remote() -> Remote:
    """An object store: no rename, no folders, and somebody may have put half an object there."""
    MemoryFileSystem.store.clear()
    return Remote("memory://bucket/run/parts")


def test_parts_in_an_object_store_are_the_same_parts(tmp_path: Path, remote: Remote) -> None:
    far, near = Parts(remote), Parts(tmp_path)
    assert far.covered("base") == set()
    for parts in (far, near):
        sitting(parts, {1, 2, 130}, most=1)
        parts.write("moved", 0, measured([1]).replace_schema_metadata({b"x": b"first"}))
        sitting(parts, {1, 2, 130})
    assert far.covered("base") == {1, 2, 130}
    assert far.read("base", SCHEMA).equals(near.read("base", SCHEMA))
    assert list(far.metadata("moved", b"x")) == [b"first"]
    assert remote.where("base", "a.parquet") == "memory://bucket/run/parts/base/a.parquet"


def test_what_was_not_put_whole_counts_for_nothing(remote: Remote) -> None:
    parts = Parts(remote)
    parts.write("base", 0, measured([1, 2]))
    files = MemoryFileSystem()
    (name,) = files.ls("/bucket/run/parts/base", detail=False)
    whole = files.cat_file(name)
    files.pipe_file(name, whole[:-9])
    assert parts.covered("base") == set()
    sitting(parts, {1, 2})
    assert files.cat_file(name) == whole


def test_a_part_that_two_devices_measured_counts_once(remote: Remote) -> None:
    """A worker that was thought lost may still write: to other bits, and so under another name."""
    parts = Parts(remote)
    for figure in (0.5, 0.25):
        parts.write("base", 0, pa.table({"id": [1], "figure": [figure]}, schema=SCHEMA))
    assert len(remote.names("base")) == 2
    assert len(parts.read("base", SCHEMA)) == 1


def test_a_folder_has_no_two_spellings_and_a_url_must_be_known(tmp_path: Path) -> None:
    assert place_of(f"file://{tmp_path}") == place_of(str(tmp_path)) == Folder(tmp_path)
    with pytest.raises(UserError, match="nowhere"):
        place_of("nowhere://bucket").names("base")
