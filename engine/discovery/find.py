"""From an open index and its run to what the PM holds against responses, or for them."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.cache.keys import keys_of
from engine.cache.reader import IndexReader
from engine.cache.sealed import no_run
from engine.discovery.figures import Bearings, Figures, Sums, bearings, figures, sums
from engine.discovery.margins import Margins, adjusted
from engine.discovery.merge import merged
from engine.discovery.ngrams import Texts, ngrams, read_texts
from engine.discovery.records import Discovered, Discovery, Pushed
from engine.discovery.statistics import false_discovery_control
from engine.heuristics.ngram import ngram_pattern

RATE = 0.05
"""Of what is told, at most so large a share is there by chance."""
MIN_PAIRS = 20
TOP = 50
EXAMPLES = 3


@dataclass(frozen=True, slots=True, eq=False)
class _Family:
    """Things that are tested together: all n-grams of one length, or all features."""

    sums: Sums
    figures: Figures
    numbers: npt.NDArray[np.int64]
    """[things, words] places in the vocabulary, or [things, 1] numbers of features."""
    bearings: Bearings | None
    """Of n-grams that may be told."""

    def tested(self, least: int) -> npt.NDArray[np.bool_]:
        """[things]: which of them enough pairs and enough margins speak of."""
        made = self.sums
        carried = made.chosen_only + made.rejected_only
        measured = made.measured_chosen + made.measured_rejected
        return (np.minimum(carried, measured) >= least) & np.isfinite(self.figures.push_z)


@dataclass(frozen=True, slots=True)
class _Finding:
    """One thing that is told: of which family, which one, and its q."""

    family: _Family
    thing: int
    q: float

    @property
    def z(self) -> float:
        return float(self.family.figures.push_z[self.thing])

    @property
    def direction(self) -> Pushed:
        return "raises" if self.z > 0 else "lowers"


def discover(
    reader: IndexReader, *, min_pairs: int = MIN_PAIRS, top: int = TOP, examples: int = EXAMPLES
) -> Discovery:
    """Look through every n-gram of the responses, and every feature with stored activations.

    Args:
        reader: of an index with a run.
        min_pairs: what fewer pairs than that bear, or have a margin for, is not tested.
        top: how many n-grams, and how many features, to tell of either direction.
        examples: how many bearers to name of each n-gram.

    Raises:
        UserError: the index has no run, or next to no margins.
    """
    if reader.run is None:
        raise no_run(reader.paths)
    texts = read_texts((chosen, rejected) for _, chosen, rejected in reader.store.iter_responses())
    pairs = reader.bulk.indexed_pairs()
    lengths = np.bincount(texts.response, minlength=2 * texts.pairs).reshape(-1, 2)
    margins = adjusted(pairs.margins, pairs.tranches, lengths.astype(np.float64))
    phrases = list(_ngram_families(texts, margins, min_pairs))
    firing = _feature_family(reader, pairs.ids, margins)
    ngrams_tested, ngrams_found = _found(phrases, min_pairs)
    features_tested, features_found = _found([firing], min_pairs)
    teller = _Teller(reader, pairs.ids, texts, margins, examples)
    told: list[Discovered] = []
    for direction in ("lowers", "raises"):
        told += teller.ngrams([one for one in ngrams_found if one.direction == direction], top)
        told += teller.features([one for one in features_found if one.direction == direction], top)
    return Discovery(
        run=reader.run.run,
        index=reader.paths.name,
        pairs=texts.pairs,
        measured=margins.known,
        temperature=margins.temperature,
        length_slope=margins.length_slope,
        min_pairs=min_pairs,
        rate=RATE,
        ngrams_tested=ngrams_tested,
        ngrams_found=len(ngrams_found),
        features_tested=features_tested,
        features_found=len(features_found),
        found=tuple(told),
    )


def _ngram_families(texts: Texts, margins: Margins, floor: int) -> Iterator[_Family]:
    for carried in ngrams(texts, floor):
        made = bearings(carried.thing, carried.response, len(carried.ngrams))
        added = sums(made, margins)
        worked = figures(added)
        # Whatever Benjamini and Hochberg keep has a p of at most their rate.
        yield _Family(added, worked, carried.ngrams, made.only(worked.p <= RATE))


def _feature_family(reader: IndexReader, ids: npt.NDArray[np.int64], margins: Margins) -> _Family:
    known = np.isfinite(margins.margin)
    numbers, columns = reader.bulk.firing(
        ids[known], margins.margin[known], margins.residual[known], margins.agreed[known]
    )
    added = Sums(
        measured_chosen=columns["chosen_only"],
        measured_rejected=columns["rejected_only"],
        **columns,
    )
    return _Family(added, figures(added), numbers[:, None], None)


def _found(families: list[_Family], least: int) -> tuple[int, list[_Finding]]:
    """How many things were tested, and those that pass, the clearest first."""
    tested = [np.flatnonzero(family.tested(least)) for family in families]
    p = np.concatenate(
        [family.figures.p[which] for family, which in zip(families, tested, strict=True)]
    )
    q = iter(false_discovery_control(p).tolist())
    passing = [
        _Finding(family, thing, rate)
        for family, which in zip(families, tested, strict=True)
        for thing, rate in zip(which.tolist(), q, strict=False)
        if rate <= RATE
    ]
    # Of two that the same responses carry, the longer one says more.
    return len(p), sorted(passing, key=lambda one: (-abs(one.z), -one.family.numbers.shape[1]))


class _Teller:
    """Findings as records."""

    def __init__(
        self,
        reader: IndexReader,
        ids: npt.NDArray[np.int64],
        texts: Texts,
        margins: Margins,
        examples: int,
    ) -> None:
        self._store = reader.store
        self._ids = ids
        self._texts = texts
        self._margins = margins
        self._labels = reader.labels
        self._examples = examples
        self._known = float(np.nansum(margins.margin))

    def ngrams(self, findings: list[_Finding], top: int) -> Iterator[Discovered]:
        """The first of them, those that say the same as one."""
        named = merged(
            range(len(findings)),
            lambda at: _pairs(findings[at]),
            top,
        )
        for at, others in named.items():
            also = tuple(" ".join(self._words(findings[other])) for other in others)
            words = self._words(findings[at])
            told = self._told(findings[at], " ".join(words), ngram_pattern(words), None, also)
            yield replace(told, examples=self._named(_pairs(findings[at])))

    def features(self, findings: list[_Finding], top: int) -> Iterator[Discovered]:
        """The first of them."""
        for one in findings[:top]:
            feature = int(one.family.numbers[one.thing, 0])
            yield self._told(one, str(feature), None, self._labels.get(feature), ())

    def _named(self, pairs: npt.NDArray[np.int32]) -> tuple[str, ...]:
        keys = keys_of(self._store, self._ids[pairs].tolist())
        lowest = heapq.nsmallest(self._examples, keys, key=lambda at: (keys[at].content_hash, at))
        return tuple(str(self._store.name_of(identifier)) for identifier in lowest)

    def _words(self, one: _Finding) -> list[str]:
        return [self._texts.vocabulary[at] for at in one.family.numbers[one.thing].tolist()]

    def _told(
        self,
        one: _Finding,
        text: str,
        found_by: str | None,
        label: str | None,
        also: tuple[str, ...],
    ) -> Discovered:
        made, worked, at = one.family.sums, one.family.figures, one.thing
        chosen, rejected = made.measured_chosen[at], made.measured_rejected[at]
        measured = chosen + rejected
        on_chosen, on_rejected = made.margin_chosen[at], made.margin_rejected[at]
        without = self._margins.known - measured
        return Discovered(
            what="feature" if found_by is None else "n-gram",
            text=text,
            pattern=found_by,
            label=label,
            direction=one.direction,
            chosen_only=int(made.chosen_only[at]),
            rejected_only=int(made.rejected_only[at]),
            both=int(made.both[at]),
            label_log_odds=float(worked.label_log_odds[at]),
            label_z=float(worked.label_z[at]),
            measured=int(measured),
            push=float(worked.push[at]),
            push_z=one.z,
            q=one.q,
            margin_chosen_only=_mean(on_chosen, chosen),
            margin_rejected_only=_mean(on_rejected, rejected),
            margin_without=_mean(self._known - on_chosen - on_rejected, without),
            label_share=float(chosen / measured),
            pm_share=float(made.expected[at] / measured),
            excess_z=float(worked.excess_z[at]),
            also=also,
            examples=(),
        )


def _pairs(one: _Finding) -> npt.NDArray[np.int32]:
    if one.family.bearings is None:
        raise ValueError("the pairs of features are not kept")
    return one.family.bearings.pairs_of(one.thing)


def _mean(total: float, count: float) -> float | None:
    return float(total / count) if count else None
