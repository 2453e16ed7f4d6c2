"""The filter line's language: text to a closed syntax tree and back. Pure; see docs/filters.md.

Nothing typed is ever run: a tree is made of these few frozen records, and engine/cache turns each
of them into a fragment of its own with the values bound.
"""

from engine.filters.complete import Completion, complete
from engine.filters.error import Candidate, Expected, FilterError
from engine.filters.fields import FIGURES, NAMES, TEXTS, Field, Needs, Vocabulary
from engine.filters.needs import needs, tells_measured
from engine.filters.parse import parse
from engine.filters.show import show
from engine.filters.tree import (
    All,
    Among,
    Between,
    Compare,
    Contains,
    Either,
    Feature,
    Filter,
    Not,
    leaves,
)

__all__ = [
    "FIGURES",
    "NAMES",
    "TEXTS",
    "All",
    "Among",
    "Between",
    "Candidate",
    "Compare",
    "Completion",
    "Contains",
    "Either",
    "Expected",
    "Feature",
    "Field",
    "Filter",
    "FilterError",
    "Needs",
    "Not",
    "Vocabulary",
    "complete",
    "leaves",
    "needs",
    "parse",
    "show",
    "tells_measured",
]
