"""How far `score` is, where nobody looks on: a batch job's log, a pipe."""

from __future__ import annotations

import io

import pytest

from engine.canonical import Json
from tui.cli.drawing import SECONDS, Bars, Lines, drawing


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(clock: Clock) -> tuple[Lines, io.StringIO]:
    stream = io.StringIO()
    return Lines(stream, clock), stream


def event(done: int, total: int, stage: str = "sample") -> dict[str, Json]:
    return {"run": "0123456789abcdef", "stage": stage, "done": done, "total": total, "tokens": 1}


def test_a_log_gets_lines_with_rate_and_estimate_and_no_bar(
    log: tuple[Lines, io.StringIO], clock: Clock
) -> None:
    lines, stream = log
    for now, done in ((0, 100), (10, 200), (SECONDS + 1, 410), (SECONDS + 2, 420), (90, 1000)):
        clock.now = now
        lines.show(event(done, 1000))
    assert stream.getvalue().splitlines() == [
        "01234567 sample of the index: 100 of 1,000 pairs",
        "01234567 sample of the index: 410 of 1,000 pairs, 10.0 pairs/s, about 0:00:59 left",
        "01234567 sample of the index: 1,000 of 1,000 pairs, 10.0 pairs/s",
    ]


def test_each_stage_is_told_and_an_empty_one_is_not(log: tuple[Lines, io.StringIO]) -> None:
    lines, stream = log
    lines.show(event(0, 0, "integrated"))
    lines.show(event(0, 8, "spans/abc"))
    lines.show(event(8, 8, "insertion/abc"))
    assert stream.getvalue().splitlines() == [
        "01234567 deletion control: 0 of 8 pairs",
        "01234567 insertion control: 8 of 8 pairs",
    ]


def test_bars_are_for_terminals() -> None:
    assert isinstance(drawing(Terminal()), Bars)
    assert isinstance(drawing(io.StringIO()), Lines)


def test_what_was_done_already_is_told_once(log: tuple[Lines, io.StringIO], clock: Clock) -> None:
    """What was measured for two runs at once is done when either run comes to it."""
    lines, stream = log
    for clock.now, done in enumerate((0, 8, 8)):
        lines.show(event(done, 8, "texts"))
    assert stream.getvalue().count("8 of 8") == 1
