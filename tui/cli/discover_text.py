"""A discovery in words and tables, for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.discovery import Deleted, Discovered, Discovery
from engine.report.wording import bare, between, figure, signed
from engine.verdict import Interval
from tui.cli.wording import columns, wrapped

_HEADS = ("", "chosen", "reject", "label z", "push", "z", "label", "PM")
_LONGEST = 24
_SAYS = {
    "lowers": "It lowers reward: the PM holds it against a response",
    "raises": "It raises reward: the PM holds it for a response",
}


def discovery_text(made: Discovery) -> Iterator[str]:
    """The discovery's lines."""
    yield f"Run {made.run} on the index {bare(made.index)}"
    yield from wrapped(
        f"{made.measured:,} of {made.pairs:,} pairs have a margin. Of what at least"
        f" {made.min_pairs} pairs bear, {made.ngrams_found:,} of {made.ngrams_tested:,} n-grams"
        f" and {made.features_found:,} of {made.features_tested:,} features pass at a false"
        f" discovery rate of {made.rate:.0%} each.",
        2,
    )
    yield from wrapped(
        "push: what a bearer's reward gains beyond what the pair's label, its tranche and the"
        f" responses' lengths (slope {signed(made.length_slope)}) account for. label: bearers"
        f" that were chosen; PM: that the PM expects to be, at T = {_temperature(made)}."
        " *: its push goes beyond what the labels of all bearers support.",
        2,
    )
    for direction, said in _SAYS.items():
        for what in ("n-gram", "feature"):
            rows = [one for one in made.found if (one.direction, one.what) == (direction, what)]
            if rows:
                yield ""
                yield f"{said} ({what}s)"
                yield from _table(rows)
    if not made.found:
        yield "  Nothing passes."


def _temperature(made: Discovery) -> str:
    return "1, for want of a best one" if made.temperature is None else figure(made.temperature)


def _table(rows: Sequence[Discovered]) -> Iterator[str]:
    head, *lines = columns([_HEADS, *((_name(one), *_cells(one)) for one in rows)], indent=2)
    yield head
    for one, line in zip(rows, lines, strict=True):
        yield line
        if one.also:
            yield from wrapped(f"also: {bare(', '.join(one.also))}", 6, 8)
        if one.deletion is not None:
            yield from wrapped(_deletion(one.deletion), 6, 8)


def _name(one: Discovered) -> str:
    mark = "*" if one.beyond_labels else " "
    shown = bare(one.text if one.label is None else f"{one.text} {one.label}")
    return f"{mark} {shown if len(shown) <= _LONGEST else f'{shown[: _LONGEST - 1]}…'}"


def _cells(one: Discovered) -> tuple[str, ...]:
    return (
        f"{one.chosen_only:,}",
        f"{one.rejected_only:,}",
        f"{one.label_z:+.1f}",
        signed(one.push),
        f"{one.push_z:+.1f}",
        f"{one.label_share:.0%}",
        f"{one.pm_share:.0%}",
    )


def _deletion(made: Deleted) -> str:
    control = "" if made.control is None else f"; a random span's: {signed(-made.control)}"
    effect = between(Interval(made.mean, made.low, made.high), flipped=True)
    return f"deleting it from {made.bearers:,} bearers changes reward by {effect}{control}"
