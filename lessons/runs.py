"""Small runs on digits that several lessons use, and how to read them. Every run takes a second or less."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nested_core import presets
from nested_core.config import LearnerConfig, Level, RunConfig, StreamConfig

if TYPE_CHECKING:
    from nested_core.trace import Trace

PROBE = 5  # steps between two tests: curves are smooth, and a lesson can ask at any fifth step


def digits(kind: str, tasks: int = 2, dwell: int = 100, rounds: int = 1) -> StreamConfig:
    """Task A, then task B, ...: "class_digits" brings new digits, "permuted_digits" the same ones, pixels reordered."""
    return presets.stream(kind, rounds, tasks=tasks, dwell=dwell)


def mixed(kind: str) -> StreamConfig:
    """The same two tasks with as many steps each, in turns of five: neither is ever away for long."""
    return digits(kind, 2, 5, 20)


def single(name: str, rate: float = 1.0) -> LearnerConfig:
    """One network, one clock, gradient descent. Rate 1 is the best of its sweep (nested_core.presets)."""
    return LearnerConfig(name, "mlp", "sgd", "single", (Level(1, rate),), width=presets.MLP_WIDTH)


def restarting(name: str, *slower: tuple[int, float]) -> LearnerConfig:
    """The same network with slower memories (period, fraction), from which the fast weights restart (eq. 72)."""
    levels = (Level(1, 1.0), *(Level(period, fraction) for period, fraction in slower))
    return LearnerConfig(name, "mlp", "sgd", "nested", levels, width=presets.MLP_WIDTH)


def protected(name: str, *periods: int, damping: float = 0.1) -> LearnerConfig:
    """Blocks on these clocks, each with a least-squares memory of its inputs; a huge damping switches that memory "
    "off."""
    levels = tuple(Level(period, 0.3) for period in periods)
    made = LearnerConfig(name, "mlp", "least_squares", "independent", levels, width=presets.MLP_WIDTH)
    return replace(made, damping=damping)


def config(stream: StreamConfig, learner: LearnerConfig) -> RunConfig:
    return RunConfig(stream, learner, PROBE)


def known(trace: "Trace", task: int, step: int, level: int | None = None) -> float:
    """Accuracy (%) on a task at a probed step: of the learner as a whole, or of one level asked alone."""
    at = int(np.flatnonzero(trace["probe_step"] == step)[0])
    scores = trace["score"][at] if level is None else trace["level_score"][at, level]
    return 100 * float(scores[task])


def end(trace: "Trace", task: int) -> float:
    """Accuracy (%) on a task when the run is over."""
    return 100 * float(trace["score"][-1, task])


def final_mean(trace: "Trace") -> float:
    """Mean accuracy (%) over all tasks when the run is over."""
    return 100 * float(trace["score"][-1].mean())
