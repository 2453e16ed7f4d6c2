"""The server behind the page: one browser process a tab, its frames over a websocket.

textual-serve runs the browser and draws it with xterm.js. Its own page fetches a font from
another host and names this one absolutely, so the page is ours; scripts and fonts are its files.
"""

from __future__ import annotations

import importlib.resources
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from engine.errors import UserError
from tui.page.tab import Tabs

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_STATIC = Path(str(importlib.resources.files("textual_serve") / "static"))
_FILES = Path(__file__).parent / "files"
_TOKEN_BYTES = 24
_PATIENCE = 2.0
"""Seconds that open pages get to end their browsers when the server is stopped."""
_HEADERS = {
    # The browser itself refuses whatever would come from elsewhere. xterm.js writes its styles
    # into the page, hence the inline ones.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; font-src 'self';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    # The address is what lets somebody in: it goes into no other site's log.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class PagePlace:
    """Where the page is: a socket that listens, and the path that only its owner knows.

    A loopback port is open to everybody with an account on the machine, and to every site that
    its owner's browser shows (a websocket asks no leave of the site it talks to). Neither can
    guess the path.
    """

    socket: socket.socket
    token: str

    @property
    def address(self) -> str:
        host, port = self.socket.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{port}/{self.token}/"


def listen(host: str, port: int) -> PagePlace:
    """Take a port; 0 takes a free one.

    Raises:
        UserError: it is taken, not allowed, or the host is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UserError(
            f"cannot listen there: {reason}",
            where=f"{host}:{port}",
            todo="Name another port with --port, or 0 for any that is free.",
        ) from None
    return PagePlace(listening, secrets.token_urlsafe(_TOKEN_BYTES))


def make_site(command: Sequence[str], token: str) -> web.Application:
    """What answers: the page, its files and the websocket, all below the secret path.

    Args:
        command: the words that start a browser. No shell reads them.
        token: the path's first part.
    """
    tabs = Tabs(command)
    inner = web.Application()
    inner.add_routes(
        [
            web.get("/", _page),
            web.get("/ws", tabs.answer),
            web.static("/static", _STATIC),
            web.static("/files", _FILES),
        ]
    )
    site = web.Application()
    site.add_subapp(f"/{token}", inner)
    site.on_shutdown.append(tabs.close)
    site.on_response_prepare.append(_guarded)
    return site


def serve(site: web.Application, place: PagePlace, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is told the address once."""
    ready(place.address)
    web.run_app(
        site,
        sock=place.socket,
        print=None,
        access_log=None,  # it would hold the secret path
        shutdown_timeout=_PATIENCE,
    )


async def _page(request: web.Request) -> web.FileResponse:
    return web.FileResponse(_FILES / "page.html")


async def _guarded(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
