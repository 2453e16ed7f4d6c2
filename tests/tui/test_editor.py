"""A long note in the user's own editor: what is typed in a real terminal, and what may fail."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.errors import UserError
from tests.tui.driving import browser, press, text_of
from tui.screens.editor import edited, editor_command


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, ["vi"]),
        ({"EDITOR": "nano"}, ["nano"]),
        ({"VISUAL": "code --wait", "EDITOR": "nano"}, ["code", "--wait"]),
        ({"VISUAL": " ", "EDITOR": "nano"}, ["nano"]),
    ],
)
def test_the_editor_is_the_one_the_environment_names(
    environment: dict[str, str], words: list[str]
) -> None:
    assert editor_command(environment) == words


def _script(does: str) -> list[str]:
    return [
        sys.executable,
        "-c",
        f"import sys; from pathlib import Path; f = Path(sys.argv[1]); {does}",
    ]


@pytest.mark.parametrize(
    ("before", "does", "after"),
    [
        ("", "f.write_text('two\\nlines\\n')", "two\nlines"),
        ("kept", "pass", "kept"),
        ("kept\n", "pass", "kept\n"),
        ("half \udce9", "pass", "half ?"),
        ("gone", "f.write_text('')", ""),
    ],
)
def test_what_the_editor_leaves_is_the_note(before: str, does: str, after: str) -> None:
    assert edited(_script(does), before) == after


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["/no/such/editor"], "No such file"),
        (_script("sys.exit(3)"), "ended with status 3"),
        (_script("f.write_bytes(b'\\xff\\xfe')"), "no UTF-8"),
        (_script("f.unlink()"), "No such file"),
    ],
)
def test_an_editor_that_fails_leaves_the_note(command: list[str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        edited(command, "as it was")


def test_a_variable_that_is_no_command_is_named() -> None:
    with pytest.raises(UserError, match=r"\$EDITOR: it is no command"):
        editor_command({"EDITOR": "vi 'unclosed"})


async def test_where_no_terminal_can_be_lent_the_key_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VISUAL", "true")
    async with browser().run_test() as pilot:
        await press(pilot, "enter", "M")
        assert "cannot be lent to an editor" in text_of(pilot, "state")


def test_the_helpers_file_is_gone_afterwards(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    edited(_script(f"Path({str(seen)!r}).write_text(str(f))"), "")
    assert not Path(seen.read_text()).exists()
