"""Workers that misbehave: a few lines of Python each, and what they are asked about."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from engine.cache.manifest import Manifest, RunConfig
from engine.cache.pair_records import PairDetail
from engine.heuristics import Heuristic
from engine.hh import Pair, PairName
from engine.live.client import LiveRescorer
from engine.live.outcome import Standing
from engine.live.own import nothing_known
from engine.verdict import Thresholds

CONFIG = RunConfig("pm", "tokenizer", "sae", "h.1", "last-text-token", "float32", "all")
MANIFEST = Manifest(CONFIG, "tiny-pm", "pms/tiny", "Fake", "tiny-sae", "saes/tiny", "gated", 99)
URL = Heuristic("url", "https://")
STANDING = Standing(URL, (3, 7), False, Thresholds(0.1, 0.2, 0.5), margin_threshold=0.1)
PAIR = Pair(
    5, PairName("a.jsonl", "train", 5), "a", "\n\nHuman: Hi\n\nAssistant:", " https://x", " No."
)
BEFORE: PairDetail = nothing_known(PAIR, CONFIG.run)

_PRELUDE = """
import json, os, sys, time

def say(kind, **values):
    print(json.dumps({"type": kind} | values), flush=True)

def hear():
    line = sys.stdin.readline()
    if not line:
        sys.exit()
    return json.loads(line)

def hello():
    say("hello", protocol=6)

def load():
    say("loaded", id=hear()["id"], run=RUN)

def ready():
    hello()
    load()

def measured(asked, reward=1.0, feature=None):
    # The rejected reward is the process's id: a test can tell one worker from the next.
    say("measured", id=asked["id"], reward_chosen=reward, reward_rejected=float(os.getpid()),
        reward_chosen_sae=0.0, reward_rejected_sae=0.0, truncated=0, heuristics=[],
        feature=[] if feature is None else [feature],
        **dict.fromkeys(("activation_chosen", "activation_rejected", "attribution"),
                        [] if feature is None else [1.0]))

def serve():
    while True:
        asked = hear()
        if asked["type"] == "measure":
            measured(asked)
"""
HEALTHY = "ready(); serve()"


def worker(script: str, run: str = CONFIG.run) -> list[str]:
    """The command of a worker that runs this script and says that it measures this run."""
    return [sys.executable, "-c", f"{_PRELUDE}\nRUN = {run!r}\n{script}"]


def first_time(mark: Path, script: str) -> str:
    """A script that misbehaves as told when it is started first, and is healthy afterwards."""
    lines = "\n    ".join(script.splitlines())
    first = f"if not os.path.exists({str(mark)!r}):\n    open({str(mark)!r}, 'w').close()\n"
    return f"{first}    {lines}\n{HEALTHY}"


def rescorer(script: str) -> LiveRescorer:
    return LiveRescorer(worker(script), MANIFEST, lambda: [STANDING])


def exists(process: int) -> bool:
    """Whether there is such a process; one that nobody collected counts too."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


async def until_gone(process: int, seconds: float = 3.0) -> None:
    async with asyncio.timeout(seconds):
        while exists(process):
            await asyncio.sleep(0.01)


async def until_state(asked: LiveRescorer, state: str) -> None:
    async with asyncio.timeout(5):
        while not asked.state.startswith(state):
            await asyncio.sleep(0.01)
