"""How reports write figures and texts of data sets, wherever they are read."""

from __future__ import annotations

from engine.cache.records import Suspicion
from engine.plain import plain
from engine.verdict import Interval, NoTemperature, TemperatureInterval

NONE = "-"

WHY_SUSPECT: dict[Suspicion, str] = {
    "identical": "both sides are the same text",
    "tied": "the PM gives both sides one reward",
    "contradicted": "the same pair, or nearly, has the opposite label elsewhere",
    "near-duplicate": "it repeats an earlier pair, label and all",
    "called-wrong": "several PMs call the label wrong with confidence",
}

WHY_NO_TEMPERATURE: dict[NoTemperature, str] = {
    "no pairs": "it has no pairs",
    "mean margin <= 0": "its mean margin is not above zero: the flatter the better",
    "no margin below zero": "no margin is below zero: the steeper the better",
}


def bare(text: str) -> str:
    """Text of a data set, a model or a file on one line that is safe to print."""
    return plain(text, keep_newlines=False)


def figure(value: float | None) -> str:
    """Three significant digits."""
    return NONE if value is None else f"{value:.3g}"


def ratio(value: float | None) -> str:
    """Four decimals: what lies close to 1 must not be rounded to it too soon."""
    return NONE if value is None else f"{value:.4f}"


def signed(value: float | None) -> str:
    """A reward or a margin."""
    return NONE if value is None else f"{value:+.3f}"


def percent(value: float | None) -> str:
    """A share, to a tenth of a percent."""
    return NONE if value is None else f"{value:.1%}"


def between(interval: Interval | None, *, flipped: bool = False) -> str:
    """`+0.300 [+0.120, +0.480]`, or the same of the opposite effect."""
    if interval is None:
        return "unmeasured"
    figures = (interval.estimate, interval.low, interval.high)
    if flipped:
        figures = (-interval.estimate, -interval.high, -interval.low)
    return "{} [{}, {}]".format(*map(signed, figures))


def mean_cell(interval: Interval | None) -> str:
    """The same in a table, where nothing may have been measured."""
    return NONE if interval is None else between(interval)


def shares(interval: Interval | None, *, sign: bool = False) -> str:
    """`54 [43,65]`, in percent."""
    if interval is None:
        return NONE
    form = "{:+.0f}" if sign else "{:.0f}"
    mean, low, high = (
        form.format(100 * value + 0.0) for value in (interval.estimate, interval.low, interval.high)
    )
    return f"{mean} [{low},{high}]"


def in_percent(interval: Interval) -> str:
    """`54% [43%, 65%]`."""
    return f"{interval.estimate:.0%} [{interval.low:.0%}, {interval.high:.0%}]"


def bounds(found: TemperatureInterval | None) -> str:
    """`[0.64, 0.85]`, of a fitted T."""
    if found is None:
        return NONE
    high = "no bound" if found.high is None else figure(found.high)
    return f"[{figure(found.low)}, {high}]"


def nats(interval: Interval | None) -> str:
    """A log-likelihood per token."""
    if interval is None:
        return NONE
    return f"{interval.estimate:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def points(interval: Interval) -> str:
    """`+8.3 [-1.0, +17.0]`: a difference of shares."""
    mean, low, high = (
        f"{100 * each:+.1f}" for each in (interval.estimate, interval.low, interval.high)
    )
    return f"{mean} [{low}, {high}]"
