"""What counts as evidence: one row a seed, claims from differences paired by seed, a verdict from their interval.

`measured` is a mean paired difference written so that larger favours the claim. A claim is "reproduced" only if its
95 % interval lies above zero, "not reproduced" if it lies below, and "inconclusive" otherwise.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import bootstrap


@dataclass(frozen=True)
class Row:
    """One number of one run. metric: "PART: TEST", for example "parity: length 80"."""

    arm: str
    seed: int
    metric: str
    value: float
    unit: str


@dataclass(frozen=True)
class Claim:
    id: str
    statement: str
    measured: float
    ci95: tuple[float, float] | None
    n_seeds: int

    @property
    def verdict(self) -> str:
        if self.ci95 is None or self.ci95[0] <= 0 <= self.ci95[1]:
            return "inconclusive"
        return "reproduced" if self.ci95[0] > 0 else "not reproduced"


def interval(values) -> tuple[float, float] | None:
    """95 % bootstrap interval (percentile) of the mean over seeds; None for fewer than three seeds."""
    values = np.asarray(values, dtype=float)
    if len(values) < 3 or not np.isfinite(values).all():
        return None
    if np.ptp(values) == 0:
        return (float(values[0]), float(values[0]))
    found = bootstrap(
        (values,), np.mean, method="percentile", n_resamples=9_999, rng=np.random.default_rng(0)
    ).confidence_interval
    return float(found.low), float(found.high)


def claim(id: str, statement: str, differences) -> Claim:
    """A claim from paired differences, one a seed, written so that positive favours it."""
    return Claim(id, statement, float(np.mean(differences)), interval(differences), len(differences))


def values(rows: list[Row], arm: str, metric: str) -> np.ndarray:
    """One value a seed, in the order of seeds."""
    return np.array([row.value for row in sorted(rows, key=lambda r: r.seed) if (row.arm, row.metric) == (arm, metric)])


def average(rows: list[Row], arm: str, metrics: list[str]) -> np.ndarray:
    """The mean over several metrics, one value a seed."""
    return np.mean([values(rows, arm, metric) for metric in metrics], axis=0)
