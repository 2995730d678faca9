"""The order in which a stream visits its tasks, shared by all streams."""

import bisect
from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np
import torch

from ..config import StreamConfig
from ..rng import generator


class Batch(NamedTuple):
    """What a learner sees. Digits: x [B, pixels] in [0, 1], y [B] class. Text: x, y [B, T] symbols, y one ahead."""

    x: torch.Tensor
    y: torch.Tensor


def moved(count: int, similarity: float) -> int:
    """How many of `count` pixels or letters are exchanged in a task that is this similar to the first."""
    return round((1 - similarity) * count)


class Stream(ABC):
    """Tasks in order, each with training data to draw batches from and held-out data to test on."""

    tasks: list[str]
    """Names of the tasks, in the order of their first visit."""
    tests: list[Batch]
    """Held-out data of every task; never trained on."""
    unit: str
    """Unit of a score: "accuracy" or "bits per character"."""
    size: int
    """Pixels of a digit, or number of symbols of a text."""
    alphabet: str | None = None
    """The symbols of a text, in order."""

    def __init__(self, config: StreamConfig, seed: int):
        self.config, self.seed = config, seed

    def task(self, step: int) -> int:
        """The task visited at `step` (from 1)."""
        config = self.config
        return config.visits[bisect.bisect_left(config.ends, (step - 1) % config.steps + 1)][0]

    def batch(self, step: int) -> Batch:
        """The batch of `step` (from 1). Any step can be asked for, in any order."""
        return self._draw(self.task(step), generator(self.seed, "batch", step))

    def sample(self, batch: Batch) -> np.ndarray:
        """The first sample of a batch as a person can be shown it, uint8 [parts]; nothing where there is no picture."""
        return np.zeros(0, np.uint8)

    @abstractmethod
    def _draw(self, task: int, rng: np.random.Generator) -> Batch: ...
