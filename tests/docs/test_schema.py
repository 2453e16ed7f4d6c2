"""docs/schema.md says what the DuckDB files hold. Stale? `python -m tests.docs.test_schema`."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import duckdb
import pytest

from engine.cache.layout import IndexPaths
from engine.cache.schema import RUN, SOURCE, tables_markdown, tables_of
from engine.cache.sealed import run_path
from tests.engine.cache.scored import make_index, seal

PAGE = Path(__file__).parents[2] / "docs" / "schema.md"
_MARK = "<!-- made from the files: python -m tests.docs.test_schema -->"
_QUERY = re.compile(r"```sql\n(.*?)```", re.DOTALL)


def written(folder: Path) -> tuple[Path, Path]:
    """A source file and a run file as they are really written."""
    paths = make_index(folder)
    return paths.source(1), run_path(paths, seal(paths))


def page(source: Path, run: Path) -> str:
    """The page: what is said of the files by hand, and their tables as they are."""
    head, _, _ = PAGE.read_text(encoding="utf-8").partition(_MARK)
    lines = [
        f"{head}{_MARK}",
        "",
        "## `sources/N.duckdb`",
        *tables_markdown(source, SOURCE),
        "",
        "## `runs/RUN/run.duckdb`",
        *tables_markdown(run, RUN),
    ]
    return "\n".join(lines) + "\n"


@pytest.fixture
def index(tmp_path: Path) -> IndexPaths:
    return make_index(tmp_path)


def test_the_page_has_every_table_and_column_as_it_is_written(tmp_path: Path) -> None:
    source, run = written(tmp_path)
    assert PAGE.read_text(encoding="utf-8") == page(source, run)
    for path, known in ((source, SOURCE), (run, RUN)):
        there = {name: [column.name for column in made] for name, made in tables_of(path).items()}
        assert there == {name: list(meanings) for name, (_, meanings) in known.items()}


def test_the_example_query_works_in_plain_duckdb(index: IndexPaths) -> None:
    """It knows nothing of this program but the two files."""
    run = seal(index)
    (query,) = _QUERY.findall(PAGE.read_text(encoding="utf-8"))
    query = query.replace("cache/default", str(index.folder)).replace("1f3a5b7c9d0e2f4a", run)
    with duckdb.connect() as connection:
        rows = connection.execute(query).fetchall()
        names = [column[0] for column in connection.description]
    assert names == ["row", "margin", "vote", "response"]
    assert [(row, round(margin, 2), vote) for row, margin, vote, _ in rows] == [
        (0, 0.0, 1.0),
        (2, 0.5, 1.0),
    ]
    assert rows[0][3].startswith(" It's at https://x.org/0")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(page(*written(Path(folder))), encoding="utf-8")
