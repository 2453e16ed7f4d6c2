"""`outvoted serve`: the same browser in a web page that comes from this machine alone."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shlex
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import aiohttp
import pytest
from aiohttp import web
from textual.messages import ExitApp

from engine.cache.layout import IndexPaths
from tests.engine.cache.scored import make_index
from tests.tui.chromium import chromium, web_page
from tests.tui.driving import settle
from tests.tui.fakes import OVERVIEW, FakeReader
from tui.app import OutvotedApp
from tui.cli.commands import BROWSE, COMMANDS
from tui.cli.main import main
from tui.cli.parsers import parsers
from tui.cli.serve import browser_command
from tui.page import listen, make_site

_ELSEWHERE = re.compile(r"(?:https?:|wss?:|[\"'(=]\s*)//[\w.\[-]+")
_NAMED = re.compile(r"(?:src|href)=\"([^\"]*)\"|url\([\"']?([^)\"']+)")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


@asynccontextmanager
async def served(command: list[str]) -> AsyncIterator[str]:
    """The page's address while it is served."""
    place = listen("127.0.0.1", 0)
    runner = web.AppRunner(make_site(command, place.token), shutdown_timeout=1)
    await runner.setup()
    await web.SockSite(runner, place.socket).start()
    try:
        yield place.address
    finally:
        await runner.cleanup()


def asked(arguments: list[str]) -> argparse.Namespace:
    return parsers(COMMANDS["serve"]).whole.parse_args(["serve", *arguments])


def command(paths: IndexPaths) -> list[str]:
    return browser_command(asked([f"--cache={paths.cache}", f"--name={paths.name}"]))


async def test_no_answer_refers_to_another_origin() -> None:
    """Everything that the page names, and what that names, until nothing new is named."""
    async with served(["true"]) as address, aiohttp.ClientSession() as session:
        wanted, seen = [address], set[str]()
        while wanted:
            url = wanted.pop()
            if url in seen:
                continue
            seen.add(url)
            async with session.get(url) as answer:
                assert answer.status == 200, url
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                body = await answer.read()
            if url.endswith(".ttf"):
                continue
            text = _COMMENT.sub("", body.decode())
            assert not _ELSEWHERE.search(text), url
            if not url.endswith(".js"):
                named = [first or second for first, second in _NAMED.findall(text)]
                wanted += [urljoin(url, name) for name in named if not name.startswith("data:")]
    assert {Path(urlsplit(url).path).suffix for url in seen} == {"", ".css", ".js", ".ttf"}


async def test_nobody_gets_in_without_the_address() -> None:
    async with served(["true"]) as address, aiohttp.ClientSession() as session:
        origin = urljoin(address, "/")
        for path in ("", "ws", "static/js/textual.js", "files/page.html", "0" * 32 + "/"):
            async with session.get(origin + path) as answer:
                assert answer.status == 404, path
    assert listen("127.0.0.1", 0).token != listen("127.0.0.1", 0).token


async def test_no_shell_reads_what_a_folder_is_called(tmp_path: Path) -> None:
    """And a browser that ends at once does not leave its page dark: it is told."""
    hostile = f"{tmp_path}/a'; touch pwned; $(touch pwned) `touch pwned` \" & b"
    told = tmp_path / "told"
    script = "import sys; from pathlib import Path; Path(sys.argv[1]).write_text(sys.argv[2])"
    async with (
        served([sys.executable, "-c", script, str(told), hostile]) as address,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{address}ws") as page,
    ):
        async with asyncio.timeout(20):
            assert (await page.receive()).type == aiohttp.WSMsgType.CLOSE
    assert told.read_text() == hostile
    assert not Path("pwned").exists()


async def test_the_browser_remembers_where_it_was_when_its_page_is_closed(tmp_path: Path) -> None:
    """What textual-serve tells it then is no key, and was once no reason to save."""
    kept = tmp_path / "session.json"
    app = OutvotedApp(OVERVIEW, FakeReader, None, kept)
    async with app.run_test() as pilot:
        await settle(pilot)
        app.post_message(ExitApp())
        await pilot.pause()
    assert OVERVIEW.index in json.loads(kept.read_text())


def test_what_was_asked_of_serve_reaches_the_browser_word_by_word() -> None:
    options = ["--name=x", "--cache=-c", "--worker=ssh 'a b' outvoted worker", "--theme=dark"]
    words = browser_command(asked([*options, "--mouse"]))
    assert words[:3] == [sys.executable, "-m", "tui"]
    assert shlex.split(shlex.join(words)) == words
    browse = parsers(BROWSE).commands["browse"].parse_args(words[3:])
    assert (browse.name, browse.cache, browse.theme, browse.mouse) == ("x", "-c", "dark", True)
    assert browse.worker == "ssh 'a b' outvoted worker"
    assert browse.heuristics is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--name", "../x"], '"../x" cannot name an index'),
        (["--worker", ""], "the command is empty"),
        (["--labels", "nowhere.json"], "nowhere.json"),
        (["--host", "203.0.113.1"], "cannot listen there"),
        (["--port", "70000"], "cannot listen there"),
    ],
)
def test_what_is_at_fault_is_told_before_anything_is_served(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--port", "0", *options]) == 2
    assert said in capsys.readouterr().err


def test_a_port_that_is_taken_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    said = capsys.readouterr().err
    assert f"127.0.0.1:{port}" in said
    assert "--port" in said


@pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_only_loopback_goes_without_a_warning(
    host: str, warned: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tui.page.serve", lambda site, place, ready: ready(place.address))
    assert main(["serve", "--port", "0", "--host", host]) == 0
    said = capsys.readouterr()
    assert ("WARNING" in said.err) is warned
    assert f"http://{host}:" in said.out


async def test_the_page_is_driven_by_keys_in_a_real_browser(tmp_path: Path) -> None:
    program = chromium()
    if program is None:
        pytest.skip("no headless browser is here: chromium or google-chrome on the PATH")
    async with (
        served(command(make_index(tmp_path))) as address,
        web_page(program, address, tmp_path / "profile") as page,
    ):
        await page.until(lambda: "12 pairs" in page.text, "first frame")
        assert await page.evaluate("document.fonts.check('bold 16px \"Roboto Mono\"')")
        await page.press("Enter")
        await page.until(lambda: "esc back" in page.text, "list of pairs")
        await page.press("Enter")
        await page.until(lambda: "── chosen" in page.text, "pair")
        assert not [said for said in page.complaints if "WebGL" not in said]
        assert len(await page.picture()) > 10_000, "a dark page is a small picture"
        await page.press("q")
        ended = "document.body.classList.contains('-closed')"
        async with asyncio.timeout(20):
            while not await page.evaluate(ended):
                await asyncio.sleep(0.05)
        assert await page.evaluate("document.activeElement.textContent") == "Start it again"
        assert {urlsplit(url).netloc for url in page.requests} == {urlsplit(address).netloc}
