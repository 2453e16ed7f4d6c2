"""Who measures a request: this process, or the workers of a Ray cluster.

Ray is an extra, and seconds to import: that happens here, and where `--ray` is given alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec

from engine.demo.place import remembered
from engine.errors import UserError
from engine.measure.crew import Alone, Crew
from engine.measure.hand import Orders
from engine.measure.handed import Handed
from engine.measure.instrument import Instrument
from engine.measure.loading import run_config
from engine.measure.request import ScoreRequest


def connected(address: str, device: str) -> int:
    """Connect to a Ray cluster; how many workers it has room for.

    Raises:
        UserError: Ray is not installed, or there is no such cluster.
    """
    if find_spec("ray") is None:
        raise UserError(
            "it needs Ray, which is not installed",
            where="--ray",
            todo="pip install 'outvoted[cluster]', here and on every machine of the cluster.",
        )
    from engine.measure.on_ray import connect

    return connect(address, device)


def own_device(request: ScoreRequest) -> str:
    """Where this process has its models: where workers measure, it prepares and seals alone."""
    return request.device if request.ray is None else "cpu"


def crew_of(
    runs: Mapping[str, tuple[ScoreRequest, Instrument]], device: str, workers: int | None
) -> Crew:
    """Who measures some runs of one PM: this process where there are no workers.

    Args:
        runs: by their ids, each one's request for it alone, and what measures it here.
        device: as the request says it.
        workers: how many the cluster has room for; they load what this process has loaded.
    """
    if workers is None:
        return Alone({run: instrument for run, (_, instrument) in runs.items()})
    from engine.measure.on_ray import on_ray

    orders = {run: orders_of(request, instrument) for run, (request, instrument) in runs.items()}
    return Handed(orders, on_ray(device.partition(":")[0], workers))


def orders_of(request: ScoreRequest, instrument: Instrument) -> Orders:
    """What a worker on another machine needs to know, to measure what this instrument would."""
    return Orders(
        paths=replace(request.paths, cache=request.paths.cache.absolute()),
        pm=remembered(request.pm),
        sae=remembered(request.saes[0]),
        hook=instrument.hook,
        readout=request.readout,
        positions=request.positions,
        dtype=run_config(instrument).dtype,
        device=request.device.partition(":")[0],
        chat_template=request.chat_template,
        known=request.known,
    )
