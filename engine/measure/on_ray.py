"""Runs measured by the workers of a Ray cluster: Ray Data from tasks to what became of them.

Imported where `--ray` is given and nowhere else. A row of the data set is a task, and a block of
its own, so that Ray hands tasks out one by one. A worker is an actor with a GPU, or with a
CPU where none are asked for. One that dies is started again by Ray, and its part with it: a part is
written whole, and the same however often.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence

import ray
import ray.data
from ray.exceptions import RayError

from engine.errors import FailedError, UserError
from engine.log import LOGGER
from engine.measure.hand import Answer, Asked, Hand, Job
from engine.measure.handed import Ask
from engine.models.weights import first_line

_RESUME = "Finished parts are kept: run the same command again, and it goes on from them."


def connect(address: str, device: str) -> int:
    """Connect to a cluster, or start one on this machine; how many workers it has room for.

    Args:
        address: as Ray takes it; empty: `RAY_ADDRESS`, a cluster that runs on this machine, or a
            new one of all that it has.
        device: `cpu` or `cuda`: what each worker gets one of.

    Raises:
        UserError: there is no such cluster, or it has nothing of what is asked for.
    """
    kind = device.partition(":")[0]
    if kind not in ("cpu", "cuda"):
        raise UserError(f"Ray hands out no {kind}", where="--device", todo="Say cpu or cuda.")
    if not ray.is_initialized():
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # what it survives is no news
        try:
            ray.init(
                address=address or None,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise UserError(
                f"there is no Ray cluster ({first_line(error)})",
                where=address or os.environ.get("RAY_ADDRESS") or "--ray",
                todo="Start one with `ray start --head`, or give --ray no address.",
            ) from None
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # progress is drawn by us
    ray.data.DataContext.get_current().enable_progress_bars = False
    what = "GPU" if kind == "cuda" else "CPU"
    found = int(ray.cluster_resources().get(what, 0))
    if not found:
        raise UserError(
            f"the Ray cluster has no {what}",
            where="--ray",
            todo="Add machines that have one, or say --device cpu.",
        )
    LOGGER.info("measuring on Ray %s with %d workers, a %s each", ray.__version__, found, what)
    return found


def on_ray(device: str, workers: int) -> Ask:
    """How the cluster that this process is connected to is asked.

    Args:
        device: `cpu` or `cuda`: what each worker gets one of.
        workers: how many there are at most.

    Raises, as it is asked:
        FailedError: the cluster was lost.
    """

    def ask(jobs: Sequence[Job], tasks: Sequence[Asked]) -> Iterator[Answer]:
        try:
            every = ray.data.from_items(list(tasks), override_num_blocks=len(tasks))
            yield from every.map(
                Hand,
                fn_constructor_args=(jobs,),
                compute=ray.data.ActorPoolStrategy(
                    size=min(workers, len(tasks)), max_tasks_in_flight_per_actor=1
                ),
                **({"num_gpus": 1} if device == "cuda" else {"num_cpus": 1}),
            ).iter_rows()
        except RayError as error:
            what = f"the Ray cluster could not go on: {first_line(error)}"
            raise FailedError(what, todo=_RESUME) from None

    return ask
