"""A TOML file that somebody wrote, or nobody would: read within bounds, or refused."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from engine.errors import UserError
from engine.files import read_bounded

LARGEST = 1 << 20
_KEY = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_WHOLE = 1 << 63
"""TOML's whole numbers have 64 bits; tomllib reads longer ones, which no float can hold."""

_DEEP = re.compile(rf"(?<![\w-]){_KEY}(?:[ \t]*+\.[ \t]*+{_KEY}){{64}}")
"""A dotted key of many parts: tomllib keeps every beginning of it, gigabytes for a long one."""


def read_toml(path: Path, what: str) -> dict[str, object]:
    """The document in a file; `what` says what it should hold, as in `the heuristics`.

    Raises:
        UserError: it cannot be read, is larger than 1 MiB, or is no TOML: neither is a whole number
            of more than 64 bits.
    """
    try:
        text = read_bounded(path, LARGEST).decode().replace("\r\n", "\n")
    except OSError as error:
        raise UserError(f"{what} cannot be read: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError:
        raise UserError(f"{what} cannot be read: it is not UTF-8", where=str(path)) from None
    if _DEEP.search(text):
        raise UserError("a key of it has more than 64 parts", where=str(path))
    try:
        document = tomllib.loads(text)
        if _too_long(document):
            raise ValueError("a whole number has more than 64 bits")
    except RecursionError:
        raise UserError("it is nested beyond all bounds", where=str(path)) from None
    except ValueError as error:  # beside tomllib's own: a number of thousands of digits
        raise UserError(f"it is no valid TOML: {error}", where=str(path)) from None
    return document


def _too_long(value: object) -> bool:
    """Whether a whole number in it is none of TOML's."""
    match value:
        case dict():
            return any(map(_too_long, value.values()))
        case list():
            return any(map(_too_long, value))
        case int():
            return not -_WHOLE <= value < _WHOLE
    return False
