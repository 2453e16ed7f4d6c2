"""JSON into frozen dataclasses, by their annotations; anything that does not fit is refused."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from engine.canonical import Json

Shape = TypeVar("Shape")


def build(shape: type[Shape], values: Json, where: str = "message") -> Shape:
    """An instance of a dataclass from a JSON object.

    Understands str, int, float, bool, None, unions, `Literal`, tuples, dicts with int keys, and
    dataclasses of these. Every field must be there and no other.

    Raises:
        ValueError: something does not fit; the text says where and what.
    """
    if not isinstance(values, dict) or not is_dataclass(shape):
        raise ValueError(f"{where} is no object")
    wanted = {field.name for field in fields(shape)}
    if odd := sorted(wanted ^ values.keys()):
        raise ValueError(f"{where} {'lacks' if odd[0] in wanted else 'does not know'} {odd[0]}")
    hints = get_type_hints(shape)
    return shape(**{name: _value(hints[name], values[name], f"{where}.{name}") for name in wanted})


def _value(hint: object, value: Json, where: str) -> object:
    if is_dataclass(hint) and isinstance(hint, type):
        return build(hint, value, where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint in (str, int, float, bool):
        if type(value) is hint:
            return value
        raise ValueError(f"{where} is no {hint.__name__}")
    builder = _BUILDERS.get(get_origin(hint))
    if builder is None:
        raise TypeError(f"no shape for {hint}")
    return builder(get_args(hint), value, where)


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
    if value not in options:
        raise ValueError(f"{where} is none of {', '.join(map(str, options))}")
    return value


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
    # JSON has no keys but strings.
    return {int(key): _value(parts[1], item, f"{where}.{key}") for key, item in value.items()}


_BUILDERS: dict[object, Callable[[tuple[object, ...], Json, str], object]] = {
    Union: _union,
    types.UnionType: _union,
    Literal: _literal,
    tuple: _tuple,
    dict: _dict,
}
