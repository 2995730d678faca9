"""What learners on a stream of tasks are compared with: three more ways to train the single loop's own model.

Ewc     elastic weight consolidation (Kirkpatrick et al. 2017): at the end of a task a quadratic penalty holds every
        weight near its value, as strongly as the task's Fisher information says that it matters. Unlike any other
        learner here it is told where a task ends.
Replay  keeps some samples in a reservoir (Vitter 1985): half of every batch comes from there, half from the stream, so
        that it learns from as many samples a step as the others
Joint   every batch mixes all tasks from the first step on: no continual learner, but the upper bound

Each writes by gradient at every step, by the optimizer and rate of its config.
"""

from collections import deque

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from nested_core.clock import due
from nested_core.learner import Observation
from nested_core.nest import GradientLevels
from nested_core.rng import generator, torch_generator
from nested_core.streams.base import Batch, Stream

HELD = 200  # samples in the reservoir: digits, or sequences
FISHER = 256  # digits that a Fisher diagonal is estimated from; on text as many tokens as two batches


class Baseline(GradientLevels):
    """The model of `base` on one clock, learning from `stream` in another way."""

    def __init__(self, base: GradientLevels, stream: Stream, seed: int):
        super().__init__(base.config, base.model, base.multiply_adds)
        self.stream, self.seed = stream, seed

    def step_on(self, mixed: Batch, batch: Batch, step: int) -> Observation:
        """Learn from another batch than the stream's, whose score counts as online all the same."""
        online = self.score(batch)
        return super().step(mixed, step)._replace(online=online, guess=-1)


class Ewc(Baseline):
    """Adds strength / 2 sum_tasks sum_i F_i (w_i - w*_i)^2 to the loss, F the Fisher diagonal at the task's end w*.

    F is the mean, over samples, of the squared gradient of log p(y | x), with y drawn from the model itself. The
    penalties of all tasks are one quadratic: its curvature and its pull are all that is kept.
    """

    def __init__(self, base: GradientLevels, stream: Stream, seed: int, strength: float):
        super().__init__(base, stream, seed)
        self.strength = strength
        self.curvature = torch.zeros_like(self.weights.vector)  # sum of F
        self.pull = torch.zeros_like(self.weights.vector)  # sum of F w*
        self.state += 2 * self.parameters
        self.recent: deque[Batch] = deque(maxlen=2 if stream.config.is_text else -(-FISHER // stream.config.batch))

    def step(self, batch: Batch, step: int) -> Observation:
        # The gradient of the penalty comes first; that of the loss is added to it.
        self.weights.gradient.copy_(self.strength * (self.curvature * self.weights.vector - self.pull))
        seen = super().step(batch, step)
        self.recent.append(batch)
        if due(step, self.stream.config.dwell):
            fisher = self.fisher(torch.cat([b.x for b in self.recent]), torch_generator(self.seed, "fisher", step))
            self.curvature += fisher
            self.pull += fisher * self.weights.vector
            self.recent.clear()
        return seen

    def fisher(self, x: Tensor, draws: torch.Generator) -> Tensor:
        """The Fisher diagonal at the present weights, of an answer (on text: of a token's)."""
        total = torch.zeros_like(self.weights.vector)
        for row in x.split(1):
            self.weights.gradient.zero_()
            answer = self.model(row)
            logits = (answer[0] if isinstance(answer, tuple) else answer).flatten(0, -2)
            drawn = torch.multinomial(logits.detach().softmax(-1), 1, generator=draws)[:, 0]
            # Answers are drawn apart from each other, so in the mean only the squares of each token's gradient stay.
            F.cross_entropy(logits, drawn, reduction="sum").backward()
            total += self.weights.gradient.square() / (len(logits) * len(x))
        self.weights.gradient.zero_()
        return total


class Reservoir:
    """A uniform sample, without replacement, of all that it was offered."""

    def __init__(self, size: int, rng: np.random.Generator):
        self.size, self.rng, self.offered = size, rng, 0
        self.held: list[tuple[Tensor, Tensor]] = []

    def offer(self, batch: Batch) -> None:
        for sample in zip(batch.x, batch.y, strict=True):
            self.offered += 1
            if len(self.held) < self.size:
                self.held.append(sample)
            elif (place := int(self.rng.integers(self.offered))) < self.size:
                self.held[place] = sample

    def draw(self, n: int) -> Batch:
        """At most n different samples."""
        picked = self.rng.choice(len(self.held), min(n, len(self.held)), replace=False)
        x, y = zip(*(self.held[i] for i in picked), strict=True)
        return Batch(torch.stack(x), torch.stack(y))


class Replay(Baseline):
    def __init__(self, base: GradientLevels, stream: Stream, seed: int, size: int = HELD):
        super().__init__(base, stream, seed)
        self.reservoir = Reservoir(size, generator(seed, "reservoir"))
        sample = stream.tests[0]
        self.state += size * (sample.x[0].numel() + sample.y[0].numel())

    def step(self, batch: Batch, step: int) -> Observation:
        mixed = batch
        if self.reservoir.held:
            old = self.reservoir.draw(len(batch.x) // 2)
            new = len(batch.x) - len(old.x)
            mixed = Batch(torch.cat([batch.x[:new], old.x]), torch.cat([batch.y[:new], old.y]))
        seen = self.step_on(mixed, batch, step)
        self.reservoir.offer(batch)
        return seen


class Joint(Baseline):
    def step(self, batch: Batch, step: int) -> Observation:
        return self.step_on(self.mixed(step), batch, step)

    def mixed(self, step: int) -> Batch:
        """A batch with equally many samples of every task; those left over go round from step to step."""
        tasks, size = self.stream.config.tasks, self.stream.config.batch
        counts = np.bincount((step + np.arange(size)) % tasks, minlength=tasks)
        parts = []
        for task, n in enumerate(counts):
            x, y = self.stream._draw(task, generator(self.seed, f"joint {task}", step))
            parts.append(Batch(x[:n], y[:n]))
        return Batch(torch.cat([p.x for p in parts]), torch.cat([p.y for p in parts]))
