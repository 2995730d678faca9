"""Continual-learning metrics on a matrix R[task trained, task tested].

Definitions follow Lopez-Paz and Ranzato (2017) and Chaudhry et al. (2018).

Row i holds the scores on every task after tasks 0..i were learned. Scores are "larger is better" (accuracy) unless
`lower_is_better=True` (bits per character); then signs are flipped so that every result keeps its meaning: forgetting
is what was lost, transfer is what was gained. With fewer tasks than a metric needs the result is nan: undefined, not 0.
`bootstrap_interval` says how sure a mean over seeds is.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

RESAMPLES = 4_000


def bootstrap_interval(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the 95 % bootstrap interval (percentile) of the mean over the first axis, seeds: values [n, ...].

    The same values always give the same interval.
    """
    n = len(values)
    drawn = np.random.default_rng(0).integers(n, size=(RESAMPLES, n)) + n * np.arange(RESAMPLES)[:, None]
    times = np.bincount(drawn.ravel(), minlength=RESAMPLES * n).reshape(RESAMPLES, n)  # how often each was drawn
    low, high = np.quantile(np.tensordot(times.astype(float), values, 1) / n, (0.025, 0.975), axis=0)
    return np.asarray(low), np.asarray(high)


def _matrix(R: ArrayLike, lower_is_better: bool) -> np.ndarray:
    R = np.array(R, dtype=float)
    if R.ndim != 2 or R.shape[0] != R.shape[1] or R.shape[0] == 0:
        raise ValueError(f"R: shape {R.shape} given; give a square matrix [task trained, task tested]")
    return -R if lower_is_better else R


def average_accuracy(R: ArrayLike) -> float:
    """Mean score over all tasks after the last one was learned (the mean of the last row), in the unit of R."""
    return float(_matrix(R, False)[-1].mean())


def learned_accuracy(R: ArrayLike) -> float:
    """Mean score on each task right after it was learned (the mean of the diagonal), in the unit of R."""
    return float(_matrix(R, False).diagonal().mean())


def forgetting(R: ArrayLike, lower_is_better: bool = False) -> float:
    """Best score a task ever had before the last row, minus its final score; mean over all tasks but the last.

    Larger is worse; negative means that old tasks improved. Undefined (nan) for one task.
    """
    R = _matrix(R, lower_is_better)
    return float((R[:-1, :-1].max(axis=0) - R[-1, :-1]).mean()) if len(R) > 1 else math.nan


def backward_transfer(R: ArrayLike, lower_is_better: bool = False) -> float:
    """Final score minus the score right after learning; mean over all tasks but the last. Negative means forgetting."""
    R = _matrix(R, lower_is_better)
    return float((R[-1, :-1] - R.diagonal()[:-1]).mean()) if len(R) > 1 else math.nan


def forward_transfer(R: ArrayLike, baseline: ArrayLike | None = None, lower_is_better: bool = False) -> float:
    """Score on a task just before it is learned, minus `baseline[task]` before any training (0 if not given)."""
    R = _matrix(R, lower_is_better)
    b = np.zeros(len(R)) if baseline is None else np.asarray(baseline, dtype=float) * (-1 if lower_is_better else 1)
    return float((R.diagonal(1) - b[1:]).mean()) if len(R) > 1 else math.nan


def average_incremental_accuracy(R: ArrayLike) -> float:
    """Mean over i of the mean score on tasks 0..i after task i."""
    R = _matrix(R, False)
    return float(np.mean([R[i, : i + 1].mean() for i in range(len(R))]))
