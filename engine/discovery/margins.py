"""What the PM's margins say of each pair, once everything but the wording is taken off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.errors import UserError
from engine.verdict import fit_temperature
from engine.verdict.temperature import sigmoid

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Margins:
    """Every array is [pairs], NaN where the margin is not known."""

    margin: Floats
    residual: Floats
    """The margin less its tranche's mean, and less what the responses' lengths account for."""
    agreed: Floats
    """sigmoid(margin / T): the chance that the PM gives the label."""
    temperature: float | None
    """The fitted T; None where no finite one is best, and 1 is used."""
    length_slope: float
    """What a margin gains with the logarithm of chosen's words over rejected's."""

    @property
    def known(self) -> int:
        return int(np.isfinite(self.margin).sum())


def adjusted(margin: Floats, tranches: npt.NDArray[np.str_], lengths: Floats) -> Margins:
    """Take tranche and length off the margins, by least squares within the tranches.

    PMs reward length, or punish it, and long responses carry more of everything: without this
    every frequent word would come out.

    Args:
        margin: [pairs], NaN where it is not known.
        tranches: of each pair.
        lengths: [pairs, 2] words of chosen and rejected.

    Raises:
        UserError: fewer than three margins are known.
    """
    known = np.isfinite(margin)
    if known.sum() < 3:
        raise UserError(
            "too few margins are known to discover anything",
            todo="Score more pairs: `outvoted score` without --pairs measures a sample.",
        )
    longer = np.log1p(lengths[:, 0]) - np.log1p(lengths[:, 1])
    y, x = (_centred(values[known], tranches[known]) for values in (margin, longer))
    square = float(x @ x)
    slope = float(x @ y) / square if square else 0.0
    residual = np.full(len(margin), np.nan)
    residual[known] = y - slope * x
    temperature = fit_temperature(margin[known])
    agreed = np.full(len(margin), np.nan)
    agreed[known] = sigmoid(margin[known] / (temperature or 1.0))
    return Margins(
        margin=margin,
        residual=residual,
        agreed=agreed,
        temperature=temperature,
        length_slope=slope,
    )


def _centred(values: Floats, tranches: npt.NDArray[np.str_]) -> Floats:
    """Each value less the mean of its tranche."""
    _, place = np.unique(tranches, return_inverse=True)
    means = np.bincount(place, weights=values) / np.bincount(place)
    centred: Floats = values - means[place]
    return centred
