"""The lab's lines: the queue and its history, and what came of one change. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from engine.cache.pair_records import PairDetail
from engine.hh import SIDES, split_pair_id
from engine.live.queue import Experiment, Queue, Refusal, Result
from engine.plain import plain
from tui.screens.lab_tally import Tallies, Tally
from tui.screens.pair_features import feature_lines
from tui.screens.pair_head import before_and_after, on_pair
from tui.screens.pair_texts import marked
from tui.widgets.document import Page
from tui.widgets.figures import BOLD, FAINT, signed
from tui.widgets.words import differences
from tui.widgets.wrapping import rule, wrap

SIGNS = {"waiting": "·", "measuring": "▶", "done": "✓", "cancelled": "×"}
_TOLD_FEATURES = 8
_EMPTY = (
    "Nothing was measured yet. enter measures the pair as it is; e edits it, d deletes the pattern,"
    " i inserts it, a ablates features, and enter measures that. t says over which pairs."
)


@dataclass(frozen=True, slots=True)
class Against:
    """What results are held against."""

    heuristic: str | None
    noise_floor: float | None
    drifts: dict[int, float]
    """By pair, how far an unedited rescore was from the stored margin."""


def duration(seconds: float) -> str:
    """`40 s`, `3 min`, `2.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def queue_words(queue: Queue, state: str) -> str:
    """What the queue does, how long it has, and how to stop it."""
    if queue.held is not None and queue.left:
        return f"held, {queue.left:,} left · p goes on, X gives up"
    if not queue.busy:
        return f"nothing to measure · PM {state}"
    left = queue.left
    words = [f"{left:,} left", f"this one {duration(queue.elapsed)}"]
    if queue.pace is not None and left > 1:
        words.append(f"about {duration(queue.pace * left)} to go")
    return " · ".join([*words, f"PM {state}", "x stops it"])


def experiments_page(experiments: Sequence[Experiment], tallies: Tallies, width: int) -> Page:
    """The newest first, one line each, under a heading."""
    if not experiments:
        return Page(wrap(Text(_EMPTY), width))
    head = Text(f"  {'no':>3} {'pairs':>11} {'Δ margin':>8}  change", FAINT)
    newest_first = reversed(experiments)
    lines = [head, *(_experiment_line(made, tallies.of(made).mean, width) for made in newest_first)]
    return Page(lines, tuple(range(1, len(lines))))


def _experiment_line(made: Experiment, mean: float | None, width: int) -> Text:
    """What failed and what was kept stay in view, however long the change's words are."""
    progress = f"{made.tried:,}/{len(made.pairs):,}"
    tail = f"  ! {len(made.refusals):,} failed" if made.refusals else ""
    tail += f"  kept {len(made.kept):,}" if made.kept else ""
    sign = "!" if made.refusals and not made.results else SIGNS[made.status]
    figures = f"{sign} {made.number:>3} {progress:>11} {signed(mean, 8)}  "
    words = Text(plain(made.change.words, keep_newlines=False))
    words.truncate(max(width - len(figures) - len(tail), 1), overflow="ellipsis")
    return Text(figures).append_text(words).append(tail)


def results_page(
    made: Experiment, opened: int | None, against: Against, tally: Tally, width: int
) -> Page:
    """One result with its texts, or all of many by pair. `opened` is a place among many."""
    if opened is not None and opened < len(made.results):
        return _one(made, made.results[opened], against, width)
    if len(made.pairs) == 1 and made.results:
        return _one(made, made.results[0], against, width)
    return _many(made, against, tally, width)


def _one(made: Experiment, result: Result, against: Against, width: int) -> Page:
    rescored = result.rescored
    after = rescored.after
    kept = " · kept" if result.pair in made.kept else " · s keeps it"
    lines = [rule(f"{_name(after)} · {rescored.seconds:.1f} s{kept}", width)]
    lines += before_and_after(
        rescored, against.heuristic, against.noise_floor, against.drifts.get(result.pair)
    )
    on = on_pair(after, against.heuristic)
    for side in SIDES:
        stored, fresh = rescored.before.pair.response(side), after.pair.response(side)
        spans = on.spans if on is not None and on.bearer == side else ()
        lines.append(rule(f"{side} {'as stored' if stored == fresh else '· EDITED'}", width))
        shown = tuple((max(start, 0), end) for start, end in spans if end > 0)
        changed = None if stored == fresh else differences(stored, fresh)[1]
        lines += wrap(marked(fresh, shown, changed, ""), width)
    if after.features:
        lines.append(rule("features of this text, before any is changed", width))
        own = on.features if on else ()
        lines += feature_lines(after.features[:_TOLD_FEATURES], own, "attribution", width)
    return Page(lines)


def _many(made: Experiment, against: Against, tally: Tally, width: int) -> Page:
    lines = wrap(_summary(made, against, tally), width)
    if made.results:
        head = f"{'pair':<16}{'before':>9}{'after':>9}{'change':>9}  verdict"
        lines.append(Text(head, BOLD))
    anchors = range(len(lines), len(lines) + len(tally.lines))
    lines += tally.lines
    for refusal in made.refusals:
        lines += _refusal_lines(refusal, width)
    return Page(lines, tuple(anchors))


def _summary(made: Experiment, against: Against, tally: Tally) -> Text:
    done = f"{len(made.results):,} of {len(made.pairs):,} measured"
    if made.status == "cancelled":
        done += ", the rest stopped"
    parts = [done]
    if tally.mean is not None:
        spread = f"({tally.lowest:+.3f} to {tally.highest:+.3f})"
        parts.append(f"margin changed by {tally.mean:+.3f} on average {spread}")
    if tally.changes and made.change.is_none and against.noise_floor is not None:
        parts.append(f"{tally.within:,} within the noise floor {against.noise_floor:.2g}")
    ordered = tally.moves.most_common()
    moved = [f"{old} → {new} {count:,}" for (old, new), count in ordered if old != new]
    if made.results:
        parts.append(f"verdicts: {', '.join(moved) or 'all as stored'}")
    return Text(" · ".join(parts))


def _refusal_lines(refusal: Refusal, width: int) -> list[Text]:
    error = refusal.error
    _, row = split_pair_id(refusal.pair)
    todo = f" {error.todo}" if error.todo else ""
    said = plain(f"! row {row}: {error.what}.{todo}", keep_newlines=False)
    return wrap(Text(said, FAINT), width)


def _name(detail: PairDetail) -> str:
    name = detail.pair.name
    return plain(f"{name.split}:{name.row}", keep_newlines=False)
