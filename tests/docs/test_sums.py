"""The sums of docs/worked-pairs.md come out, of figures that the command before them printed."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable

from tests.docs.console import ROOT

PAGE = ROOT / "docs" / "worked-pairs.md"
_SUM = re.compile(r"`([-+ ().\d/]+) (=|<=|<|>) ([-+.\d]+)`")
_FIGURE = re.compile(r"\d+\.\d+")
_ROUNDED = 0.0051
"""Figures have three or two decimals, and a sum has up to three of them."""
_OF: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Div: operator.truediv,
}
_HOLDS = {"<=": operator.le, "<": operator.lt, ">": operator.gt}


def value(node: ast.expr) -> float:
    """What a sum of figures comes to."""
    match node:
        case ast.BinOp(left, op, right):
            return _OF[type(op)](value(left), value(right))
        case ast.UnaryOp(ast.USub(), operand):
            return -value(operand)
        case ast.Constant(float(figure)):
            return figure
    raise ValueError(ast.dump(node))


def test_every_sum_comes_out_and_every_figure_was_printed() -> None:
    text = PAGE.read_text(encoding="utf-8")
    run = {"0.179"}  # the thresholds, printed with the first pair
    found = 0
    for part in text.split("```console\n")[1:]:
        printed, _, told = part.partition("```\n")
        for left, how, right in _SUM.findall(told):
            found += 1
            given = set(_FIGURE.findall(left)) | (set() if how == "=" else {right.lstrip("+-")})
            assert given <= set(_FIGURE.findall(printed)) | run, left
            come = value(ast.parse(left.strip(), mode="eval").body)
            if how == "=":
                assert abs(come - float(right)) < _ROUNDED, (left, come)
            else:
                assert _HOLDS[how](come, float(right)), (left, how, right)
    assert found > 15
