"""The words that a filter of one index may hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.cache.pairs import PairStore
from engine.cache.records import HeuristicCard
from engine.filters import Vocabulary


def vocabulary(
    store: PairStore, cards: Sequence[HeuristicCard] = (), marks: Iterable[str] = ()
) -> Vocabulary:
    """The words of an index: of its sources, of what is looked at, and of a user's marks."""
    infos = store.sources.values()
    features = {feature: card.heuristic.name for card in cards for feature in card.features}
    return Vocabulary(
        tranches=tuple(store.tranches()),
        sources=tuple(dict.fromkeys(info.source for info in infos)),
        splits=tuple(dict.fromkeys(info.split for info in infos)),
        heuristics=tuple(card.heuristic.name for card in cards),
        marks=tuple(sorted(set(marks))),
        features=tuple(features.items()),
    )
