"""Records from `.jsonl` and `.jsonl.gz` files, one line at a time."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from engine.errors import UserError
from engine.hh.record import BadRecord, Columns, Record, check

# A line is held in memory whole, and some fifty times its size once it is read as JSON.
LONGEST_LINE = 16 << 20
# A few bytes of gzip can unpack to a file without an end. Text packs to a third, or a tenth.
MOST_UNPACKED = 64 << 20
MOST_TIMES = 100


def read_json_lines(path: Path, columns: Columns) -> Iterator[Record | BadRecord]:
    """One record a line. A row counts records: a blank line is none and takes no number.

    Raises:
        UserError: the file can't be read, its gzip is damaged, or a line is beyond bounds.
    """
    row = 0
    for number, line in enumerate(lines(path), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number} (row {row})"
        yield _record(line, columns, where, row)
        row += 1


def _record(line: bytes, columns: Columns, where: str, row: int) -> Record | BadRecord:
    try:
        value: object = json.loads(line)
    except json.JSONDecodeError as error:
        return BadRecord(where, row, f"it is not JSON: {error.msg} at character {error.pos}")
    except UnicodeDecodeError as error:
        return BadRecord(where, row, f"it is not UTF-8: {error.reason} at byte {error.start}")
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets without end
        return BadRecord(where, row, "it is JSON beyond all bounds")
    return check(value, columns, where=where, row=row)


def lines(path: Path) -> Iterator[bytes]:
    """The lines of a file that may be gzipped, blank ones among them.

    Raises:
        UserError: the file can't be read, its gzip is damaged, or a line is beyond bounds, or
            what it unpacks to.
    """
    with _damage_named(path), _opened(path) as stream:
        number = unpacked = 0
        most = max(MOST_UNPACKED, MOST_TIMES * path.stat().st_size)
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            unpacked += len(line)
            if unpacked > most and path.suffix == ".gz":
                raise UserError(
                    f"it unpacks to more than {most >> 20} MiB, {MOST_TIMES} times its size",
                    where=f"{path}, line {number}",
                    todo="No pairs pack like that. If yours do, index the file unpacked.",
                )
            if len(line) > LONGEST_LINE:
                raise UserError(
                    f"the line is longer than {LONGEST_LINE >> 20} MiB",
                    where=f"{path}, line {number}",
                    todo="No pair is that long: look whether the file is what it should be.",
                )
            yield line


def _opened(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path))  # a GzipFile reads like a binary file
    return path.open("rb")


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except gzip.BadGzipFile:
        raise UserError(
            "it is not a gzip file, or a damaged one",
            where=str(path),
            todo="Fetch it again, or drop the .gz from its name if it is plain text.",
        ) from None
    except (EOFError, zlib.error):
        raise UserError(
            "its gzip stream is cut short or damaged",
            where=str(path),
            todo="Fetch the file again: the part that is missing cannot be guessed.",
        ) from None
    except OSError as error:
        raise UserError(f"it cannot be read: {error.strerror}", where=str(path)) from None
