"""The command palette: the registry's actions of the screen it was opened on, and features."""

from __future__ import annotations

import re
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui.keys import Action, actions
from tui.screens.base import MainScreen

_FEATURE = re.compile(r"\s*(?:feature\s*)?#?\s*([0-9]{1,9})\s*", re.IGNORECASE)


class Actions(Provider):
    """Offers every action that has a key here, and `feature 1234` where a number was typed."""

    def _offered(self) -> tuple[Action, ...]:
        screen = self.screen
        return actions(screen.place) if isinstance(screen, MainScreen) else ()

    async def discover(self) -> Hits:
        for action in self._offered():
            yield DiscoveryHit(self._title(action), partial(self._run, action), help=action.help)

    async def search(self, query: str) -> Hits:
        screen = self.screen
        if (typed := _FEATURE.fullmatch(query)) and isinstance(screen, MainScreen):
            number = int(typed[1])
            yield Hit(
                1.0,
                f"feature {number}",
                partial(screen.open_feature, number),
                help="Where the feature fires, and what it does to margins.",
            )
        matcher = self.matcher(query)
        for action in self._offered():
            title = self._title(action)
            score = matcher.match(title)
            if score > 0:
                yield Hit(
                    score, matcher.highlight(title), partial(self._run, action), help=action.help
                )

    @staticmethod
    def _title(action: Action) -> str:
        return f"{action.label} ({action.keys_shown})"

    async def _run(self, action: Action) -> None:
        await self.screen.run_action(action.name)
