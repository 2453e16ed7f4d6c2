"""From paths to what a run is measured with: a PM with an SAE put on it."""

from __future__ import annotations

from engine.cache.manifest import TRUNCATION, RunConfig
from engine.demo.place import resolve
from engine.errors import UserError
from engine.measure.budget_probe import find_budget, meter_of
from engine.measure.instrument import Instrument, Positions
from engine.models.pm import PreferenceModel
from engine.models.sae.load import hook_on, load_sae
from engine.models.tokens import BOS_KEPT, Readout, bos_of


def make_instrument(
    pm: PreferenceModel,
    sae_path: str,
    *,
    hook: str | None,
    readout: Readout,
    positions: Positions,
    device: str,
) -> Instrument:
    """Load an SAE and put it on the PM; without a hook point, at the one its config names.

    Raises:
        UserError: no hook point is named anywhere, or something does not fit.
    """
    sae = load_sae(resolve(sae_path), device=device)
    found = hook or hook_on(sae, pm)
    if found is None:
        raise UserError(
            "its config does not say which block it reads",
            where=sae_path,
            todo=f"Say it with --hook {pm.blocks_path}.N (the output of block N).",
        )
    instrument = Instrument(pm, sae, hook=found, readout=readout, positions=positions)
    find_budget(instrument, meter_of(pm.device))
    return instrument


def run_config(instrument: Instrument) -> RunConfig:
    """What names the run that this instrument measures."""
    begins = bos_of(instrument.pm.tokenizer) is not None
    return RunConfig(
        pm_hash=instrument.pm.hash,
        tokenizer_hash=instrument.pm.tokenizer_hash,
        sae_hash=instrument.sae.hash,
        hook=instrument.hook,
        readout=instrument.readout,
        dtype=str(instrument.pm.dtype).removeprefix("torch."),
        positions=instrument.positions,
        truncation=BOS_KEPT if begins else TRUNCATION,
    )
