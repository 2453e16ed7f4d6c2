"""Rewards in a file, whatever its form: columns of figures, and where each of them stands.

Tables (`.parquet`, `.jsonl`, `.csv`, a saved folder) name their columns. Arrays (`.npy`, `.pt`)
have two columns, chosen and rejected, in the order of the index, or three with the row before
them; a `.pt` may also hold named tensors, called as a table's columns are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import UserError
from engine.exchange.read import Row, read_rows

CHOSEN = ("reward_chosen", "chosen")
REJECTED = ("reward_rejected", "rejected")
_COLUMNS = "row, reward_chosen, reward_rejected; source and split where the index has several;"
_TABLE = f"A table has the columns {_COLUMNS} content_hash guards them."

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What a file says, [entries] each."""

    chosen: Floats
    rejected: Floats
    rows: npt.NDArray[np.int64] | None
    """None: they are in the order of the index."""
    sources: Sequence[tuple[str | None, str | None]] | None
    """Source and split by entry; None: the file names none."""
    hashes: Sequence[str | None] | None
    """Content hashes; None: the file has none."""
    where: Callable[[int], str]
    """Where an entry stands, by its number."""


def read_rewards(path: Path) -> Given:
    """Read a file of rewards.

    Raises:
        UserError: there is none, it cannot be read, or something in it is no reward.
    """
    if path.suffix in (".npy", ".pt"):
        if not path.is_file():
            raise UserError("there is no such file", where=str(path))
        return _from_arrays(path, _numpy(path) if path.suffix == ".npy" else _torch(path))
    whole = _from_columns(path) if path.suffix == ".parquet" and path.is_file() else None
    return whole or _from_rows(path, list(read_rows(path)))


def _numpy(path: Path) -> dict[str, Floats]:
    try:
        # Mapped: a header that claims more than the file holds is refused, and never allocated.
        found = np.load(path, mmap_mode="r", allow_pickle=False)
        return {"": np.array(found, dtype=np.float64)}
    except (ValueError, TypeError, OSError, EOFError, OverflowError, SyntaxError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"it is no array of numbers ({reason})",
            where=str(path),
            todo="Save it with numpy.save, without objects in it.",
        ) from None


def _torch(path: Path) -> Mapping[str, Floats]:
    from engine.models.reward_file import read_reward_tensors  # torch: only for its own files

    return read_reward_tensors(path)


def _from_arrays(path: Path, found: Mapping[str, Floats]) -> Given:
    named = _split(path, found[""]) if "" in found else found
    chosen, rejected = (
        next((named[name] for name in names if name in named), None) for names in (CHOSEN, REJECTED)
    )
    if chosen is None or rejected is None:
        raise UserError(
            f"it holds no rewards of both sides, but {', '.join(sorted(named)) or 'nothing'}",
            where=str(path),
            todo="Name its tensors reward_chosen and reward_rejected, and row where they are some.",
        )
    rows = named.get("row")
    columns = [column for column in (chosen, rejected, rows) if column is not None]
    if {column.shape for column in columns} != {(chosen.size,)}:
        shapes = ", ".join(str(column.shape) for column in columns)
        raise UserError(f"its columns are not of one length: {shapes}", where=str(path))
    if rows is not None and not (np.isfinite(rows) & (rows == np.floor(rows))).all():
        raise UserError("a row of it is no whole number", where=str(path))
    return Given(
        chosen=chosen,
        rejected=rejected,
        rows=None if rows is None else rows.astype(np.int64),
        sources=None,
        hashes=None,
        where=lambda at: f"{path}, entry {at}",
    )


def _from_columns(path: Path) -> Given | None:
    """A Parquet file column by column; None: something in it is to be looked at row by row."""
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError):
        return None
    chosen, rejected = (
        next((name for name in names if name in table.column_names), "")
        for names in (CHOSEN, REJECTED)
    )
    simple = (
        {chosen, rejected, "row"} <= set(table.column_names)
        and table.num_rows > 0
        and not any(table[name].null_count for name in (chosen, rejected, "row"))
        and all(pa.types.is_floating(table[name].type) for name in (chosen, rejected))
        and pa.types.is_integer(table["row"].type)
        and not {"source", "split"} & set(table.column_names)
    )
    if not simple:
        return None
    hashes = table["content_hash"] if "content_hash" in table.column_names else None
    if hashes is not None and not pa.types.is_string(hashes.type):
        return None
    return Given(
        chosen=table[chosen].to_numpy().astype(np.float64),
        rejected=table[rejected].to_numpy().astype(np.float64),
        rows=table["row"].to_numpy().astype(np.int64),
        sources=None,
        hashes=None if hashes is None else hashes.to_pylist(),
        where=lambda at: f"{path}, row {at}",
    )


def _split(path: Path, array: Floats) -> dict[str, Floats]:
    if array.ndim != 2 or array.shape[1] not in (2, 3):
        raise UserError(
            f"its shape is {array.shape}, not [pairs, 2]",
            where=str(path),
            todo="Two columns are chosen and rejected in the index's order, three row and those.",
        )
    rest = {CHOSEN[0]: array[:, -2], REJECTED[0]: array[:, -1]}
    return rest if array.shape[1] == 2 else {"row": array[:, 0], **rest}


def _from_rows(path: Path, rows: Sequence[Row]) -> Given:
    if not rows:
        raise UserError("it holds no rewards", where=str(path), todo=_TABLE)
    has = rows[0].values
    return Given(
        chosen=np.array([_number(row, CHOSEN) for row in rows]),
        rejected=np.array([_number(row, REJECTED) for row in rows]),
        rows=np.array([_whole(row) for row in rows], np.int64) if "row" in has else None,
        sources=[(_text(row, "source"), _text(row, "split")) for row in rows]
        if "source" in has or "split" in has
        else None,
        hashes=[_text(row, "content_hash") for row in rows] if "content_hash" in has else None,
        where=lambda at: rows[at].where,
    )


def _number(row: Row, names: Sequence[str]) -> float:
    value = next((row.values[name] for name in names if name in row.values), None)
    try:
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            return float(value)
    except (ValueError, OverflowError):  # JSON has whole numbers that no float can hold
        pass
    raise UserError(f'it has no number "{names[0]}"', where=row.where, todo=_TABLE)


def _whole(row: Row) -> int:
    value = row.values.get("row")
    text = str(value)
    if isinstance(value, int | str) and text.isascii() and text.isdecimal() and len(text) < 13:
        return int(text)
    raise UserError('its "row" is no whole number', where=row.where, todo=_TABLE)


def _text(row: Row, column: str) -> str | None:
    value = row.values.get(column)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise UserError(f'"{column}" is no text', where=row.where)
    return value
