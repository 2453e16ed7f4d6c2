"""JSON into frozen dataclasses, by their annotations; anything that does not fit is refused."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from engine.canonical import Json

Shape = TypeVar("Shape")


def build(shape: type[Shape], values: Json, where: str = "message") -> Shape:
    """An instance of a dataclass from a JSON object.

    Understands str, int, float, bool, None, unions, `Literal`, `StrEnum`, tuples, dicts with int
    keys, paths (as texts), and dataclasses of these. Every field must be there and no other; a
    float is finite, a text can be encoded.

    Raises:
        ValueError: something does not fit; the text says where and what.
    """
    if not isinstance(values, dict) or not is_dataclass(shape):
        raise ValueError(f"{where} is no object")
    wanted = {field.name for field in fields(shape)}
    if odd := sorted(wanted ^ values.keys()):
        raise ValueError(f"{where} {'lacks' if odd[0] in wanted else 'does not know'} {odd[0]}")
    hints = _hints(shape)
    return shape(**{name: _value(hints[name], values[name], f"{where}.{name}") for name in wanted})


@cache
def _hints(shape: type) -> dict[str, object]:
    return get_type_hints(shape)


def _value(hint: object, value: Json, where: str) -> object:
    if is_dataclass(hint) and isinstance(hint, type):
        return build(hint, value, where)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _literal(tuple(hint), value, where)
    if hint is Path:
        return Path(str(_value(str, value, where)))
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, where)
    if isinstance(hint, type) and hint in (str, int, float, bool):
        if type(value) is not hint:
            raise ValueError(f"{where} is no {hint.__name__}")
        if isinstance(value, str):
            value.encode()  # half a surrogate pair is no text; UnicodeEncodeError is a ValueError
        return value
    builder = _BUILDERS.get(get_origin(hint))
    if builder is None:
        raise TypeError(f"no shape for {hint}")
    return builder(get_args(hint), value, where)


def _number(value: float, where: str) -> float:
    # json reads NaN, 1e999 and integers of a thousand digits.
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{where} is no finite number")
    return number


def _union(options: tuple[object, ...], value: Json, where: str) -> object:
    if value is None and types.NoneType in options:
        return None
    others = [option for option in options if option is not types.NoneType]
    for option in others[:-1]:
        try:
            return _value(option, value, where)
        except ValueError:
            continue
    return _value(others[-1], value, where)


def _literal(options: tuple[object, ...], value: Json, where: str) -> object:
    for option in options:
        if type(value) in (str, type(option)) and option == value:
            return option
    raise ValueError(f"{where} is none of {', '.join(map(str, options))}")


def _tuple(parts: tuple[object, ...], value: Json, where: str) -> object:
    if not isinstance(value, list):
        raise ValueError(f"{where} is no list")
    if parts[-1] is Ellipsis:
        parts = (parts[0],) * len(value)
    if len(parts) != len(value):
        raise ValueError(f"{where} has {len(value)} values, not {len(parts)}")
    return tuple(
        _value(part, item, f"{where}[{place}]")
        for place, (part, item) in enumerate(zip(parts, value, strict=True))
    )


def _dict(parts: tuple[object, ...], value: Json, where: str) -> object:
    if not isinstance(value, dict):
        raise ValueError(f"{where} is no object")
    return {_key(key, where): _value(parts[1], item, where) for key, item in value.items()}


def _key(key: str, where: str) -> int:
    """JSON has no keys but strings; int() would also read ` 1`, `1_0` and `١`."""
    if not (key.isascii() and key.removeprefix("-").isdecimal()):
        raise ValueError(f"{where} has a key that is no int")
    return int(key)


_BUILDERS: dict[object, Callable[[tuple[object, ...], Json, str], object]] = {
    Union: _union,
    types.UnionType: _union,
    Literal: _literal,
    tuple: _tuple,
    dict: _dict,
}
