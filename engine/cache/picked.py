"""Which pairs a measurement takes: what `--pairs` names, a filter of what is known beforehand."""

from __future__ import annotations

from engine.cache.filter_sql import TRUE, Known, condition
from engine.cache.pairs import PairStore
from engine.cache.words import vocabulary
from engine.errors import UserError
from engine.filters import (
    Among,
    Between,
    Compare,
    Contains,
    Feature,
    Filter,
    FilterError,
    Needs,
    leaves,
    needs,
    parse,
)
from engine.filters.tree import Test

_UNKNOWN: dict[Needs, str] = {
    "run": "a figure of a run, and the pairs are picked before one is measured",
    "heuristic": "known of a verdict, and the pairs are picked before any is passed",
    "triage": "a mark of the browser's user, whom a run does not ask",
}


def chosen_ids(store: PairStore, wanted: str) -> list[int]:
    """The ids that `--pairs` names: `all`, or a filter of what is known of a pair alone.

    Raises:
        UserError: it is no filter, speaks of what only a run could tell, or picks no pair.
    """
    sources = {at: (info.source, info.split) for at, info in store.sources.items()}
    picked = TRUE
    if wanted != "all":
        picked = condition(_read(wanted, store), "pairs", Known(sources, {}, 0.0))
    found = store.ids_where(picked.sql, picked.values)
    if not found:
        raise UserError(
            f'"{wanted}" picks no pairs',
            where="--pairs",
            todo=f"The index has {store.count():,}, in these tranches: "
            f"{', '.join(store.tranches())}.",
        )
    return found


def _read(wanted: str, store: PairStore) -> Filter:
    try:
        tree = parse(wanted, vocabulary(store))
    except FilterError as error:
        where = f"--pairs, column {error.column}"
        raise UserError(error.what, where=where, todo=error.todo) from None
    if tree is None:
        raise UserError(
            "it names no pairs", where="--pairs", todo="Write `bearers`, `all`, or a filter."
        )
    for test in leaves(tree):
        needed = needs(test)
        if needed != "pair":
            raise UserError(
                f'"{_word(test)}" is {_UNKNOWN[needed]}',
                where="--pairs",
                todo="A run's pairs are picked by row, tranche, source, split and texts.",
            )
    return tree


def _word(test: Test) -> str:
    match test:
        case Compare(word) | Between(word) | Among(word) | Contains(word):
            return word
        case Feature(what, number):
            return f"{what}:{number}"
