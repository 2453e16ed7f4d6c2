"""The log: what was run with which versions, how long it took, and what died on the way.

`outvoted.log` in the cache folder, a few files of a megabyte that replace each other. It is kept
only where that folder is: nothing is made for the log's sake, and a log that cannot be written
stops nothing. Several processes append to one file; a line is one write.
"""

from __future__ import annotations

import logging
import platform
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from engine.plain import plain

FILE = "outvoted.log"
_MOST, _KEPT = 1 << 20, 3
"""Bytes of a file, and how many older ones are kept."""
_PACKAGES = ("outvoted", "torch", "transformers", "duckdb", "pyarrow")

LOGGER = logging.getLogger("outvoted")
"""Libraries log to others, and to nobody."""


def start(cache: Path, *, verbose: bool = False) -> None:
    """Log to the cache folder from here on, and with `verbose` to stderr too."""
    stop()
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    # The disk is full, the folder is not there or may only be read: no traceback on the screen.
    logging.raiseExceptions = False
    _add(
        RotatingFileHandler(
            cache / FILE, maxBytes=_MOST, backupCount=_KEPT, encoding="utf-8", delay=True
        )
    )
    if verbose:
        _add(logging.StreamHandler(sys.stderr))


def stop() -> None:
    """Let go of the log; what is logged now goes nowhere."""
    for handler in list(LOGGER.handlers):
        LOGGER.removeHandler(handler)
        handler.close()
    LOGGER.addHandler(logging.NullHandler())


def versions() -> str:
    """What a measurement hangs on, in one line."""
    from importlib.metadata import PackageNotFoundError, version  # slow, and the browser needs none

    told = [f"Python {platform.python_version()}"]
    for package in _PACKAGES:
        try:
            told.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(told)


class _Plain(logging.Formatter):
    """One line a record, but for tracebacks; no control character of anybody's text in it."""

    def format(self, record: logging.LogRecord) -> str:
        head = (
            f"{self.formatTime(record)} {record.process} {record.levelname.lower()}"
            f" {plain(record.getMessage(), keep_newlines=False)}"
        )
        if record.exc_info is None:
            return head
        trace = plain(self.formatException(record.exc_info))
        return "\n".join([head, *(f"    {line}" for line in trace.splitlines())])


def _add(handler: logging.Handler) -> None:
    handler.setFormatter(_Plain())
    LOGGER.addHandler(handler)
