"""The canonical text of a tree: reading it back gives the same tree."""

from __future__ import annotations

from engine.filters.lexer import quote, spelled
from engine.filters.tree import All, Among, Between, Compare, Contains, Either, Feature, Filter, Not


def show(tree: Filter | None) -> str:
    """The text of a filter; empty where there is none."""
    match tree:
        case None:
            return ""
        case Compare(figure, comparison, value):
            return f"{figure}{comparison}{_number(value)}"
        case Between(figure, low, high):
            return f"{figure}={_number(low)}..{_number(high)}"
        case Among(name, values):
            return f"{name}={_words(values)}"
        case Contains(place, text):
            return f"{place}~{quote(text)}"
        case Feature(what, number, comparison, value):
            return f"{what}:{number}{comparison}{_number(value)}"
        case Not(part):
            return _negated(part)
        case All(parts):
            return " ".join(_grouped(part, All, Either) for part in parts)
        case Either(parts):
            return " or ".join(_grouped(part, Either) for part in parts)


def _negated(part: Filter) -> str:
    match part:
        case Compare(figure, "=", value):
            return f"{figure}!={_number(value)}"
        case Between(figure, low, high):
            return f"{figure}!={_number(low)}..{_number(high)}"
        case Among(name, values):
            return f"{name}!={_words(values)}"
        case Contains(place, text):
            return f"{place}!~{quote(text)}"
        case Feature(what, number, "=", value):
            return f"{what}:{number}!={_number(value)}"
        case _:
            return f"not {_grouped(part, All, Either)}"


def _grouped(part: Filter, *weaker: type[Filter]) -> str:
    return f"({show(part)})" if isinstance(part, weaker) else show(part)


def _words(values: tuple[str, ...]) -> str:
    return ",".join(map(spelled, values))


def _number(value: float) -> str:
    return repr(value).removesuffix(".0")
