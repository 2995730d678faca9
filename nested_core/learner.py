"""What the loop asks of every learner, nested or not. A learner is given batches; it is never told the task."""

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .config import LearnerConfig, Level
from .ops.backend import Choice
from .streams.base import Batch

MAP_ROWS, MAP_COLUMNS = 32, 64  # bound on a memory snapshot


class Observation(NamedTuple):
    """What happened in one step, per level: wrote bool [L], change [L], surprise [L] (units: `trace.CHANNELS`)."""

    online: float  # score of the batch, predicted before learning from it
    wrote: np.ndarray
    change: np.ndarray
    surprise: np.ndarray
    diverged: bool = False  # the loss or a gradient was not finite, or a memory beyond state.BOUND
    guess: int = -1  # the answer to the first sample (on text: to its end), given before learning


def divergence(online: float, levels: int, guess: int = -1) -> Observation:
    """What is said of a step that diverged: nothing was written."""
    return Observation(online, np.zeros(levels, bool), np.zeros(levels), np.full(levels, np.nan), True, guess)


class Learner(ABC):
    """A model and the levels that write it.

    levels        dicts {name, period, per ("step" or "token"), kind}, fast to slow
    parameters    numbers in the model
    state         numbers that optimizers and memories keep beside them
    multiply_adds of one forward pass over one sample (a digit, or a character)
    memory_shows  one sentence: what `memory` returns
    backend       of a learner with self-modifying memory: the form that computes it, and why
    """

    config: LearnerConfig
    levels: list[dict[str, str | int]]
    parameters: int
    state: int
    multiply_adds: int
    memory_shows: str
    backend: Choice | None = None

    @abstractmethod
    def step(self, batch: Batch, step: int) -> Observation:
        """Predict the batch, then let every level that is due after data point `step` write.

        Where the loss or a gradient is not finite, or a memory in context holds a number beyond `state.BOUND`, the
        learner has diverged: it is left exactly as it was, weights, optimizers, slow levels and open windows, as if the
        batch had not come.
        """

    def edit(self, levels: tuple[Level, ...]) -> None:
        """From the next step on the levels have these periods, rates and pauses; there are as many as before."""
        self.config = replace(self.config, levels=levels)

    @abstractmethod
    def score(self, test: Batch) -> float:
        """Score on held-out data; writes nothing."""

    @abstractmethod
    def level_scores(self, test: Batch) -> np.ndarray:
        """Score of each level asked alone, [L]; nan for a level that cannot answer alone. Writes nothing."""

    def gates(self, tests: list[Batch]) -> tuple[np.ndarray, np.ndarray] | None:
        """Step size and retention of the self-modifying memories while they read held-out data of every task.

        Each float64 [layers, heads, 3]: mean, 10 % and 90 % quantile over tokens; None for a learner without such
        memories. Writes nothing.
        """
        return None

    @abstractmethod
    def memory(self) -> np.ndarray:
        """Part of each level's memory, float32 [L, rows, columns]."""


def memory_map(weight: Tensor) -> np.ndarray:
    """A matrix as at most 32 x 64 numbers: every n-th row and column of a larger one."""
    rows, columns = (max(1, -(-size // most)) for size, most in zip(weight.shape, (MAP_ROWS, MAP_COLUMNS), strict=True))
    return weight.detach()[::rows, ::columns].to(torch.float32).cpu().numpy()
