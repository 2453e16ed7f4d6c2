"""A real headless browser over its DevTools protocol: pages, keys, frames and pictures."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypedDict, cast

import aiohttp
import pyte

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LONGEST = 20.0
"""Seconds until what never comes is given up."""
_KEYS = {"Enter": ("\r", 13), "Escape": ("", 27), "ArrowDown": ("", 40)}
_FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--remote-debugging-port=0", "--window-size=1000,640", "--disable-dev-shm-usage"),
)


class _Frame(TypedDict):
    opcode: int
    payloadData: str


def chromium() -> str | None:
    """Where a browser is; None where none is found."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class WebPage:
    """One page: what it asked for, what it complained of, and its terminal as pyte draws it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, columns: int, rows: int) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.sent: list[str] = []
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._socket = socket
        self._session: str | None = None
        self._number = 0
        self._answers: dict[int, asyncio.Future[dict[str, object]]] = {}
        self._news = asyncio.Event()

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    async def listen(self) -> None:
        """Take in what the browser says, until it is gone."""
        async for message in self._socket:
            said = message.json()
            if "id" in said:
                self._answers.pop(said["id"]).set_result(said.get("result", {}))
            else:
                self._take(str(said["method"]), said["params"])
            self._news.set()

    def _take(self, method: str, said: dict[str, object]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(str(cast(dict[str, object], said["request"])["url"]))
        elif method == "Network.webSocketCreated":
            self.requests.append(str(said["url"]))
        elif method == "Network.webSocketFrameSent":
            self.sent.append(cast(_Frame, said["response"])["payloadData"])
        elif method == "Network.webSocketFrameReceived":
            frame = cast(_Frame, said["response"])
            if frame["opcode"] == 2:
                self._stream.feed(base64.b64decode(frame["payloadData"]))
        elif method in ("Runtime.exceptionThrown", "Log.entryAdded"):
            self.complaints.append(str(said))

    async def ask(self, method: str, **params: object) -> dict[str, object]:
        """One command of the protocol, and its result."""
        self._number += 1
        answer = self._answers[self._number] = asyncio.get_running_loop().create_future()
        request = {"id": self._number, "method": method, "params": params}
        if self._session:
            request["sessionId"] = self._session
        await self._socket.send_json(request)
        return await asyncio.wait_for(answer, LONGEST)

    async def open(self, address: str) -> None:
        """A new page at an address."""
        target = await self.ask("Target.createTarget", url="about:blank")
        attached = await self.ask(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        self._session = str(attached["sessionId"])
        for domain in ("Page", "Network", "Runtime", "Log"):
            await self.ask(f"{domain}.enable")
        await self.ask("Page.navigate", url=address)

    async def press(self, key: str) -> None:
        """A key, as a keyboard sends it."""
        text, code = _KEYS.get(key, (key, ord(key[0].upper())))
        key_down = {"key": key, "windowsVirtualKeyCode": code, "text": text}
        await self.ask("Input.dispatchKeyEvent", type="keyDown", **key_down)
        await self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for something to be true of what was said so far.

        Raises:
            TimeoutError: it never was.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST):
                while not holds():
                    self._news.clear()
                    await self._news.wait()
        if not holds():
            raise TimeoutError(f"no {what} on:\n{self.text}\n{self.complaints}")

    async def evaluate(self, expression: str) -> object:
        """What a JavaScript expression is on the page."""
        done = await self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        return cast(dict[str, object], done["result"]).get("value")

    async def picture(self) -> bytes:
        """The page as a PNG."""
        return base64.b64decode(str((await self.ask("Page.captureScreenshot"))["data"]))


@contextlib.asynccontextmanager
async def web_page(program: str, address: str, folder: Path) -> AsyncIterator[WebPage]:
    """Start a browser with a profile of its own, open an address, and end it afterwards."""
    process = await asyncio.create_subprocess_exec(
        program,
        *_FLAGS,
        f"--user-data-dir={folder}",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port, path = await _endpoint(folder / "DevToolsActivePort")
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"ws://127.0.0.1:{port}{path}", max_msg_size=0) as socket,
        ):
            page = WebPage(socket, 200, 60)
            listening = asyncio.create_task(page.listen())
            await page.open(address)
            yield page
            listening.cancel()
    finally:
        process.terminate()
        await process.wait()


async def _endpoint(file: Path) -> tuple[str, str]:
    """The port and path that the browser writes down once it listens."""
    async with asyncio.timeout(LONGEST):
        while not (file.exists() and len(lines := file.read_text().splitlines()) == 2):
            await asyncio.sleep(0.05)
    return lines[0], lines[1]
