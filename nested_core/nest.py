"""Learners that write by gradient: the single loop, nested levels and sequential levels, around any model.

single      one level: an optimizer writes all weights whenever its period ends
nested      (eq. 72, first order) the fastest level writes by gradient. A slower level holds the initial state of the
            next faster one: when its period ends it moves a fraction of the way toward the faster weights, and every
            faster level restarts from it. It is known as Reptile and Lookahead. Optimizer state carries on.
sequential  (eqs. 70, 71) each CMS block of Hope belongs to one level and is written, on that level's clock, with the
            sum of the gradients of its window; everything else belongs to the fastest level

All weights live in one vector, so that a write, a transfer and a norm are one operation each.
"""

import math
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .clock import due
from .cms import MemoryBlock
from .config import LearnerConfig, Level
from .hope import Hope
from .language_model import Block, LanguageModel
from .learner import Learner, Observation, divergence, memory_map
from .mlp import MLP
from .ops.self_modifying import MEMORY
from .state import BOUND, State, largest, tensors
from .streams.base import Batch
from .titans import SelfModifyingTitans

GATE_SEQUENCES = 4  # of every task that are read to look at the gates
CLIP = 1.0  # largest norm of a gradient, the same for every learner


class Weights:
    """The parameters of a model as views into one vector, and their gradients as views into another."""

    def __init__(self, named: list[tuple[str, nn.Parameter]]):
        self.vector = torch.cat([p.detach().flatten() for _, p in named])
        self.gradient = torch.zeros_like(self.vector)
        self.place: dict[str, tuple[int, torch.Size]] = {}
        start = 0
        for name, p in named:
            p.data, p.grad = (part[start : start + p.numel()].view(p.shape) for part in (self.vector, self.gradient))
            self.place[name] = (start, p.shape)
            start += p.numel()

    def view(self, vector: Tensor, name: str) -> Tensor:
        """The parameter `name` inside a vector of all weights."""
        start, shape = self.place[name]
        return vector[start : start + shape.numel()].view(shape)


class GradientLevels(Learner):
    """A model written by gradient on the clocks of its config. Score: accuracy for an MLP, else bits per character."""

    def __init__(self, config: LearnerConfig, model: nn.Module, multiply_adds: int):
        self.config, self.model, self.multiply_adds = config, model, multiply_adds
        sequential = config.variant == "sequential"
        owner = {name: _owner(name) if sequential else 0 for name, _ in model.named_parameters()}
        ordered = sorted(model.named_parameters(), key=lambda item: owner[item[0]])  # stable: a level's weights adjoin
        self.weights = Weights(ordered)
        sizes = [
            sum(p.numel() for n, p in ordered if owner[n] == i) for i in range(len(config.levels) if sequential else 1)
        ]
        self.parts = list(zip(self.weights.vector.split(sizes), self.weights.gradient.split(sizes), strict=True))
        self.optimizers = [
            _optimizer(config.optimizer, *part, level.rate)
            for part, level in zip(self.parts, config.levels, strict=False)
        ]
        self.slow = [self.weights.vector.clone() for _ in config.levels[1:]] if config.variant == "nested" else []
        kind = {"single": "gradient", "nested": "initial state", "sequential": "block"}[config.variant]
        self.levels = [
            {"name": x.name, "period": x.period, "per": "step", "kind": kind if i else "gradient"}
            for i, x in enumerate(config.levels)
        ]
        self.in_context = isinstance(model, Hope) and isinstance(self._first().mixer, SelfModifyingTitans)
        if self.in_context:
            self.levels.insert(0, {"name": "in context", "period": 1, "per": "token", "kind": "in context"})
            self.backend = cast(SelfModifyingTitans, self._first().mixer).choose()
        self.parameters = self.weights.vector.numel()
        moments = {"sgd": 0, "adam": 2}[config.optimizer]
        self.state = self.parameters * (moments + len(self.slow))
        self.memory_shows = self._shown()
        self.loss_name = "cross-entropy (nats)" if isinstance(model, MLP) else "bits per character"
        self.space = tuple((name, tuple(p.shape)) for name, p in ordered)
        self._state: State | None = None
        self.forward: Callable[[Tensor], Any] | None = None  # in place of the model's own, with the same parameters

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Gradients are left out when a parameter is stored: have them again as views."""
        self.__dict__.update(state)
        for name, parameter in self.model.named_parameters():
            parameter.grad = self.weights.view(self.weights.gradient, name)
        for (_, gradient), optimizer in zip(self.parts, self.optimizers, strict=False):
            optimizer.param_groups[0]["params"][0].grad = gradient

    def _shown(self) -> str:
        """What `memory` returns, in words."""
        if isinstance(self.model, MLP):
            return "read-out held by each level: class (row) by feature (column)"
        if not self.in_context:
            return "value projection of the first layer held by each level: every second row"
        if self.config.variant == "sequential":
            return "first layer: what one sequence wrote in context, and a corner of each level's CMS block"
        return "main memory of the first head: after reading one sequence, and the initial state held by each level"

    def step(self, batch: Batch, step: int) -> Observation:
        state, collected, read = self._state, self.weights.gradient.clone(), 0.0
        loss, online, guess = self._loss(batch)
        if self.in_context:  # before any level writes: afterwards the initial state is another one
            start, end = self._memories()
            read = float((end - start).norm() / start.norm())
        loss.backward()
        norms = [float(gradient.norm()) for _, gradient in self.parts]
        # A norm may hide a memory that grows without end, so that loss and gradients stay as they should be.
        bounded = largest(tensors(self._state)) <= BOUND  # false for nan
        if not (bounded and all(map(math.isfinite, (float(loss.detach()), read, *norms)))):
            self._state = state
            self.weights.gradient.copy_(collected)
            return divergence(online, len(self.levels), guess)
        levels = self.config.levels
        change, surprise = np.zeros(len(levels)), np.zeros(len(levels))
        surprise[: len(norms)] = norms
        for i, (level, (weights, gradient), optimizer) in enumerate(
            zip(levels, self.parts, self.optimizers, strict=False)
        ):
            if level.paused:
                gradient.zero_()
            elif due(step, level.period):
                before = weights.clone()
                gradient *= min(1.0, CLIP / (surprise[i] + 1e-12))
                weights *= level.retention
                optimizer.step()
                gradient.zero_()
                change[i] = _relative(weights, before)
        faster = [self.weights.vector]  # a paused level stays out of the chain: it neither writes nor restarts
        for i, (level, slow) in enumerate(zip(levels[1:], self.slow, strict=False), start=1):
            surprise[i] = float((faster[-1] - slow).norm())
            if level.paused:
                continue
            if due(step, level.period):
                before = slow.clone()
                slow *= level.retention
                slow += level.rate * (faster[-1] - slow)
                for weights in faster:
                    weights.copy_(slow)
                change[i] = _relative(slow, before)
            faster.append(slow)
        if self.in_context:
            change = np.insert(change, 0, read)
            surprise = np.insert(surprise, 0, math.nan)
        return Observation(online, change > 0, change, surprise, guess=guess)

    def edit(self, levels: tuple[Level, ...]) -> None:
        super().edit(levels)
        for optimizer, level in zip(self.optimizers, levels, strict=False):
            optimizer.param_groups[0]["lr"] = level.rate

    def _loss(self, batch: Batch) -> tuple[Tensor, float, int]:
        """The training loss in nats, the score, and the answer to the first sample."""
        if isinstance(self.model, MLP):
            logits = self.model(batch.x)
            guess = logits.argmax(1)
            return F.cross_entropy(logits, batch.y), float((guess == batch.y).double().mean()), int(guess[0])
        logits, self._state = (self.forward or self.model)(batch.x)
        loss = F.cross_entropy(logits.flatten(0, 1), batch.y.flatten())
        return loss, float(loss.detach()) / math.log(2), int(logits[0, -1].argmax())

    @torch.no_grad()
    def score(self, test: Batch) -> float:
        return self._asked(test)[1]

    def _asked(self, test: Batch) -> tuple[Tensor, float, int]:
        """`_loss` on held-out data, which leaves no trace in the state."""
        state = self._state
        answer = self._loss(test)
        self._state = state
        return answer

    def snapshot(self) -> Tensor:
        return self.weights.vector.clone()

    @torch.no_grad()
    def loss(self, weights: Tensor, test: Batch) -> float:
        """Cross-entropy, in the unit of `loss_name`."""
        held = self.snapshot()
        self.weights.vector.copy_(weights)
        loss = float(self._asked(test)[0])
        self.weights.vector.copy_(held)
        return loss if isinstance(self.model, MLP) else loss / math.log(2)

    def level_scores(self, test: Batch) -> np.ndarray:
        if self.config.variant == "sequential":  # a block in the middle of a chain has no answer of its own
            return np.full(len(self.levels), math.nan)
        alone = [self.score(test)]
        fast = self.weights.vector.clone()
        for slow in self.slow:
            self.weights.vector.copy_(slow)
            alone.append(self.score(test))
        self.weights.vector.copy_(fast)
        return np.array([math.nan] * self.in_context + alone)

    @torch.no_grad()
    def gates(self, tests: list[Batch]) -> tuple[np.ndarray, np.ndarray] | None:
        if not self.in_context:
            return None
        read = cast(Hope, self.model).gates(torch.cat([test.x[:GATE_SEQUENCES] for test in tests]))
        eta, alpha = (_parts(gate) for gate in read)
        return eta, alpha

    def _first(self) -> Block:
        """The first block of a language model."""
        return cast(Block, cast(LanguageModel, self.model).blocks[0])

    def _memories(self) -> tuple[Tensor, Tensor]:
        """Main memory [D, D] of the first layer and head: at the start of a batch, and after its first sequence."""
        initial = cast(SelfModifyingTitans, self._first().mixer).initial[0].detach()[0, MEMORY]
        if self._state is None:
            return initial, initial
        return initial, self._state.layers[0].memories.memory[0].detach()[0, 0, MEMORY]

    def memory(self) -> np.ndarray:
        if not self.in_context:
            name = "readout" if isinstance(self.model, MLP) else "blocks.0.mixer.project.weight"
            held = [self.weights.view(vector, name) for vector in (self.weights.vector, *self.slow)]
            return np.stack([memory_map(x if x.shape[0] <= 32 else x.chunk(3)[2]) for x in held])
        _, end = self._memories()
        if self.config.variant == "sequential":
            corners = [cast(MemoryBlock, block).up.weight for block in self._first().cms]
            held = [weight[: len(end), : len(end)] for weight in corners]
        else:
            held = [
                self.weights.view(v, "blocks.0.mixer.initial.0")[0, MEMORY] for v in (self.weights.vector, *self.slow)
            ]
        return np.stack([memory_map(x) for x in (end, *held)])


def _owner(name: str) -> int:
    """The level that writes a parameter of Hope under sequential levels: blocks.L.cms.I... belongs to level I."""
    parts = name.split(".")
    return int(parts[3]) if len(parts) > 3 and parts[2] == "cms" else 0


def _optimizer(name: str, weights: Tensor, gradient: Tensor, rate: float) -> torch.optim.Optimizer:
    parameter = nn.Parameter(weights)  # shares the storage of the vector
    parameter.grad = gradient
    if name == "sgd":
        return torch.optim.SGD([parameter], lr=rate)
    return torch.optim.AdamW([parameter], lr=rate, betas=(0.9, 0.99), weight_decay=0.0)


def _parts(gate: Tensor) -> np.ndarray:
    """A gate [layers, B, heads, T] as mean, 10 % and 90 % quantile over samples and tokens: [layers, heads, 3]."""
    values = gate.transpose(1, 2).flatten(2).double().numpy()
    return np.stack([values.mean(-1), *np.quantile(values, (0.1, 0.9), axis=-1)], axis=-1)


def _relative(now: Tensor, before: Tensor) -> float:
    return float((now - before).norm() / before.norm())
