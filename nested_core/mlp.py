"""The digit learner with independent levels: MLP blocks on different clocks whose answers are averaged.

Nested Learning, section 7.1, eq. 74 (independent CMS), y = mean of MLP_k(x), ..., MLP_1(x). A level collects its own
window of samples and writes once, when its period ends, from answers made with the weights at the window's start
(eq. 71). Each block has slow features, written by a gradient step that a least-squares memory of inputs keeps away from
directions that old inputs used, and an associative read-out that always holds the least-squares answer.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .clock import due
from .config import LearnerConfig, Level
from .learner import Learner, Observation, divergence, memory_map
from .least_squares import AssociativeReadout, InputMemory
from .rng import torch_generator
from .streams.base import Batch

CLASSES = 10


def with_one(x: Tensor) -> Tensor:
    """x [n, d] with a constant 1 as a last input, so that a matrix has a bias: [n, d + 1]."""
    return F.pad(x, (0, 1), value=1.0)


def initial_features(hidden: int, inputs: int, generator: torch.Generator) -> Tensor:
    """Random features [hidden, inputs + 1] of unit-variance answers, bias 0, float64."""
    scale: float = (2 / (inputs + 1)) ** 0.5
    features = torch.randn(hidden, inputs + 1, generator=generator, dtype=torch.float64) * scale
    features[:, -1] = 0
    return features


def total(answers: list[Tensor]) -> Tensor:
    return sum(answers[1:], start=answers[0])


class MLP(nn.Module):
    """One hidden layer, as large as all blocks together, for the single loop: x [n, inputs] -> logits [n, 10]."""

    def __init__(self, inputs: int, hidden: int, generator: torch.Generator, classes: int = CLASSES):
        super().__init__()
        self.features = nn.Parameter(initial_features(hidden, inputs, generator))
        self.readout = nn.Parameter(
            torch.randn(classes, hidden, generator=generator, dtype=torch.float64) * hidden**-0.5
        )

    def forward(self, x: Tensor) -> Tensor:
        return (with_one(x) @ self.features.T).relu() @ self.readout.T


class Block:
    """One level: features [hidden, inputs + 1], an associative read-out, and the window it has collected."""

    def __init__(
        self, inputs: int, hidden: int, rate: float, damping: float, generator: torch.Generator, classes: int = CLASSES
    ):
        self.features = initial_features(hidden, inputs, generator)
        self.inputs = InputMemory(inputs + 1, damping)
        self.readout = AssociativeReadout(hidden, classes)
        self.rate = rate
        self.empty()

    def empty(self) -> None:
        self.gradient = torch.zeros_like(self.features)
        self.means: list[Tensor] = []
        self.seen: list[Tensor] = []
        self.targets: list[Tensor] = []

    def answer(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x [n, inputs + 1] -> features [n, hidden], answers [n, 10]."""
        hidden = (x @ self.features.T).relu()
        return hidden, hidden @ self.readout.W.T

    def slope(self, x: Tensor, hidden: Tensor, answer: Tensor, target: Tensor) -> Tensor:
        """The gradient of half the mean squared error, for the features."""
        error = (answer - target) / len(x)
        return ((error @ self.readout.W) * (hidden > 0)).T @ x

    def collect(self, gradient: Tensor, x: Tensor, hidden: Tensor, target: Tensor) -> None:
        """Add a batch to the window: its gradient, and what the read-out must learn."""
        self.gradient += gradient
        self.means.append(x.mean(0))
        self.seen.append(hidden)
        self.targets.append(target)

    def write(self, retention: float) -> float:
        """Write the window and empty it; returns the norm of the change of features and read-out.

        Both first fade to this part of themselves. The memories of inputs do not: what was protected stays so.
        """
        features, readout = self.features, self.readout.W
        step = self.rate * self.inputs.project(self.gradient)
        self.readout.W = retention * readout
        self.readout.write(torch.cat(self.seen), torch.cat(self.targets))
        self.features = retention * features - step
        self.inputs.store(torch.stack(self.means))
        self.empty()
        return float(((self.features - features).square().sum() + (self.readout.W - readout).square().sum()).sqrt())

    def size(self) -> float:
        return float((self.features.square().sum() + self.readout.W.square().sum()).sqrt())


class IndependentLevels(Learner):
    """Blocks of equal size, one for each level of the config; score: accuracy of the averaged answer."""

    memory_shows = "read-out of each level: class (row) by feature (column)"
    loss_name = "squared error"

    def __init__(self, config: LearnerConfig, inputs: int, seed: int, classes: int = CLASSES):
        self.config, self.classes = config, classes
        hidden = config.width // len(config.levels)
        generator = torch_generator(seed, "weights")
        self.blocks = [Block(inputs, hidden, level.rate, config.damping, generator, classes) for level in config.levels]
        self.levels = [{"name": x.name, "period": x.period, "per": "step", "kind": "block"} for x in config.levels]
        weights = [x for b in self.blocks for x in (b.features, b.readout.W)]
        memories = [x for b in self.blocks for x in (b.inputs.P, b.readout.inputs.P)]
        self.parameters = self.multiply_adds = sum(x.numel() for x in weights)
        self.space = tuple((f"weights {i}", tuple(x.shape)) for i, x in enumerate(weights))
        self.state = sum(x.numel() for x in memories)

    def step(self, batch: Batch, step: int) -> Observation:
        x, target = with_one(batch.x), F.one_hot(batch.y, self.classes).double()
        answers = [block.answer(x) for block in self.blocks]
        guess = total([answer for _, answer in answers]).argmax(1)
        online, shown = float((guess == batch.y).double().mean()), int(guess[0])
        change = np.zeros(len(self.blocks))
        surprise = np.array([float((answer - target).square().sum(1).mean().sqrt()) for _, answer in answers])
        slopes = [block.slope(x, *answered, target) for block, answered in zip(self.blocks, answers, strict=True)]
        if not np.isfinite([*surprise, *(float(slope.sum()) for slope in slopes)]).all():
            return divergence(online, len(self.blocks), shown)
        for i, (level, block, (hidden, _)) in enumerate(zip(self.config.levels, self.blocks, answers, strict=True)):
            if level.paused:
                continue
            block.collect(slopes[i], x, hidden, target)
            if due(step, level.period):
                change[i] = block.write(level.retention) / block.size()
        return Observation(online, change > 0, change, surprise, guess=shown)

    def edit(self, levels: tuple[Level, ...]) -> None:
        super().edit(levels)
        for block, level in zip(self.blocks, levels, strict=True):
            block.rate = level.rate

    def score(self, test: Batch) -> float:
        x = with_one(test.x)
        guess = total([block.answer(x)[1] for block in self.blocks]).argmax(1)
        return float((guess == test.y).double().mean())

    def level_scores(self, test: Batch) -> np.ndarray:
        x = with_one(test.x)
        return np.array([float((b.answer(x)[1].argmax(1) == test.y).double().mean()) for b in self.blocks])

    def snapshot(self) -> Tensor:
        return torch.cat([x.flatten() for b in self.blocks for x in (b.features, b.readout.W)])

    def loss(self, weights: Tensor, test: Batch) -> float:
        """Half the squared error of the averaged answer, the mean over samples."""
        x, target = with_one(test.x), F.one_hot(test.y, self.classes).double()
        parts = iter(weights.split([math.prod(shape) for _, shape in self.space]))
        answers = []
        for block in self.blocks:
            features, readout = next(parts).view_as(block.features), next(parts).view_as(block.readout.W)
            answers.append((x @ features.T).relu() @ readout.T)
        return float((total(answers) / len(answers) - target).square().sum(1).mean()) / 2

    def memory(self) -> np.ndarray:
        return np.stack([memory_map(b.readout.W) for b in self.blocks])
