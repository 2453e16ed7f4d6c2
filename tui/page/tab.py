"""One tab: a browser process of its own, whose frames go out and whose keys come in."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence

from aiohttp import WSCloseCode, WSMsgType, web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from engine.canonical import Json

_SIZE = (80, 24)
"""Where the page does not tell its own."""


class _Browser(AppService):
    """textual-serve's process, started by its words and not by a shell, and waited for."""

    def __init__(self, words: Sequence[str], page: web.WebSocketResponse) -> None:
        super().__init__(
            words[0],
            write_bytes=page.send_bytes,
            write_str=page.send_str,
            close=self._close,
            download_manager=DownloadManager(),
        )
        self._words = words
        self._page = page

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        process = await asyncio.create_subprocess_exec(
            *self._words,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._build_environment(width, height),
        )
        self._process, self._stdin = process, process.stdin
        return process

    async def run(self) -> None:
        """Until the browser ends, or one that ended without a word leaves its page dark."""
        try:
            await super().run()
        finally:
            await self._close()

    async def stop(self) -> None:
        """Have the browser save where it was, and end."""
        await super().stop()
        if self._process is not None:
            await self._process.wait()

    async def _close(self) -> None:
        await self._page.close()


class Tabs:
    """The tabs that are open, each behind a websocket."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._open: set[web.WebSocketResponse] = set()

    async def answer(self, request: web.Request) -> web.WebSocketResponse:
        """Start a browser for a page, and pass on what both say until one of them ends."""
        page = web.WebSocketResponse(heartbeat=15)
        await page.prepare(request)
        browser = _Browser(self._words, page)
        self._open.add(page)
        try:
            await browser.start(*(_cells(request, "width", 0), _cells(request, "height", 1)))
            async for message in page:
                if message.type == WSMsgType.TEXT:
                    await _pass_on(message.json(), browser, page)
        finally:
            self._open.discard(page)
            await browser.stop()
        return page

    async def close(self, site: web.Application) -> None:
        """End all of them, since the server does."""
        for page in tuple(self._open):
            await page.close(code=WSCloseCode.GOING_AWAY)


async def _pass_on(said: Json, browser: _Browser, page: web.WebSocketResponse) -> None:
    """A message of textual.js: keys, a new size, a question whether somebody is there."""
    match said:
        case ["stdin", str(keys)]:
            await browser.send_bytes(keys.encode())
        case ["resize", {"width": int(width), "height": int(height)}]:
            await browser.set_terminal_size(width, height)
        case ["ping", asked]:
            await page.send_json(["pong", asked])
        case ["focus"]:
            await browser.focus()
        case ["blur"]:
            await browser.blur()


def _cells(request: web.Request, name: str, place: int) -> int:
    told = request.query.get(name, "")
    return int(told) if told.isdecimal() and len(told) < 5 else _SIZE[place]
