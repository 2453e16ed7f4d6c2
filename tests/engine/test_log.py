"""The log: harmless lines, tracebacks whole, files that replace each other, never in the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import log


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    yield
    log.stop()


def test_a_line_is_one_line_whatever_is_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.start(tmp_path, verbose=True)
    log.LOGGER.info("show %s", "1\x1b[2J\n2026-01-01 forged\u202e")
    (line,) = (tmp_path / log.FILE).read_text(encoding="utf-8").splitlines()
    assert line.endswith("info show 1␛[2J⏎2026-01-01 forged�")
    assert capsys.readouterr().err == f"{line}\n"


def test_a_traceback_is_kept_without_its_control_characters(tmp_path: Path) -> None:
    log.start(tmp_path)
    try:
        raise RuntimeError("\x1b]0;owned\x07")
    except RuntimeError as error:
        log.LOGGER.error("ended", exc_info=error)
    text = (tmp_path / log.FILE).read_text(encoding="utf-8")
    assert "RuntimeError: ␛]0;owned␇" in text
    assert "\x1b" not in text


def test_old_files_make_room_for_new_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_MOST", 500)
    log.start(tmp_path)
    for number in range(100):
        log.LOGGER.info("line %d", number)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == [log.FILE, *(f"{log.FILE}.{number}" for number in (1, 2, 3))]
    assert all(path.stat().st_size <= 500 for path in tmp_path.iterdir())


def test_no_folder_is_made_for_it_and_none_is_needed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log.start(tmp_path / "absent")
    log.LOGGER.info("nowhere")
    assert not (tmp_path / "absent").exists()
    assert capfd.readouterr().err == ""


def test_versions_name_what_figures_hang_on() -> None:
    assert all(name in log.versions() for name in ("Python 3.", "outvoted", "torch", "duckdb"))
