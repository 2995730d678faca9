"""What a page and the worker say to each other: which learners to train, what to ask them, what they answered."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nested_core import presets
from nested_core.config import RunConfig, run_id, whole

from .strokes import Image

TASKS = (2, 5)  # ways to divide the ten classes


@dataclass(frozen=True)
class Lesson:
    """Both digit learners of the playground, on classes that come one after the other and never return.

    steps  of all tasks together
    """

    tasks: int = 5
    seed: int = 0
    steps: int = 1000

    def __post_init__(self) -> None:
        whole("tasks", self.tasks, 2, 10)
        whole("seed", self.seed, 0, 2**31 - 1)
        whole("steps", self.steps, self.tasks, 20_000)

    @cached_property
    def configs(self) -> tuple[RunConfig, ...]:
        """The runs, nested first. Tested only where a task ends: the learners are what is wanted."""
        stream = presets.stream("class_digits", tasks=self.tasks, dwell=self.steps // self.tasks)
        return tuple(RunConfig(stream, arm, probe_every=stream.dwell) for arm in presets.arms(stream))

    @cached_property
    def runs(self) -> tuple[str, ...]:
        return tuple(run_id(config, self.seed) for config in self.configs)


@dataclass(frozen=True)
class Question:
    """An image shown to the kept learners of these runs."""

    runs: tuple[str, ...]
    image: Image


@dataclass(frozen=True)
class Answer:
    """What one learner sees in one image. `scores` [tasks, rows, 10]: as it stood after each task.

    rows   every level alone, and, where there are several, all "together" last
    shows  what a score is, in words
    """

    arm: str
    rows: tuple[str, ...]
    shows: str
    scores: np.ndarray

    def says(self, task: int, row: int = -1) -> int:
        """The class that this row answers after this task."""
        return int(self.scores[task, row].argmax())
