"""A table as a folder that `datasets.load_from_disk` reads, with a data card.

The one place of this package that imports datasets, inside its function: it takes seconds.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from engine.exchange.table import Table
from engine.exchange.write import write_parquet


def save_folder(path: Path, table: Table, card: str) -> int:
    """Save the table; how many rows it had. An old folder goes when the new one is whole."""
    from datasets import Dataset, disable_progress_bars

    disable_progress_bars()
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as work:
        parquet, made, old = Path(work) / "all.parquet", Path(work) / "made", Path(work) / "old"
        rows = write_parquet(parquet, table)
        # Through a file and its own cache: the table need not fit into memory.
        dataset = Dataset.from_parquet(str(parquet), cache_dir=str(Path(work) / "cache"))
        dataset.save_to_disk(str(made))
        (made / "README.md").write_text(card, encoding="utf-8")
        if path.exists():
            path.rename(old)
        try:
            made.rename(path)
        except OSError:
            if old.exists():
                old.rename(path)
            raise
        shutil.rmtree(old, ignore_errors=True)
    return rows
