"""What an experiment's results amount to, each taken in once: thousands are drawn as they come."""

from __future__ import annotations

from collections import Counter

from rich.text import Text

from engine.live.queue import Experiment, Result
from engine.plain import plain
from tui.screens.pair_head import on_both
from tui.widgets.figures import signed


class Tally:
    """An experiment's results as lines, and their sums; `take` adds those that came since."""

    def __init__(self, made: Experiment, heuristic: str | None, noise_floor: float | None) -> None:
        self._made = made
        self._heuristic = heuristic
        self._noise_floor = noise_floor
        self._kept: frozenset[int] = frozenset()
        self.lines: list[Text] = []
        """One for each result."""
        self.changes = 0
        """Results with a margin before and after."""
        self._total = 0.0
        self.lowest = self.highest = 0.0
        self.within = 0
        """Changes within the noise floor."""
        self.moves: Counter[tuple[str, str]] = Counter()
        """By stored and fresh verdict."""

    @property
    def mean(self) -> float | None:
        """The mean change of the margin."""
        return self._total / self.changes if self.changes else None

    def take(self) -> Tally:
        """Take in the results that came since, and mark the lines of those kept since."""
        results = self._made.results
        for result in results[len(self.lines) :]:
            self._add(result)
        if self._made.kept != self._kept:
            new = self._made.kept - self._kept
            self._kept = frozenset(self._made.kept)
            for place, result in enumerate(results):
                if result.pair in new:
                    self.lines[place] = self._line(result)
        return self

    def _add(self, result: Result) -> None:
        change = change_of(result)
        if change is not None:
            first = self.changes == 0
            self.changes += 1
            self._total += change
            self.lowest = change if first else min(self.lowest, change)
            self.highest = change if first else max(self.highest, change)
            self.within += self._noise_floor is not None and abs(change) <= self._noise_floor
        self.moves[verdicts(result, self._heuristic)] += 1
        self.lines.append(self._line(result))

    def _line(self, result: Result) -> Text:
        before, after = result.rescored.before, result.rescored.after
        old, new = verdicts(result, self._heuristic)
        moved = old if old == new else f"{old} → {new}"
        kept = "  kept" if result.pair in self._made.kept else ""
        figures = (before.margin, after.margin, change_of(result))
        name = plain(f"{after.pair.name.split}:{after.pair.name.row}", keep_newlines=False)
        return Text(f"{name[:15]:<16}{''.join(signed(f, 9) for f in figures)}  {moved}{kept}")


class Tallies:
    """One for each experiment that was looked at."""

    def __init__(self, heuristic: str | None, noise_floor: float | None) -> None:
        self._heuristic = heuristic
        self._noise_floor = noise_floor
        self._made: dict[Experiment, Tally] = {}

    def of(self, made: Experiment) -> Tally:
        """The experiment's tally as it is now."""
        if made not in self._made:
            self._made[made] = Tally(made, self._heuristic, self._noise_floor)
        return self._made[made].take()


def change_of(result: Result) -> float | None:
    """The fresh margin less the stored one."""
    before, after = result.rescored.before.margin, result.rescored.after.margin
    return None if before is None or after is None else after - before


def verdicts(result: Result, heuristic: str | None) -> tuple[str, str]:
    """The stored and the fresh verdict on a heuristic; `none` where no side bears the pattern."""
    old, new = on_both(result.rescored, heuristic)
    return (
        old.judgement.verdict.value if old else "none",
        new.judgement.verdict.value if new else "none",
    )
