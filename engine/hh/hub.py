"""Data sets of the Hugging Face hub, fetched by the datasets library into its own cache."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UserError

PREFIX = "hub:"


@dataclass(frozen=True, slots=True)
class HubSplit:
    """One split, fetched."""

    files: tuple[Path, ...]
    rows: int


def hub_splits(repo: str, split: str | None) -> dict[str, HubSplit]:
    """The Arrow files of each split, in order, as the datasets library keeps them.

    Args:
        repo: `owner/name`.
        split: the one to take; all where None.

    Raises:
        UserError: it cannot be reached and there is no copy, or there is no such split.
    """
    # Imported here and nowhere else: it takes seconds.
    from datasets import load_dataset
    from datasets.exceptions import DatasetsError

    # It retries for half a minute and logs every attempt; one sentence at the end is enough.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        loaded = load_dataset(repo) if split is None else {split: load_dataset(repo, split=split)}
    except ConnectionError:
        raise UserError(
            f"{PREFIX}{repo} cannot be reached: there is no network, and no copy of it in the"
            " cache of the datasets library."
        ) from None
    except (DatasetsError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            reason, where=f"{PREFIX}{repo}", todo="Check the name of the data set and its split."
        ) from None
    return {
        name: HubSplit(tuple(Path(file["filename"]) for file in data.cache_files), data.num_rows)
        for name, data in loaded.items()
    }
