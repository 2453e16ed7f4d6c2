"""`outvoted` without a command: the browser on an index."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cache.layout import IndexPaths, cache_dir
from engine.cache.snapshot import read_snapshot, snapshot_path
from engine.errors import UserError
from engine.heuristics import Heuristic
from tui.cli.commands import Subparsers
from tui.cli.live_options import add_live, worker_command
from tui.cli.options import add_common, add_labels, heuristics, labels

if TYPE_CHECKING:  # duckdb comes after the first frame
    from engine.cache.reader import IndexReader
    from engine.discovery import Discovery
    from engine.live.edit import Rescorer
    from tui.screens.desk import Listed

_LAST = "last-index"
_FRAMES = "240"
"""A second; a screen that does not change draws none."""
_DRIVER = "TEXTUAL_DRIVER"
"""What draws in place of a terminal; textual-serve sets it."""
THEME_NAMES = ("terminal", "dark", "light")


def add(subparsers: Subparsers) -> None:
    """Add the parser of what `outvoted` does without a command."""
    parser = subparsers.add_parser("browse", description="Browse an index.")
    add_common(parser)
    add_labels(parser)
    add_live(parser)
    add_looks(parser)
    parser.set_defaults(name=None)


def add_looks(parser: argparse.ArgumentParser) -> None:
    """`--theme` and `--mouse`; without them the browser looks as it was left."""
    group = parser.add_argument_group("looks")
    group.add_argument("--theme", choices=THEME_NAMES, help="terminal: its own 16 colours")
    group.add_argument(
        "--mouse",
        action=argparse.BooleanOptionalAction,
        help="use the mouse; text is then selected with shift held down. Default: as last, at"
        " first not",
    )


def run(args: argparse.Namespace) -> int:
    """Browse the index that is named, the one browsed last, or the demo."""
    cache = cache_dir(args.cache)
    name = args.name or last_index(cache)
    if name is None:
        from tui.cli import demo

        return demo.browse(args)
    asked = heuristics(args) if args.heuristics else None
    return browse(args, IndexPaths(cache, name), asked)


def last_index(cache: Path) -> str | None:
    """The index that was browsed last, else `default`; None where neither is there."""
    try:
        last = (cache / _LAST).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        last = ""
    for name in (last, "default"):
        try:
            if name and IndexPaths(cache, name).source_numbers():
                return name
        except UserError:  # the file was tampered with: no such name can be
            continue
    return None


class Opening:
    """Opens the index when the first frame is drawn, and the PM when it is first asked."""

    def __init__(
        self,
        paths: IndexPaths,
        run: str | None,
        asked: Sequence[Heuristic] | None,
        worker: Sequence[str],
        device: str,
        labels: Mapping[int, str],
        kept_in: Path | None = None,
    ) -> None:
        self._paths = paths
        self._run = run
        self._asked = asked
        self._worker = worker
        self._device = device
        self._labels = labels
        self._kept_in = kept_in
        self._reader: IndexReader | None = None

    def reader(self) -> IndexReader:
        """Open the index. Called in a thread."""
        from engine.cache.opening import open_reader
        from engine.cache.snapshot import keep_snapshot
        from engine.memory import give_back, hold_little

        mine = not gc.isenabled()  # the process is the browser's: it put collecting off until now
        if mine:
            gc.freeze()  # the first frame stands; what it loaded stays for good
            gc.enable()
            hold_little()
        self._reader = open_reader(
            self._paths,
            run=self._run,
            heuristics=self._asked,
            labels=self._labels,
            kept_in=self._kept_in,
        )
        if self._run is None and self._asked is None:
            keep_snapshot(self._paths, self._reader.overview())
        if mine:
            give_back()
        return self._reader

    def rescorer(self) -> Rescorer:
        """The PM of the index's run.

        Raises:
            UserError: the index has no run.
        """
        from engine.live.standing import make_rescorer

        if self._reader is None:
            raise UserError("the index is still being opened", todo="Try again in a moment.")
        return make_rescorer(self._reader, self._worker, self._device)

    def write(self, path: Path, listed: Listed | None) -> Generator[int]:
        """Write a list, or everybody's marks, to a new file. Each step in the reader's thread.

        Raises:
            UserError: it cannot be written.
        """
        from tui.cli.writing import write_new  # Arrow, which few sessions need

        if self._reader is None:
            raise UserError("the index is still being opened", todo="Try again in a moment.")
        yield from write_new(path, listed, self._reader)

    async def look(self) -> Discovery:
        """What the PM of the index's run holds against responses, or for them.

        Raises:
            UserError: the index has no run, or what went wrong.
        """
        from tui.cli.looking import look

        if self._reader is None or self._reader.run is None:
            raise UserError("no run of the index is open", todo="Try again in a moment.")
        return await look(self._paths, self._reader.run.run, self._labels)


def run_to_open(
    asked: str | None, session: Path, paths: IndexPaths
) -> tuple[str | None, str | None]:
    """The run that is meant, None: the newest; and, where it is an older one, which that is.

    Without `--run` the run that the session was left with: one that was asked for, and is no
    longer, or never was, the newest.
    """
    from tui.session import load_session  # Textual, which reads its settings when it is loaded

    run = asked or load_session(session, paths.name).run
    if run is None:
        return None, None
    from engine.cache.sealed import sealed_runs  # duckdb: the newest run's snapshot needs none

    runs = sealed_runs(paths)
    found = [known for known in runs if known.startswith(run)]
    if len(found) != 1 or found[0] == runs[0]:
        return asked, None
    return found[0], runs[0]


def _drawable() -> bool:
    """Whether there is a terminal, or a page that `outvoted serve` draws in place of one."""
    if os.environ.get(_DRIVER):
        return True
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return terminal and os.environ.get("TERM") != "dumb"


def browse(args: argparse.Namespace, paths: IndexPaths, asked: Sequence[Heuristic] | None) -> int:
    """Run the browser on an index until it is left.

    Raises:
        UserError: stdin or stdout is no terminal that the browser could use.
    """
    if not _drawable():
        raise UserError(
            "the browser needs a terminal, and this is none",
            todo="`outvoted report` and `outvoted show PAIR` print plain text.",
        )
    gc.disable()  # nothing of what is imported now would be collected
    # Textual waits for its next frame after a key: 16 ms at the 60 frames of its own setting.
    os.environ.setdefault("TEXTUAL_FPS", _FRAMES)
    from tui.app import OutvotedApp
    from tui.app import run as run_app

    session = paths.cache / "session.json"
    run, newest = run_to_open(args.run, session, paths)
    opening = Opening(
        paths,
        run,
        asked,
        worker_command(args),
        args.device,
        labels(args),
        args.heuristics,
    )
    default = run is None and asked is None
    snapshot = read_snapshot(snapshot_path(paths)) if default else None
    app = OutvotedApp(
        snapshot,
        opening.reader,
        opening.rescorer,
        session,
        theme=args.theme,
        mouse=args.mouse,
        look=opening.look,
        write=opening.write,
        run=run if newest else None,
        said=f"An older run. The newest: outvoted --run {newest}" if newest else "",
    )
    try:
        run_app(app)
    finally:
        gc.unfreeze()  # duckdb's types are let go of, or it tells the terminal that they were not
    if paths.source_numbers():
        (paths.cache / _LAST).write_text(f"{paths.name}\n", encoding="utf-8")
    return 0
