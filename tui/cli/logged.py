"""What a command was, how it ended and when, for the log."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from types import TracebackType

from engine import log
from engine.cache.layout import cache_dir
from engine.errors import ToldError

_DRAWS = ("browse", "demo")
"""Commands that draw on the whole terminal."""


class Logged:
    """Around a command: its first line and its last, whatever ends it."""

    def __init__(self, args: argparse.Namespace, given: Sequence[str]) -> None:
        drawn_over = args.command in _DRAWS and sys.stderr.isatty()
        self._verbose = getattr(args, "verbose", False) and not drawn_over
        self._cache = cache_dir(getattr(args, "cache", None))
        self._given = shlex.join(["outvoted", *given])
        self._started = time.monotonic()

    def __enter__(self) -> None:
        log.start(self._cache, verbose=self._verbose)
        log.LOGGER.info("%s", self._given)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        seconds = time.monotonic() - self._started
        if error is None:
            log.LOGGER.info("done after %.1f s", seconds)
        elif isinstance(error, KeyboardInterrupt):
            log.LOGGER.info("interrupted after %.1f s", seconds)
        elif isinstance(error, ToldError | OSError):
            log.LOGGER.error("ended after %.1f s: %s", seconds, error)
        else:
            log.LOGGER.error("ended after %.1f s", seconds, exc_info=error)
        log.stop()
