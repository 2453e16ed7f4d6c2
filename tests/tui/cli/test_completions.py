"""`outvoted completions SHELL`, tried in the shell where it is here."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tui.cli.commands import COMMANDS
from tui.cli.completions import SHELLS
from tui.cli.main import main

_ASK = """
source "$1"; shift
complete_of() { complete -p outvoted | grep -oE -- '-F [^ ]+' | cut -c4-; }
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
compopt() { :; }
"$(complete_of)" outvoted "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shells_script_names_every_command(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completions", shell]) == 0
    script = capsys.readouterr().out
    assert all(name in script for name in (*COMMANDS, "fold", "heuristics"))


def test_bash_completes_commands_options_choices_and_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not here")
    assert main(["completions", "bash"]) == 0
    script = tmp_path / "outvoted.bash"
    script.write_text(capsys.readouterr().out)
    (tmp_path / "pairs.jsonl").touch()

    def completed(*words: str) -> set[str]:
        done = subprocess.run(
            [bash, "-c", _ASK, "ask", str(script), "outvoted", *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert done.stderr == ""
        return set(done.stdout.split())

    assert completed("re") == {"report", "rescore"}
    assert completed("census", "x", "--scope", "") >= {"response", "assistant", "transcript"}
    assert "--html" in completed("report", "--h")
    assert "pairs.jsonl" in completed("index", "pai")
    assert "--worker" in completed("--wo"), "what the browser takes stands without a command"
