"""A list of pairs the plain way, for `tests.bench.browse` to compare with: Textual's DataTable.

    python -m tests.bench.data_table ROWS.csv

shows a file of rows; `s` sorts by the next column.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import DataTable


class TableApp(App[None]):
    """One table, and nothing else."""

    BINDINGS: ClassVar[list[BindingType]] = [("s", "sort", "sort")]

    def __init__(self, path: Path) -> None:
        super().__init__()
        with path.open(encoding="utf-8", newline="") as file:
            self._heads, *self._rows = csv.reader(file)
        self._sorted = 0

    def compose(self) -> ComposeResult:
        table: DataTable[str] = DataTable(cursor_type="row")
        for head in self._heads:
            table.add_column(head, key=head)
        table.add_rows(self._rows)
        yield table

    def action_sort(self) -> None:
        self._sorted = (self._sorted + 1) % len(self._heads)
        table: DataTable[str] = self.query_one(DataTable)
        table.sort(self._heads[self._sorted])


if __name__ == "__main__":
    TableApp(Path(sys.argv[1])).run(mouse=False)
