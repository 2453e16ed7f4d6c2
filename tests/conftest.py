"""What every test may lean on: the shared real data and models, where they are at hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# The workers of the suite share the cores: torch's threads wait for each other by spinning.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# One change, one judgement: the suite tries the same examples wherever it runs. New ones are
# looked for by `make fuzz`, and what it finds becomes an example of its test.
settings.register_profile("suite", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A text that nobody reads is no name of a test: each goes to the workers and comes back."""
    long = isinstance(val, (str, bytes)) and len(val) > 200
    return f"long {argname}" if long else None


def _shared(path: str) -> Path:
    found = SHARED / path
    if not found.exists():
        pytest.skip(
            f"the real data is not here: no {path} in the folder shared/ beside the checkout"
        )
    return found


@pytest.fixture(scope="session", autouse=True)
def _no_cache_of_the_users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever names no cache writes nothing into the checkout's or the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OUTVOTED_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _pilots_look_often() -> Iterator[None]:
    """A pilot waits for 20 ms without work, and after each key twice: it slept more than it drove.

    A quarter of what it looks at may be work: waking up is, a little.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textual._wait.SLEEP_GRANULARITY", 0.004)
        patch.setattr("textual._wait.SLEEP_IDLE", 0.001)
        yield


@pytest.fixture(scope="session", autouse=True)
def _memory_is_kept() -> Iterator[None]:
    """With torch in the process, code that is given back takes 14 ms to come back each time."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("lists", "looking"):
            patch.setattr(f"engine.cache.{module}.give_back", lambda: None)
        yield


@pytest.fixture(scope="session")
def real_pairs() -> Path:
    """The real harmless-base test file: 2,312 HH pairs."""
    return _shared("hh-rlhf/harmless-base-test.jsonl.gz")


@pytest.fixture(scope="session")
def real_pm() -> Path:
    """A real PM: a Llama with 8 blocks of width 576, fine-tuned on HH."""
    return _shared("models/pm-smollm2-8l")


@pytest.fixture(scope="session")
def real_gated_sae() -> Path:
    """A gated SAE of it in dictionary_learning's layout, at the output of model.layers.4."""
    return _shared("models/sae/dictlearn-gated-l4")


@pytest.fixture(scope="session")
def real_topk_sae() -> Path:
    """A top-k SAE of it in SAELens' layout, at the same hook point."""
    return _shared("models/sae/saelens-topk-l4")
