"""PMs that every test of the measurement may use; each is made once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from engine.hh import Pair
from engine.measure.instrument import Instrument
from engine.models.pm import PreferenceModel, load_pm
from engine.models.sae.load import load_sae
from tests.engine.measure.plain import PlainModel
from tests.engine.measure.real import (
    DUNNO,
    DUNNO_ROWS,
    HOOK,
    SHARED_BEGINNING,
    URL,
    URL_ROWS,
    Bearer,
    Real,
    bearers_at,
    read_pairs,
)
from tests.engine.measure.tiny import Tiny, make_tiny

MakeTiny = Callable[[str], Tiny]
Record = Callable[[str, object], None]
"""pytest's record_property."""


@pytest.fixture(scope="session")
def tiny_of(tmp_path_factory: pytest.TempPathFactory) -> MakeTiny:
    """A tiny PM with its SAE, by architecture."""
    folder = tmp_path_factory.mktemp("tiny")
    return lambda architecture: make_tiny(folder / architecture, architecture)


@pytest.fixture(scope="session")
def tiny(tiny_of: MakeTiny) -> Tiny:
    """The tiny PM of the original's architecture, where nothing hangs on which it is."""
    return tiny_of("gptj")


@pytest.fixture(scope="session")
def pm(real_pm: Path) -> PreferenceModel:
    return load_pm(str(real_pm), dtype=torch.float32, device="cpu")


@pytest.fixture(scope="session")
def plain_pm(real_pm: Path) -> PlainModel:
    return PlainModel(real_pm, HOOK)


@pytest.fixture(scope="session", params=["gated", "topk"])
def real(
    request: pytest.FixtureRequest,
    pm: PreferenceModel,
    plain_pm: PlainModel,
    real_gated_sae: Path,
    real_topk_sae: Path,
) -> Real:
    """The real PM, once with each of its SAEs."""
    sae = load_sae(str(real_gated_sae if request.param == "gated" else real_topk_sae), device="cpu")
    instrument = Instrument(pm, sae, hook=HOOK, readout="last-text-token", positions="all")
    return Real(plain_pm, instrument)


@pytest.fixture(scope="session")
def hh(real_pairs: Path) -> tuple[Pair, ...]:
    """All pairs of the real file."""
    return read_pairs(real_pairs)


@pytest.fixture(scope="session")
def hh_bearers(hh: tuple[Pair, ...]) -> tuple[Bearer, ...]:
    """Ten real bearers of either pattern, on either side."""
    return (
        *bearers_at(hh, SHARED_BEGINNING, DUNNO),
        *bearers_at(hh, DUNNO_ROWS, DUNNO),
        *bearers_at(hh, URL_ROWS, URL),
    )
