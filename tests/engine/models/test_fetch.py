"""Models from the hub: only what is asked for is fetched, and a hub that goes away is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub.constants
import pytest

from engine.errors import UserError
from engine.models.fetch import sae_place

SIZE = 4096
FILES = ("ae_layer2.pt", "ae_layer12.pt", "README.md")
COMMIT = "a" * 40


class Hub(ThreadingHTTPServer):
    """One repository with three files, which are cut off after `sent` bytes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.sent = SIZE
        self.asked: set[str] = set()


class Answers(BaseHTTPRequestHandler):
    server: Hub

    def answer(self) -> None:
        if self.path.startswith("/api/"):
            tree = [{"type": "file", "path": name, "size": SIZE, "oid": name} for name in FILES]
            body = json.dumps(tree if "/tree/" in self.path else {"id": "o/r", "sha": COMMIT})
            self._send(body.encode(), len(body))
            return
        self.server.asked.add(self.path.rpartition("/")[2])
        self._send(b"x" * self.server.sent if self.command == "GET" else b"", SIZE)

    def _send(self, body: bytes, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.send_header("ETag", '"' + "b" * 40 + '"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on stderr."""


for method in ("GET", "HEAD"):
    setattr(Answers, f"do_{method}", Answers.answer)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        constants = huggingface_hub.constants
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(constants, "ENDPOINT", url)
        monkeypatch.setattr(
            constants,
            "HUGGINGFACE_CO_URL_TEMPLATE",
            url + "/{repo_id}/resolve/{revision}/{filename}",
        )
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr(time, "sleep", lambda _: None)  # between its attempts
        yield server
        server.shutdown()


def test_one_file_of_a_repository_is_all_that_is_fetched(hub: Hub) -> None:
    place = sae_place("Elriggs/rm/ae_layer12.pt")
    assert place.name == "ae_layer12.pt"
    assert place.stat().st_size == SIZE
    assert hub.asked == {"ae_layer12.pt"}
    with pytest.raises(UserError, match=r"has no ae_layer3\.pt"):
        sae_place("Elriggs/rm/ae_layer3.pt")


def test_a_hub_that_breaks_off_is_one_sentence_and_leaves_no_file(
    hub: Hub, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    hub.sent = SIZE // 2
    with pytest.raises(UserError) as caught:
        sae_place("Elriggs/rm/ae_layer12.pt")
    said = str(caught.value)
    assert said.startswith("Elriggs/rm/ae_layer12.pt: the Hugging Face hub broke off halfway")
    assert capfd.readouterr().err == ""
    assert not list((tmp_path / "hub").rglob("*.pt"))
    # When it is back, the same command goes on.
    hub.sent = SIZE
    assert sae_place("Elriggs/rm/ae_layer12.pt").stat().st_size == SIZE


def test_a_hub_that_nobody_reaches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    constants = huggingface_hub.constants
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="cannot be reached"):
        sae_place("Elriggs/rm/ae_layer12.pt")
    assert sae_place("nowhere.pt") == Path("nowhere.pt"), "no name of the hub: never asked for"
