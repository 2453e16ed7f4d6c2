"""An interrupt while DuckDB works is an interrupt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_SAID = "Query interrupted"


@contextmanager
def interruptible() -> Iterator[None]:
    """Where ctrl+c meets a query, DuckDB says so in a RuntimeError; here it is Python's own again.

    Raises:
        KeyboardInterrupt: in its place.
    """
    try:
        yield
    except RuntimeError as error:
        if str(error) == _SAID:
            raise KeyboardInterrupt from None
        raise
