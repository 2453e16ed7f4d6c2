"""An index and a PM that answer from memory: sixty pairs, four heuristics, every verdict.

numpy is imported where an answer needs it, as the real reader does, so that a test can see what
the first frame leaves out.
"""

from __future__ import annotations

import asyncio
import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cache.breakdown import (
    Bar,
    Breakdown,
    RunningWithout,
    SideTokens,
    TokenEffects,
    Waterfall,
)
from engine.cache.comparison_records import Comparison, NaturalAgainstCustom, PairInRun
from engine.cache.feature_records import FeatureDetail
from engine.cache.pair_records import (
    Cell,
    FeatureOnPair,
    Found,
    HeuristicOnPair,
    PairDetail,
    PairRow,
    Said,
    Undone,
)
from engine.cache.pins import UserPins
from engine.cache.records import (
    HeuristicCard,
    Overview,
    Query,
    RunCard,
    Suspect,
    Suspicion,
    TrancheCard,
)
from engine.cache.triage_line import Triage
from engine.errors import UserError
from engine.filters import Vocabulary
from engine.heuristics import Heuristic, Kind, compile_heuristic
from engine.hh import Pair, PairName, Side
from engine.live.edit import Edit, Rescored
from engine.plain import plain
from engine.verdict import Held, Judgement, Outvoter, Thresholds, Verdict
from tests.engine.filters.meaning import figure_of, holds
from tests.tui.fake_comparison import OTHERS, make_comparison, make_customs, make_runs
from tests.tui.fake_features import make_feature

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from engine.cache.custom import CustomPair
    from engine.cache.sealed import Standing
    from engine.cache.triage_report import TriageReport

TRANCHES = ("harmless-base", "helpful-base", "helpful-online", "helpful-rejection-sampled")
HEURISTICS = (
    Heuristic("url", "https://"),
    Heuristic("dont-know", "I don't know", fold=True),
    Heuristic("pleasure", "My pleasure", direction="raises"),
    Heuristic("right", "You're right", direction="auto"),
)
THRESHOLDS = Thresholds(margin=0.1, vote=0.12, silent_activation=0.3)
COUNTER = (
    Verdict.OUTVOTED,
    Verdict.OUTVOTED,
    Verdict.PM_WRONG,
    Verdict.SILENT,
    Verdict.INERT,
    Verdict.CONTRARY,
    Verdict.SAE_MISS,
    Verdict.TIE,
    Verdict.NO_FEATURE,
    Verdict.UNMEASURED,
)
CONFORM = (Verdict.FOLLOWED, Verdict.FOLLOWED, Verdict.INERT, Verdict.PM_WRONG)
PAIRS = 60

HOSTILE: dict[int, str] = {
    3: "[bold red]markup?[/] [/x] [@click=app.quit]press[/] \x1b[31mred\x1b[2J\x07 \u202ereversed",
    7: "これは日本語の文章です。" * 12 + "🙂👩‍👩‍👧 e\u0301 \x00 \x85 \u2028",
    11: "long " * 20_000,
    13: "x" * 100_000,
    17: " ",
    19: "",
}
"""Beginnings of chosen responses, by row: what a screen must survive."""


def _texts(row: int, pattern: str, bearer: Side) -> tuple[str, str]:
    shared = " Well, that depends on what you want"
    bare = f"{shared} to find out. A library might help with question {row}."
    bears = f"{shared} of it. See {pattern} for more, or ask question {row} again."
    chosen, rejected = (bears, bare) if bearer == "chosen" else (bare, bears)
    if row in HOSTILE:
        start = HOSTILE[row]
        chosen = start if not start.strip() else f" {start} {chosen}"
    return chosen, rejected


def _kind(row: int) -> Kind:
    return "conforming" if row % 5 == 4 else "counterexample"


def _bearer(heuristic: Heuristic, kind: Kind) -> Side:
    lowers = heuristic.direction != "raises"
    return "chosen" if lowers == (kind == "counterexample") else "rejected"


def _judgement(row: int, kind: Kind) -> Judgement:
    if kind == "counterexample":
        verdict = COUNTER[(row // len(HEURISTICS)) % len(COUNTER)]
    else:
        verdict = CONFORM[row % len(CONFORM)]
    by: Outvoter = "error" if row % 8 == 0 else "features"
    signs = {Verdict.OUTVOTED: 0.42, Verdict.FOLLOWED: 0.37, Verdict.CONTRARY: -0.3}
    measured = verdict is not Verdict.UNMEASURED
    return Judgement(
        verdict=verdict,
        confident=verdict is Verdict.PM_WRONG,
        by=by if verdict is Verdict.OUTVOTED else None,
        vote=signs.get(verdict, 0.02) if measured else None,
        runner_up=Verdict.INERT if measured else None,
        distance=1.4 if measured else None,
    )


def _margin(row: int, verdict: Verdict) -> float | None:
    if verdict is Verdict.UNMEASURED:
        return None
    if verdict is Verdict.TIE:
        return 0.03
    return -1.2 - row / 100 if verdict is Verdict.PM_WRONG else 0.4 + row / 50


def make_detail(row: int) -> PairDetail:
    """One pair and all that is known of it."""
    heuristic = HEURISTICS[row % len(HEURISTICS)]
    kind = _kind(row)
    bearer = _bearer(heuristic, kind)
    chosen, rejected = _texts(row, heuristic.pattern, bearer)
    pair = Pair(
        id=1 << 40 | row,
        name=PairName("fake.jsonl", "test", row),
        tranche=TRANCHES[row % 3],
        context=(
            "\n\nHuman: Hello there.\n\nAssistant: Hello! What can I do?"
            f"\n\nHuman: Where do I read about thing {row}?\n\nAssistant:"
        ),
        chosen=chosen,
        rejected=rejected,
    )
    judgement = _judgement(row, kind)
    margin = _margin(row, judgement.verdict)
    measured = margin is not None
    start = pair.response(bearer).find(heuristic.pattern)
    on = HeuristicOnPair(
        heuristic=heuristic,
        kind=kind,
        bearer=bearer,
        spans=((start, start + len(heuristic.pattern)),) if start >= 0 else (),
        features=(11612, 15487),
        in_sample=row % 2 == 0,
        judgement=judgement,
        thresholds=THRESHOLDS,
        decisive=row % 3 == 0 if measured else None,
        effect=-0.42 if measured else None,
        activation=2.5 if measured else None,
        effect_all=-0.55 if measured else None,
        random_effect=0.01 if measured else None,
        deletion_effect=-0.61 if measured else None,
        control_effect=0.02 if measured else None,
        drop_without_others=1.1 if measured else None,
        drop_without_error=0.3 if measured else None,
        effect_over_response=-0.77 if measured else None,
    )
    features = tuple(
        FeatureOnPair(
            feature=number,
            label=label,
            activation_chosen=1.5 + place,
            activation_rejected=0.25 * place,
            attribution=(-1) ** place * (0.9 - place / 10),
            effect=None if place > 3 else 0.5 - place / 5,
        )
        for place, (number, label) in enumerate(
            (
                (24651, "a URL's slash"),
                (11612, "does not know"),
                (15487, None),
                (32744, "thanks [no] problem"),
                (2420, "an outlier 維度"),
                (4353, None),
            )
        )
    )
    return PairDetail(
        pair=pair,
        run="0123456789abcdef" if measured else None,
        reward_chosen=None if margin is None else margin - 0.5,
        reward_rejected=None if margin is None else -0.5,
        margin=margin,
        margin_sae=None if margin is None else margin * 0.9,
        heuristics=(on,),
        features=features if measured else (),
        mark=None,
        note=None,
        flags=("label-suspect",) if row % 10 == 9 else (),
    )


def _suspicions(detail: PairDetail) -> tuple[Suspicion, ...]:
    return ("tied",) if detail.flags else ()


def _suspect(detail: PairDetail) -> tuple[Suspect, ...]:
    """What of the facet `label` the pair is."""
    return ("yes", *_suspicions(detail)) if detail.flags else ("no",)


DETAILS = {detail.pair.id: detail for detail in map(make_detail, range(PAIRS))}


def make_row(detail: PairDetail, mark: str | None) -> PairRow:
    """The pair's line in the list."""
    on = detail.heuristics[0]
    text = detail.pair.response(on.bearer)
    start, end = on.spans[0] if on.spans else (0, 0)
    before, match, after = text[max(start - 40, 0) : start], text[start:end], text[end : end + 60]
    return PairRow(
        id=detail.pair.id,
        label=f"{detail.pair.name.split}:{detail.pair.name.row}",
        tranche=detail.pair.tranche,
        kind=on.kind,
        verdict=on.judgement.verdict,
        by=on.judgement.by,
        margin=detail.margin,
        margin_sae=detail.margin_sae,
        effect=on.effect,
        opposer=24651 if detail.margin is not None else None,
        before=plain(before, keep_newlines=False),
        match=plain(match, keep_newlines=False),
        after=plain(after, keep_newlines=False),
        mark=mark,
    )


def _counts(name: str, kind: Kind) -> dict[Verdict, int]:
    counts: dict[Verdict, int] = {}
    for detail in DETAILS.values():
        on = detail.heuristics[0]
        if on.heuristic.name == name and on.kind == kind:
            counts[on.judgement.verdict] = counts.get(on.judgement.verdict, 0) + 1
    return counts


def _card(heuristic: Heuristic, held: Held, coverage: float, deletion: float) -> HeuristicCard:
    return HeuristicCard(
        heuristic=heuristic,
        held=held,
        chosen_only=8,
        rejected_only=7,
        both=1,
        counterexamples=_counts(heuristic.name, "counterexample"),
        conforming=_counts(heuristic.name, "conforming"),
        features=(11612, 15487),
        coverage=coverage,
        deletion_effect=deletion,
    )


RUN = RunCard(
    run="0123456789abcdef",
    pm="tiny-pm",
    sae="gated-l4",
    hook="transformer.h.4",
    readout="last-text",
    dtype="float32",
    pairs=PAIRS,
    noise_floor=2.4e-6,
    margin_threshold=0.1,
    fvu=0.213,
    reward_recovered=0.931,
)
OVERVIEW = Overview(
    index="fake",
    pairs=PAIRS,
    run=RUN,
    heuristics=(
        _card(HEURISTICS[0], "held", 0.92, -0.31),
        _card(HEURISTICS[1], "not held", 1.1, 0.2),
        _card(HEURISTICS[2], "undetermined", 0.03, 0.01),
        _card(HEURISTICS[3], "held", 0.7, -0.2),
    ),
    tranches=tuple(
        TrancheCard(tranche, 15, 15 - place, margin, accuracy)
        for place, (tranche, margin, accuracy) in enumerate(
            zip(TRANCHES, (-1.157, 2.284, 0.915, None), (0.347, 0.757, 0.589, None), strict=True)
        )
    ),
)


@dataclass
class FakeReader:
    """An index in memory. `asked` and `written` tell what the screens did with it."""

    asked: list[Query] = field(default_factory=list)
    written: list[tuple[int, str | None, str | None]] = field(default_factory=list)
    """Every state of a pair's triage, as lines of the file: id, mark, note."""
    blind: set[int] = field(default_factory=set)
    others: dict[str, dict[int, tuple[str | None, str | None]]] = field(default_factory=dict)
    """What other users marked and noted."""
    _undone: list[tuple[int, str | None, str | None]] = field(default_factory=list)
    kept: list[CustomPair] = field(default_factory=list)
    kept_heuristics: list[Heuristic] = field(default_factory=list)
    ahead: list[int] = field(default_factory=list)
    """The pairs that were read before anybody asked for them."""
    closed: bool = False
    failing: UserError | None = None
    unwritable: UserError | None = None
    """Why nothing can be pinned."""
    pinned: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """By `Heuristic.key`."""
    shown: Overview = OVERVIEW
    endless: bool = False
    """Whether a new pattern is counted until nobody waits for it any more."""

    def overview(self) -> Overview:
        return self.shown

    def read_ahead(self, identifier: int | None = None) -> None:
        if identifier is not None:
            self.ahead.append(identifier)

    def ids(self, query: Query) -> npt.NDArray[np.int64]:
        import numpy as np

        if self.failing is not None:
            raise self.failing
        self.asked.append(query)
        kept = [detail for detail in DETAILS.values() if self._matches(detail, query)]
        kept.sort(key=_sort_key(query), reverse=query.descending)
        if query.sample is not None:
            random.Random(query.sample.seed).shuffle(kept)
            kept = kept[: query.sample.size]
        return np.array([detail.pair.id for detail in kept], dtype=np.int64)

    def _matches(self, detail: PairDetail, query: Query) -> bool:
        on = detail.heuristics[0]
        texts = "\0".join(detail.pair.transcripts).lower()
        return (
            query.heuristic in (None, on.heuristic.name)
            and query.kind in (None, on.kind)
            and (not query.verdicts or on.judgement.verdict in query.verdicts)
            and query.tranche in (None, detail.pair.tranche)
            and query.text.lower() in texts
            and (not query.marks or (self.marks().get(detail.pair.id) or "none") in query.marks)
            and query.suspect in (None, *_suspect(detail))
            and query.seen in (None, detail.seen)
            and holds(query.filter, detail)
        )

    def found(self, query: Query) -> Iterator[Found]:
        ids = self.ids(query)
        if query.text:  # as a search does: some of them first
            yield Found(ids[: len(ids) // 2], PAIRS // 2, complete=False)
        yield Found(ids, PAIRS, complete=True)

    def cells(self, query: Query) -> tuple[Cell, ...]:
        marks = self.marks()
        listed = replace(
            query,
            kind=None,
            verdicts=frozenset(),
            tranche=None,
            marks=frozenset(),
            suspect=None,
            seen=None,
        )
        kept = [detail for detail in DETAILS.values() if self._matches(detail, listed)]
        alike = Counter(
            (
                detail.heuristics[0].kind,
                detail.heuristics[0].judgement.verdict,
                detail.pair.tranche,
                marks.get(detail.pair.id),
                _suspicions(detail),
                detail.seen,
            )
            for detail in kept
        )
        return tuple(Cell(*told, count) for told, count in alike.items())

    def vocabulary(self) -> Vocabulary:
        return Vocabulary(
            tranches=TRANCHES, heuristics=tuple(made.name for made in HEURISTICS), marks=("clear",)
        )

    def look_at(self, heuristic: Heuristic, unwanted: threading.Event | None = None) -> Overview:
        if any(card.heuristic.name == heuristic.name for card in self.shown.heuristics):
            raise UserError(f'there is a heuristic "{heuristic.name}" already')
        compile_heuristic(heuristic)
        if self.endless and unwanted is not None and unwanted.wait(30):
            raise UserError("it is not counted any more")
        card = HeuristicCard(
            heuristic=heuristic,
            held="unmeasured",
            chosen_only=3,
            rejected_only=2,
            both=1,
            counterexamples={Verdict.UNMEASURED: 3},
            conforming={Verdict.UNMEASURED: 2},
            features=(),
            coverage=None,
            deletion_effect=None,
        )
        self.shown = replace(self.shown, heuristics=(*self.shown.heuristics, card))
        return self.shown

    def keep_heuristic(self, heuristic: Heuristic) -> Path:
        self.kept_heuristics.append(heuristic)
        return Path("heuristics.toml")

    def rows(self, ids: npt.NDArray[np.int64], query: Query) -> tuple[PairRow, ...]:
        marks = self.marks()
        return tuple(make_row(DETAILS[int(i)], marks.get(int(i))) for i in ids)

    def pair(self, identifier: int) -> PairDetail:
        mark, note = self._said(identifier)
        others = tuple(
            Said(user, *said[identifier])
            for user, said in self.others.items()
            if identifier in said
        )
        return replace(DETAILS[identifier], mark=mark, note=note, others=others)

    def standing(self) -> Standing | None:
        from engine.cache.sealed import Standing

        tranches = tuple(TRANCHES[row % 3] for row in range(PAIRS))
        margins = tuple((row * 37 % PAIRS - 20) / 20 for row in range(PAIRS))
        return Standing(True, tuple(DETAILS), tranches, tuple(map(str, range(PAIRS))), margins)

    def other_runs(self) -> tuple[str, ...]:
        return OTHERS

    def compare(self, other: str) -> Comparison:
        return make_comparison(RUN, other, list(DETAILS.values()), HEURISTICS)

    def over_runs(self, identifier: int) -> tuple[PairInRun, ...]:
        return make_runs(RUN, DETAILS[identifier])

    def customs(self) -> tuple[NaturalAgainstCustom, ...]:
        return make_customs(HEURISTICS)

    def feature(self, feature: int) -> FeatureDetail:
        from engine.cache.feature import with_pins

        made = make_feature(feature, list(DETAILS.values()), HEURISTICS)
        others = [UserPins("ana", {HEURISTICS[1].key: (24651,)})]
        return with_pins(made, UserPins("me", self.pinned), others)

    def pins(self) -> Mapping[str, tuple[int, ...]]:
        return dict(self.pinned)

    def pin(self, heuristic: Heuristic, feature: int, *, pinned: bool) -> tuple[int, ...]:
        if self.unwritable is not None:
            raise self.unwritable
        others = {*self.pinned.get(heuristic.key, ())} - {feature}
        made = tuple(sorted(others | {feature} if pinned else others))
        self.pinned |= {heuristic.key: made}
        return made

    def _said(self, identifier: int) -> tuple[str | None, str | None]:
        said = (made[1:] for made in reversed(self.written) if made[0] == identifier)
        return next(said, (None, None))

    def mark(self, identifier: int, mark: str | None, *, hidden: bool = False) -> None:
        self._write(identifier, mark, self._said(identifier)[1])
        self.blind |= {identifier} if hidden else set()

    def note(self, identifier: int, note: str | None) -> None:
        self._write(identifier, self._said(identifier)[0], note)

    def _write(self, identifier: int, mark: str | None, note: str | None) -> None:
        self._undone.append((identifier, *self._said(identifier)))
        self.written.append((identifier, mark, note))

    def undo(self) -> Undone | None:
        if not self._undone:
            return None
        before = self._undone.pop()
        self.written.append(before)
        return Undone(str(DETAILS[before[0]].pair.name), *before)

    def triage(self, heuristic: str | None) -> TriageReport:
        from engine.cache.triage_report import Known, triage_report

        own = {i: (mark, note) for i, mark, note in self.written}
        said = {"me": own, **self.others}
        words = {
            user: {
                at: Triage(
                    *DETAILS[at].pair.name,
                    "",
                    mark,
                    note,
                    "",
                    blind=mark if user == "me" and at in self.blind else None,
                )
                for at, (mark, note) in given.items()
            }
            for user, given in said.items()
        }
        known = Known(
            labels={at: str(detail.pair.name) for at, detail in DETAILS.items()},
            contexts={at: str(at) for at in DETAILS},
            margins={a: d.margin for a, d in DETAILS.items() if d.margin is not None},
            threshold=THRESHOLDS.margin,
            verdicts={
                at: detail.heuristics[0].judgement.verdict
                for at, detail in DETAILS.items()
                if detail.heuristics[0].heuristic.name == heuristic
            },
        )
        return triage_report(heuristic, words, known)

    def marks(self) -> dict[int, str]:
        last = {identifier: mark for identifier, mark, _ in self.written}
        return {identifier: mark for identifier, mark in last.items() if mark is not None}

    def keep(self, customs: Sequence[CustomPair]) -> Path:
        self.kept += customs
        return Path("custom/me.jsonl")

    def leave(self) -> None:
        """Nothing takes long here."""

    def close(self) -> None:
        self.closed = True


def _sort_key(query: Query) -> Callable[[PairDetail], float]:
    def figure(detail: PairDetail) -> float:
        found = figure_of(detail, query.sort)
        return float("inf") if found is None else found

    return figure


def make_breakdown(detail: PairDetail) -> Breakdown:
    """A margin taken apart: words as tokens, and bars that add up to it."""
    margin = detail.margin or 0.0
    on = detail.heuristics[0]
    bars = [
        Bar("own", on.features, -0.42),
        Bar("feature", (24651,), 0.9),
        Bar("feature", (2420,), -0.25),
        Bar("rest", (), 0.05),
        Bar("error", (), 0.1),
    ]
    sides = []
    for text in (detail.pair.chosen, detail.pair.rejected):
        spans = tuple(word.span() for word in re.finditer(r"\s*\S+", text[:4000]))
        values = tuple((-1) ** at * (at % 10) / 10 for at in range(len(spans)))
        entries = tuple((at, value) for at, value in enumerate(values) if at % 3 == 0)
        without = (RunningWithout(on.features, values[::-1]),)
        by_feature = dict.fromkeys(on.features, entries)
        sides.append(SideTokens(spans, values, by_feature, values, without))
    baseline = margin - sum(bar.size for bar in bars)
    waterfall = Waterfall(on.heuristic.name, margin, tuple(bars), baseline)
    return Breakdown(TokenEffects(*sides), (waterfall,))


@dataclass
class FakeRescorer:
    """A PM that finds every margin a little lower, and an edited pair's effect silent."""

    wait: float = 0.0
    failing: UserError | None = None
    edits: list[Edit] = field(default_factory=list)
    before: list[PairDetail] = field(default_factory=list)
    broken_down: list[PairDetail] = field(default_factory=list)
    settled: int = 0
    closed: bool = False

    async def rescore(self, before: PairDetail, edit: Edit) -> Rescored:
        self.edits.append(edit)
        self.before.append(before)
        await asyncio.sleep(self.wait)
        if self.failing is not None:
            raise self.failing
        pair = before.pair
        if edit.response_chosen is not None:
            pair = replace(pair, chosen=edit.response_chosen)
        if edit.response_rejected is not None:
            pair = replace(pair, rejected=edit.response_rejected)
        step = 1e-6 if edit.is_none else 0.25
        margin = (before.margin or 0.0) - step
        on = before.heuristics[0]
        start = pair.response(on.bearer).find(on.heuristic.pattern)
        spans = ((start, start + len(on.heuristic.pattern)),) if start >= 0 else ()
        heuristics = (replace(on, spans=spans),)
        after = replace(before, run=RUN.run, pair=pair, margin=margin, heuristics=heuristics)
        return Rescored(before=before, after=after, seconds=0.7, edit=edit)

    async def break_down(self, before: PairDetail) -> Breakdown:
        self.broken_down.append(before)
        await asyncio.sleep(self.wait)
        if self.failing is not None:
            raise self.failing
        return make_breakdown(before)

    async def settle(self) -> None:
        self.settled += 1

    async def close(self) -> None:
        self.closed = True

    @property
    def state(self) -> str:
        return "ready"
