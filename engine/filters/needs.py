"""What must be there to answer a test, and which tests tell what was measured."""

from __future__ import annotations

from engine.filters.fields import FIGURES, NAMES, TEXTS, Needs
from engine.filters.tree import Among, Between, Compare, Contains, Feature, Filter, Test, leaves

_OF_TEXTS = frozenset({"kind", "bearer", "heuristic", "seen"})
"""Names that a run's tables hold and that are known without a PM."""


def needs(test: Test) -> Needs:
    """What a test is answered from."""
    match test:
        case Compare(figure) | Between(figure):
            return FIGURES[figure].needs
        case Among(name):
            return NAMES[name].needs
        case Contains(place):
            return TEXTS[place].needs
        case Feature():
            return "run"


def tells_measured(tree: Filter) -> bool:
    """Whether the pairs it keeps say something of what was measured of them."""
    return any(
        needs(test) in ("run", "heuristic")
        and not (isinstance(test, Among) and test.name in _OF_TEXTS)
        for test in leaves(tree)
    )
