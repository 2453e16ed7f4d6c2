"""Every reader searched for what crashes it, guided by coverage: `make fuzz`.

    python -m tests.faults.search [--seconds 60] [--corpus FOLDER] [TARGET...]

needs the fuzzer atheris (`pip install .[fuzz]`). What it finds is written beside the corpus, and
goes into tests/faults/found.py once it is mended.
"""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.faults.row import HEAD, Row, table

_EXECUTED = re.compile(r"stat::number_of_executed_units: (\d+)")
_COVERED = re.compile(r"cov: (\d+) ft: (\d+)")
_LIMITS = ("-rss_limit_mb=3000", "-timeout=20", "-max_len=4096", "-print_final_stats=1")


@dataclass(frozen=True, slots=True)
class Searched:
    """What came of one target."""

    inputs: int
    features: int
    """Edges and counts of them that were reached, as libFuzzer has it."""
    crash: str | None
    """The end of what was printed; None: nothing was found."""


def search(name: str, seconds: int, corpus: Path) -> Searched:
    """Search one target for so long, from its seeds and what earlier searches left."""
    corpus.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.faults.search", "--child", name, str(corpus)]
    options = [f"-max_total_time={seconds}", f"-artifact_prefix={corpus.parent}/", *_LIMITS]
    done = subprocess.run([*command, *options], capture_output=True, text=True, errors="replace")
    executed, covered = _EXECUTED.search(done.stderr), _COVERED.findall(done.stderr)
    return Searched(
        inputs=int(executed[1]) if executed else 0,
        features=int(covered[-1][1]) if covered else 0,
        crash=(done.stdout + done.stderr)[-4000:] if done.returncode else None,
    )


def _child(name: str, corpus: Path, options: list[str]) -> None:
    """Search in this process; the fuzzer ends it."""
    fuzzer = importlib.import_module("atheris")
    with fuzzer.instrument_imports(include=["engine"]):
        from tests.faults.fuzz import TARGETS, crashes  # what it loads is instrumented
    target = TARGETS[name]
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)

    def feed(data: bytes) -> None:
        if (error := crashes(target, data)) is not None:
            raise error

    fuzzer.Setup([sys.argv[0], *options, str(corpus)], feed)
    fuzzer.Fuzz()


def main() -> None:
    """Search the targets one after the other, and print what came of it as it is found."""
    if sys.argv[1:2] == ["--child"]:
        _, _, name, corpus, *options = sys.argv
        _child(name, Path(corpus), options)
        return
    from tests.faults.fuzz import TARGETS

    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--corpus", type=Path, help="where inputs are kept for the next search")
    parser.add_argument("targets", nargs="*", metavar="TARGET", default=list(TARGETS))
    args = parser.parse_args()
    print("\n".join(HEAD), flush=True)
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in args.targets:
            kept = (args.corpus or Path(folder)) / re.sub(r"\W+", "-", name).strip("-")
            made = search(name, args.seconds, kept / "corpus")
            told = f"searched: {name} ({made.features:,} features of its code reached)"
            crashed = made.crash is not None
            row = Row(told, f"{made.inputs:,} inputs", f"{int(crashed)} crashes", not crashed)
            print(table([row]).splitlines()[-1], flush=True)
            if made.crash is not None:
                sys.stderr.write(made.crash)
                found += 1
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
