"""Heuristics files: `[[heuristic]]` tables in TOML (docs/heuristics.md)."""

from __future__ import annotations

import math
from dataclasses import fields
from pathlib import Path
from typing import TypeGuard

from engine.errors import UserError
from engine.heuristics.heuristic import (
    DIRECTIONS,
    SCOPES,
    Direction,
    Heuristic,
    Scope,
    feature_heuristic,
)
from engine.heuristics.match import compile_heuristic
from engine.toml_file import read_toml

_DEFAULT = Path(__file__).with_name("default.toml")
_KEYS = tuple(field.name for field in fields(Heuristic))


def default_heuristics() -> tuple[Heuristic, ...]:
    """The heuristics that the product ships with."""
    return load_heuristics(_DEFAULT)


def load_heuristics(path: Path) -> tuple[Heuristic, ...]:
    """All heuristics of a file, in its order.

    Raises:
        UserError: the file cannot be read, or a heuristic in it is at fault (both are named).
    """
    return read_heuristics(read_toml(path, "the heuristics"), str(path))


def read_heuristics(document: dict[str, object], where: str) -> tuple[Heuristic, ...]:
    """The heuristics of a document that holds `[[heuristic]]` tables and nothing else.

    Raises:
        UserError: one of them is at fault; `where` is named.
    """
    tables = document.get("heuristic")
    unknown = sorted(document.keys() - {"heuristic"})
    if unknown:
        raise UserError(
            f'"{unknown[0]}" is unknown', where=where, todo="A file holds [[heuristic]] tables."
        )
    if not isinstance(tables, list) or not tables:
        raise UserError("it has no [[heuristic]]", where=where)
    found: list[Heuristic] = []
    for number, table in enumerate(tables, start=1):
        name = table.get("name") if isinstance(table, dict) else None
        place = f"{where}, heuristic {number}{f' ({name})' if isinstance(name, str) else ''}"
        if not isinstance(table, dict):
            raise UserError("it is no table", where=place, todo="Write [[heuristic]] above it.")
        heuristic = _heuristic(table, place)
        if any(heuristic.name == other.name for other in found):
            raise UserError("another heuristic has its name already", where=place)
        found.append(heuristic)
    return tuple(found)


def _heuristic(table: dict[str, object], where: str) -> Heuristic:
    unknown = sorted(table.keys() - set(_KEYS))
    if unknown:
        raise UserError(
            f'"{unknown[0]}" is unknown', where=where, todo=f"Its keys are {', '.join(_KEYS)}."
        )
    if "feature" in table:
        return _of_feature(table, where)
    heuristic = Heuristic(
        name=_text(table, "name", where),
        pattern=_text(table, "pattern", where),
        regex=_flag(table, "regex", where),
        scope=_scope(table.get("scope", "response"), where),
        fold=_flag(table, "fold", where),
        direction=_direction(table.get("direction", "lowers"), where),
        window=_number(table.get("window", 0), "window", where),
        replace=_text(table, "replace", where) if table.get("replace", "") != "" else "",
        features=_features(table.get("features", []), where),
    )
    try:
        compile_heuristic(heuristic)
    except UserError as error:
        raise UserError(error.what, where=where, todo=error.todo) from None
    return heuristic


def _of_feature(table: dict[str, object], where: str) -> Heuristic:
    meaningless = sorted(table.keys() - {"name", "feature", "threshold", "direction"})
    if meaningless:
        raise UserError(
            f'"{meaningless[0]}" means nothing beside "feature"',
            where=where,
            todo="A feature has a name, a threshold and a direction.",
        )
    direction = _direction(table.get("direction", "lowers"), where)
    if direction == "auto":
        raise UserError(
            'a feature has no text to delete, and so nothing tells its direction: "auto" is none',
            where=where,
            todo="Say lowers or raises.",
        )
    threshold = table.get("threshold", 0.0)
    if (
        isinstance(threshold, bool)
        or not isinstance(threshold, int | float)
        or not (0 <= threshold < math.inf)
    ):
        raise UserError('"threshold" must be a number, 0 or more', where=where)
    feature = _number(table["feature"], "feature", where)
    return feature_heuristic(_text(table, "name", where), feature, float(threshold), direction)


def _text(table: dict[str, object], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise UserError(f'"{key}" must be a text that is not empty', where=where)
    return value


def _flag(table: dict[str, object], key: str, where: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise UserError(f'"{key}" must be true or false', where=where)
    return value


def _number(value: object, key: str, where: str) -> int:
    if not _is_count(value):
        raise UserError(f'"{key}" must be a whole number, 0 or more', where=where)
    return value


def _features(value: object, where: str) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise UserError('"features" must be a list of feature numbers', where=where)
    return tuple(_number(feature, "features", where) for feature in value)


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _scope(value: object, where: str) -> Scope:
    for scope in SCOPES:
        if value == scope:
            return scope
    raise UserError(f'"scope" must be one of {", ".join(SCOPES)}', where=where)


def _direction(value: object, where: str) -> Direction:
    for direction in DIRECTIONS:
        if value == direction:
            return direction
    raise UserError(f'"direction" must be one of {", ".join(DIRECTIONS)}', where=where)
