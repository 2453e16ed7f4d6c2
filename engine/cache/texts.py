"""Pairs left where they are: an index that holds their keys, and reads texts from a Parquet file.

The file may be on this machine or at a URL. DuckDB reads of it the row groups that hold what is
asked for; texts are cut there, so that no question needs to know where they stand.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from engine.errors import UserError
from engine.remote import file_system, is_url, stamp_of

# Every line of it is ours, but the three names that are quoted into it.
_VIEW = """
CREATE VIEW {view} AS
SELECT k.id, k.row, k.tranche, left(t.chosen, k.cut) AS context,
       substring(t.chosen, k.cut + 1) AS chosen, substring(t.rejected, k.cut + 1) AS rejected,
       k.content_hash, k.context_hash
FROM {keys} k JOIN (
    SELECT file_row_number AS row, {chosen}::VARCHAR AS chosen, {rejected}::VARCHAR AS rejected
    FROM read_parquet({path}, file_row_number = true)
) t ON t.row = k.row
"""


@dataclass(frozen=True, slots=True)
class TextsAt:
    """Where the texts of a source are."""

    path: str
    """Absolute, or a URL."""
    chosen: str
    """The columns' names."""
    rejected: str
    stamp: str
    """What told that file from another one when it was indexed."""


def stand_texts(
    connection: duckdb.DuckDBPyConnection, texts: TextsAt, keys: str, view: str
) -> None:
    """Make the view of a source's pairs, of its keys and the texts in its file.

    Args:
        connection: where the source is attached.
        texts: where they are.
        keys: the table of keys, as SQL names it.
        view: what to call the view.

    Raises:
        UserError: the file is gone, or is another one than was indexed.
    """
    check_texts(texts)
    if is_url(texts.path):
        files, _ = file_system(texts.path)
        protocols = {files.protocol} if isinstance(files.protocol, str) else set(files.protocol)
        if not any(map(connection.filesystem_is_registered, protocols)):
            connection.register_filesystem(files)
    made = _VIEW.format(
        view=view,
        keys=keys,
        chosen=_name(texts.chosen),
        rejected=_name(texts.rejected),
        path="'" + texts.path.replace("'", "''") + "'",
    )
    try:
        connection.execute(made)
    except duckdb.Error as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"the texts of the index cannot be read from it ({reason})",
            where=texts.path,
            todo=_AGAIN,
        ) from None


_AGAIN = "Put it back as it was, or index it again: `outvoted index --in-place`."


def check_texts(texts: TextsAt) -> None:
    """Look whether the file is the one that was indexed.

    Raises:
        UserError: it is gone, or was written anew.
    """
    now = stamp_of(texts.path)
    if now == texts.stamp:
        return
    what = "is gone" if now is None else "has changed since it was indexed"
    raise UserError(f"texts of the index are read from {texts.path}, which {what}", todo=_AGAIN)


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
