"""Reading a pair: its sides, sections and matches, the order of its features, shaded tokens."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

from engine.hh import Side
from tui.screens.pair_features import FEATURE_SORTS, SORTED_BY, FeatureSort
from tui.screens.pair_page import Shown
from tui.screens.pair_shading import CYCLE, ShadeBy
from tui.screens.pair_texts import found_in
from tui.screens.scrolling import ReadsSections
from tui.screens.triage import Triages


class ReadsPair(ReadsSections, Triages):
    """A page of one pair; what is chosen here stays from pair to pair."""

    shown: Shown | None = None
    _side: Side
    _sort: FeatureSort = "attribution"
    _shade: ShadeBy = "nothing"

    @abstractmethod
    def show(self, shown: Shown, *, keep_place: bool = True) -> None:
        """Draw the pair."""

    def _go_to_side(self, side: Side) -> None:
        self._side = side
        if self.shown is not None:
            self.show(replace(self.shown, side=side))
            self.document().go_to(self.document().page.sides.get(side, 0))

    def action_left(self) -> None:
        self._go_to_side("chosen")

    def action_right(self) -> None:
        self._go_to_side("rejected")

    def action_next_match(self) -> None:
        self._to_match(forward=True)

    def action_previous_match(self) -> None:
        self._to_match(forward=False)

    def _to_match(self, *, forward: bool) -> None:
        matches = self.document().page.matches
        if not matches:
            self.say("Neither pattern nor match is marked here: / finds a text.")
        self.document().jump(matches, forward=forward)

    def action_unfold(self) -> None:
        if self.shown is not None:
            self.show(replace(self.shown, unfolded=not self.shown.unfolded))

    def action_sort(self) -> None:
        """Sort the features by the next figure; the order stays from pair to pair."""
        if self.shown is not None:
            standing = self.document().standing
            place = FEATURE_SORTS.index(self.shown.sort) + 1
            self._sort = FEATURE_SORTS[place % len(FEATURE_SORTS)]
            self.show(replace(self.shown, sort=self._sort))
            if standing is not None:
                self.document().keep_in_view()
            self.say(f"features by {SORTED_BY[self._sort]}")

    def action_shade(self) -> None:
        """Shade tokens by the next figure; that stays from pair to pair."""
        if self.say_hidden():
            return
        place = CYCLE.index(self._shade) + 1 if self._shaded_by_cycle() else 0
        self._shade = CYCLE[place % len(CYCLE)]
        if self.shown is not None:
            self.show(replace(self.shown, shade=self._shade, shade_feature=None))

    def _shaded_by_cycle(self) -> bool:
        return self.shown is None or self.shown.shade in CYCLE

    def action_shade_feature(self) -> None:
        """Shade tokens by the feature that the cursor is seen on; again: by nothing."""
        shown, standing = self.shown, self.document().standing
        if shown is None or standing is None:
            self.say("tab goes to the features; space shades by the one the cursor is on.")
            return
        feature = shown.features[standing].feature
        again = shown.shade == "feature" and shown.shade_feature == feature
        self._shade = "nothing"
        self.show(
            replace(
                shown,
                shade="nothing" if again else "feature",
                shade_feature=None if again else feature,
            )
        )
        self.document().keep_in_view()
        self.say("" if again else f"tokens are shaded by #{feature}")

    def action_search(self) -> None:
        from tui.screens.prompt import Prompt

        def search(text: str | None) -> None:
            if text is not None and self.shown is not None:
                self.show(replace(self.shown, search=text, unfolded=bool(text)))
                pair = self.shown.detail.pair
                times = sum(
                    len(list(found_in(part, text)))
                    for part in (pair.context, pair.chosen, pair.rejected)
                )
                if times or not text:
                    self.say(f"“{text}” {times:,} times; n the next, N the one before" * bool(text))
                    self.action_next_match()
                else:
                    self.say(f"“{text}” is not in this pair.")

        current = self.shown.search if self.shown else ""
        self.app.push_screen(Prompt("find in this pair", current), search)
