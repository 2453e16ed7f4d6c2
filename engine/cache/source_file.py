"""How a source file is written: all pairs of one source, and what they are."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import duckdb
import pyarrow as pa

from engine.cache.source_info import SCHEMA_VERSION, SourceInfo
from engine.cache.writing import room_named
from engine.canonical import pair_hashes
from engine.errors import UserError
from engine.hh import pair_id, split_pair
from engine.hh.record import BadRecord
from engine.hh.source import Source

LISTED_BAD_RECORDS = 20

_BATCH = 2048
_MEMORY = "512MB"
"""What duckdb may hold while it writes: an index does not grow with the machine it is made on."""
_SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("row", pa.int64()),
        *(
            (name, pa.string())
            for name in (
                "tranche",
                "context",
                "chosen",
                "rejected",
                "content_hash",
                "context_hash",
            )
        ),
    ]
)
_KEYS = pa.schema(
    [
        ("id", pa.int64()),
        ("row", pa.int64()),
        ("tranche", pa.string()),
        ("cut", pa.int32()),
        ("content_hash", pa.string()),
        ("context_hash", pa.string()),
    ]
)
"""What is stored of pairs whose texts stay where they are; `cut`: the context's characters."""
Progress = Callable[[str, int], None]
"""Told a source's name and how many of its records were read, now and then."""


def write_source(
    path: Path, source: Source, info: SourceInfo, *, skip_bad: bool, progress: Progress
) -> SourceInfo:
    """Write all pairs of the source into a new file; its final description comes back.

    Raises:
        UserError: a bad record without `skip_bad`, a damaged source, or one without any pair.
        FailedError: there is no room for it.
    """
    reading = _Reading(source, info.number, skip_bad, progress)
    try:
        with (
            room_named(path.parent),
            duckdb.connect(str(path), config={"memory_limit": _MEMORY}) as connection,
        ):
            reader = pa.RecordBatchReader.from_batches(reading.schema, reading.batches())
            connection.register("incoming", reader)
            try:
                # One CREATE ... AS: appends would leave a file of twice the size.
                connection.execute(reading.kept)
            except duckdb.Error:
                if reading.error is not None:
                    raise reading.error from None
                raise
            written = reading.described(info)
            fields = [(key, json.dumps(value)) for key, value in asdict(written).items()]
            connection.execute("CREATE TABLE meta (key VARCHAR, value VARCHAR)")
            connection.execute(
                "INSERT INTO meta SELECT unnest(?), unnest(?)",
                [
                    ["schema_version", *(key for key, _ in fields)],
                    [str(SCHEMA_VERSION), *(value for _, value in fields)],
                ],
            )
            connection.execute("CHECKPOINT")  # closing would do it too, and keep a failure quiet
    finally:
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    return written


class _Reading:
    """One pass over a source, and what it came to."""

    def __init__(self, source: Source, number: int, skip_bad: bool, progress: Progress) -> None:
        self.error: BaseException | None = None
        self._source = source
        self._number = number
        self._skip_bad = skip_bad
        self._progress = progress
        self._pairs = 0
        self._bad: list[str] = []
        self._skipped = 0
        self.schema = _KEYS if source.in_place else _SCHEMA
        table = "keys" if source.in_place else "pairs"
        self.kept = " ".join(("CREATE TABLE", table, "AS SELECT * FROM incoming"))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Arrow batches. duckdb hides what a stream raises, ctrl+c too, so that is kept aside."""
        try:
            rows = self._rows()
            while batch := list(itertools.islice(rows, _BATCH)):
                self._pairs += len(batch)
                yield pa.record_batch(list(zip(*batch, strict=True)), schema=self.schema)
            if self._pairs == 0:
                raise UserError(
                    "it holds no pair",
                    where=self._source.location,
                    todo="Look whether the file is what it should be.",
                )
        except BaseException as error:
            self.error = error
            raise

    def _rows(self) -> Iterator[tuple[int | str, ...]]:
        read = 0
        for record in self._source.records():
            read += 1
            if read % _BATCH == 0:
                self._progress(self._source.name, read)
            if isinstance(record, BadRecord):
                self._skip(record)
                continue
            tranche = self._source.tranche_of(record.row)
            if tranche is None:
                continue
            texts = split_pair(record.chosen, record.rejected)
            identifier = pair_id(self._number, record.row)
            kept = (len(texts[0]),) if self._source.in_place else texts
            yield (identifier, record.row, tranche, *kept, *pair_hashes(*texts))

    def _skip(self, record: BadRecord) -> None:
        if not self._skip_bad:
            raise UserError(
                record.what,
                where=record.where,
                todo="Mend the record, or pass --skip-bad to leave such records out.",
            )
        self._skipped += 1
        if len(self._bad) < LISTED_BAD_RECORDS:
            self._bad.append(f"{record.where}: {record.what}")

    def described(self, info: SourceInfo) -> SourceInfo:
        counted = asdict(info) | {
            "pairs": self._pairs,
            "skipped": self._skipped,
            "bad_records": tuple(self._bad),
        }
        return SourceInfo(**counted)
