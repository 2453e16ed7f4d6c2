"""`outvoted worker` is the protocol on stdin and stdout, and waits for torch before no word."""

from __future__ import annotations

import subprocess
import sys

from engine.live.protocol import PROTOCOL, Hello, decode


def test_it_says_hello_and_ends_with_its_input() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui", "worker"], input=b"", capture_output=True, check=True
    )
    assert decode(done.stdout) == Hello(PROTOCOL)
    assert done.stderr == b""


def test_the_command_itself_loads_no_torch() -> None:
    script = (
        "import sys; from tui.cli.commands import COMMANDS, load; load(COMMANDS['worker']);"
        "load(COMMANDS['rescore']); import engine.live.serve, engine.live.standing;"
        "sys.exit(','.join({'torch', 'transformers', 'datasets'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
