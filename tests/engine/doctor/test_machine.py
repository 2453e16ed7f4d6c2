"""What the doctor says of a machine, a terminal, a disk and a GPU, each from what it was told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.doctor import accelerator
from engine.doctor.accelerator import Answer, Device, Dictionary, Model, fits, need
from engine.doctor.finding import Finding
from engine.doctor.machine import memory, versions
from engine.doctor.place import is_remote, mount_of, place
from engine.doctor.terminal import Surroundings, terminal

GPTJ = Model("gptj", 6_050_000_000, 28, 4096)
LAYER12 = Dictionary("ae_layer12", 2 * 4096 * 32768, 32768)


def around(
    environment: dict[str, str],
    size: tuple[int, int] = (80, 24),
    encoding: str = "utf-8",
    tmux: dict[str, str] | None = None,
) -> dict[str, Finding]:
    found = terminal(Surroundings(environment, True, *size, encoding, tmux or {}))
    return {finding.check: finding for finding in found}


def answer(*devices: Device) -> Answer:
    return Answer("2.13.0", devices, False, GPTJ, (LAYER12,), ())


def test_what_is_installed_is_told_and_little_memory_is_noted() -> None:
    assert versions().level == "ok"
    assert "duckdb 2." in versions().what
    assert [memory(total).level for total in (None, 2 << 30, 16 << 30)] == ["note", "note", "ok"]


def test_a_gpu_that_is_too_small_is_told_with_the_arithmetic() -> None:
    needed = need(GPTJ, [LAYER12], "bfloat16")
    assert needed.weights == 12_100_000_000
    assert needed.saes == 4 * LAYER12.numbers
    small = fits(answer(Device("T4", 15 << 30, 14 << 30)), needed, "bfloat16")
    assert small.level == "fault"
    assert "6,050 M parameters x 2 bytes = 11.3 GiB, SAE 1.0 GiB" in small.what
    assert "T4 has 14.0 GiB free: too small" in small.what
    assert "--worker" in str(small.todo)
    large = fits(answer(Device("T4", 15 << 30, 14 << 30), Device("H100", 80 << 30, 79 << 30)),
                 needed, "bfloat16")  # fmt: skip
    assert large.level == "ok"
    both = need(GPTJ, [LAYER12, LAYER12], "float32")
    assert both.total > 2 * needed.weights
    assert "--dtype bfloat16" in str(fits(answer(Device("T4", 1, 1)), both, "float32").todo)


def test_a_pm_is_weighed_in_the_precision_that_it_would_be_run_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored = replace(GPTJ, stored="float16")
    told = {}
    for name, capability in (("T4", (7, 5)), ("H100", (9, 0)), ("P100", (6, 0))):
        found = replace(answer(Device(name, 80 << 30, 79 << 30, capability)), pm=stored)
        monkeypatch.setattr(accelerator, "_ask", lambda _, found=found: found)
        (_, fitting) = accelerator.accelerator(accelerator.Question(None, ()), None)
        told[name] = fitting.what.split(": ")[0]
    assert told == {"T4": "gptj in float16", "H100": "gptj in float16", "P100": "gptj in float32"}


def test_a_plain_terminal_in_good_order() -> None:
    found = around({"TERM": "xterm-kitty", "COLORTERM": "truecolor"})
    assert {finding.level for finding in found.values()} == {"ok"}


@pytest.mark.parametrize(
    ("environment", "check", "level"),
    [
        ({}, "terminal", "fault"),
        ({"TERM": "dumb"}, "terminal", "fault"),
        ({"TERM": "xterm", "TMUX": "/tmp/t"}, "terminal", "note"),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/t"}, "terminal", "ok"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "colours", "note"),
        ({"TERM": "xterm"}, "clipboard", "note"),
        ({"TERM": "xterm", "TERM_PROGRAM": "Apple_Terminal"}, "clipboard", "note"),
        ({"TERM": "screen", "STY": "1.pts"}, "clipboard", "note"),
        ({"TERM": "foot"}, "clipboard", "ok"),
    ],
)
def test_terminals_of_every_kind(environment: dict[str, str], check: str, level: str) -> None:
    assert around(environment)[check].level == level


@pytest.mark.parametrize(
    ("value", "level"), [("off", "note"), ("external", "ok"), ("on", "ok"), (None, "note")]
)
def test_tmux_and_its_clipboard(value: str | None, level: str) -> None:
    options = {"allow-passthrough": "off"} | ({"set-clipboard": value} if value else {})
    found = around({"TERM": "tmux", "TMUX": "/tmp/t"}, tmux=options)
    assert found["clipboard"].level == level
    assert "allow-passthrough is off" in found["tmux"].what


def test_sizes_and_encodings() -> None:
    sizes = {(59, 24): "fault", (79, 24): "note", (80, 24): "ok"}
    assert {size: around({"TERM": "foot"}, size)["size"].level for size in sizes} == sizes
    assert around({"TERM": "foot"}, encoding="ANSI_X3.4-1968")["encoding"].level == "fault"


MOUNTS = r"""
/dev/vda / ext4 rw 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
tmpfs /home/me/fast tmpfs rw 0 0
me@gpu1:/data /mnt/with\040blank fuse.sshfs rw 0 0
"""


def test_which_disk_a_folder_is_on() -> None:
    for path, kind in {
        "/var/cache": "ext4",
        "/home/me/cache": "nfs4",
        "/home/me/fast/cache": "tmpfs",
        "/mnt/with blank/x": "fuse.sshfs",
        "/homework": "ext4",
    }.items():
        mount = mount_of(Path(path), MOUNTS)
        assert mount is not None
        assert mount.kind == kind
    kinds = ("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "lustre", "9p", "ceph", "beegfs")
    assert all(map(is_remote, kinds))
    assert not any(map(is_remote, ("ext4", "tmpfs", "fuseblk", "btrfs", "overlay")))


def test_a_cache_that_is_not_there_yet_is_looked_at_where_it_would_be(tmp_path: Path) -> None:
    found = {finding.check: finding for finding in place(tmp_path / "a" / "b", f"x {tmp_path} nfs")}
    assert found["cache"].level == "ok"
    assert "not made yet" in found["cache"].what
    assert found["disk"].level == "note"
    assert "network file system" in found["disk"].what
    assert not list(tmp_path.iterdir())
