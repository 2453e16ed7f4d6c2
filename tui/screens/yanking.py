"""`y` and `Y` on a screen that stands on a pair."""

from __future__ import annotations

from abc import abstractmethod

from engine.cache.pair_records import PairDetail
from engine.errors import UserError
from tui.screens.base import MainScreen
from tui.screens.yank import texts_to_yank, yank


class Yanks(MainScreen):
    """Copies what the screen's `row_to_yank` and `pair_to_yank` give."""

    @abstractmethod
    def row_to_yank(self) -> str | None:
        """The pair's figures as one line."""

    @abstractmethod
    async def pair_to_yank(self) -> PairDetail | None:
        """The pair whose texts to copy."""

    def action_yank(self) -> None:
        self.run_worker(self._yank(self.row_to_yank()), group="yank")

    def action_yank_text(self) -> None:
        self.run_worker(self._yank_text(), group="yank")

    async def _yank_text(self) -> None:
        try:
            detail = await self.pair_to_yank()
        except UserError as error:
            self.complain(error)
            return
        await self._yank(None if detail is None else texts_to_yank(detail.pair))

    async def _yank(self, text: str | None) -> None:
        if text is None:
            self.say("There is no pair here to copy.")
        else:
            self.say(await yank(self.app, text, self.desk.yank_file()))
