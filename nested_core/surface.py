"""The loss around the end of a run, in the plane in which its weights moved most.

After Li et al. (2018), "Visualizing the Loss Landscape of Neural Nets", section 7: the two principal directions of
theta_t - theta_end over the run span the plane, theta_end is its origin, and the loss is computed anew at every point
of a grid that holds the path. A trace keeps too little of the weights for that, so the run is computed again: the same
config and seed give the same weights bit for bit, and `Surface.online` says so, since it must equal that of the trace.
Learners whose weights have the same names and shapes share a plane, for they share the function that is drawn.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor

from .config import MAX_STEPS, ConfigError, RunConfig
from .rng import torch_generator
from .run import Run
from .streams.base import Batch

SNAPSHOTS = 60  # of the weights, beside the first
MARGIN = 0.25  # of the width of the path, around it


class Weighted(Protocol):
    """What the surface asks of a learner. `space` names the weights and their shapes, `loss_name` the loss."""

    space: tuple[tuple[str, tuple[int, ...]], ...]
    loss_name: str

    def snapshot(self) -> Tensor:
        """A copy of the weights that answer, [n]."""

    def loss(self, weights: Tensor, test: Batch) -> float:
        """The loss on held-out data if these were the weights; leaves the learner as it is."""


@dataclass(frozen=True)
class Path:
    """The way of one learner: after `steps` [S] its place in the plane [S, 2], and its own loss [S, tasks].

    The loss is that of the weights themselves, which need not lie in the plane. online [steps]: as in its trace.
    """

    learner: str
    steps: np.ndarray
    places: np.ndarray
    losses: np.ndarray
    online: np.ndarray


@dataclass(frozen=True)
class Surface:
    """losses [y, x, tasks] at places x, y of the plane; share [2]: of the squared distances from the end."""

    paths: tuple[Path, ...]
    x: np.ndarray
    y: np.ndarray
    losses: np.ndarray
    share: np.ndarray
    tasks: tuple[str, ...]
    loss_name: str


Progress = Generator[tuple[float, str], None, Any]
"""Yields the share of the work that is done and what is under way; whoever wants no more of it stops asking."""


def surfaces(configs: tuple[RunConfig, ...], seed: int, steps: int, grid: int, samples: int) -> Progress:
    """The surfaces of these runs up to `steps`: one for each group of learners that share their space of weights.

    grid     points along each side
    samples  of every task's held-out data (sequences, on text) that the loss is computed on
    """
    groups: dict[Any, list[_Way]] = {}
    for i, config in enumerate(configs):
        work = Run(replace(config, probe_every=MAX_STEPS), seed)
        way = _Way(config.learner.name, cast(Weighted, work.learner), work.stream.tests, tuple(work.stream.tasks))
        for share in way.travel(work, steps):
            yield (i + share) / len(configs) / 2, "training again"
        groups.setdefault((way.learner.space, way.learner.loss_name), []).append(way)
    found: list[Surface] = []
    for i, ways in enumerate(groups.values()):
        map_ = _Map(ways, seed, grid, samples)
        for share in map_.measure():
            yield 0.5 + (i + share) / len(groups) / 2, "measuring the loss"
        found.append(map_.surface())
    return found


class _Way:
    """A run on its way: the learner and its stream, and copies of its weights."""

    def __init__(self, name: str, learner: Weighted, tests: list[Batch], tasks: tuple[str, ...]):
        self.name, self.learner, self.tests, self.tasks = name, learner, tests, tasks
        self.steps: list[int] = []
        self.weights: list[Tensor] = []
        self.online = np.zeros(0)

    def travel(self, work: Run, steps: int) -> Iterator[float]:
        """Run again, tested as rarely as can be, and keep the weights now and then."""
        at = sorted({round(s) for s in np.linspace(0, steps, SNAPSHOTS + 1)})
        while len(self.steps) < len(at):
            next(work)
            if work.steps == at[len(self.steps)]:
                self.steps.append(work.steps)
                self.weights.append(self.learner.snapshot())
            yield work.steps / steps
        self.online = work.recorder.freeze()["online"][:steps]


def plane(moves: Tensor, generator: torch.Generator) -> tuple[Tensor, np.ndarray]:
    """Orthonormal directions [2, n] that hold most of the squared length of moves [S, n], and the share of each.

    ConfigError where nothing moved; what moved along a line gets a second direction at random.
    """
    values, vectors = torch.linalg.eigh(moves @ moves.T)  # S is small, n is not
    sizes = values.flip(0)[:2].clamp(min=0)
    total = float(values.clamp(min=0).sum())
    if total == 0:
        raise ConfigError("surface: weights that never moved span no plane; let a level write, and run it again.")
    first = vectors[:, -1] @ moves
    first = first / first.norm()
    second = vectors[:, -2] @ moves if len(values) > 1 and float(sizes[1]) > 1e-12 * total else None
    if second is None:
        second = torch.randn(moves.shape[1], generator=generator, dtype=moves.dtype)
    second = second - (second @ first) * first
    share = np.pad(sizes.numpy() / total, (0, 2 - len(sizes)))
    return torch.stack([first, second / second.norm()]), share


class _Map:
    """The surface around the end of the first of these ways, on its way."""

    def __init__(self, ways: list[_Way], seed: int, grid: int, samples: int):
        self.ways, self.learner, self.origin = ways, ways[0].learner, ways[0].weights[-1]
        moves = [torch.stack([w - self.origin for w in way.weights]).double() for way in ways]
        self.directions, self.share = plane(torch.cat(moves), torch_generator(seed, "plane"))
        self.places = [(move @ self.directions.T).numpy() for move in moves]
        low, high = (f(np.concatenate(self.places), axis=0) for f in (np.min, np.max))
        wide = np.maximum((high - low).max() * MARGIN, 0.1 * (high - low))
        self.x, self.y = (np.linspace(low[i] - wide[i], high[i] + wide[i], grid) for i in (0, 1))
        self.tests = [Batch(test.x[:samples], test.y[:samples]) for test in ways[0].tests]
        self.losses = np.full((grid, grid, len(self.tests)), np.nan)

    def measure(self) -> Iterator[float]:
        for i, j in np.ndindex(self.losses.shape[:2]):
            step = self.x[j] * self.directions[0] + self.y[i] * self.directions[1]
            there = self.origin + step.to(self.origin.dtype)
            self.losses[i, j] = [self.learner.loss(there, test) for test in self.tests]
            yield (i * len(self.x) + j + 1) / self.losses[..., 0].size

    def surface(self) -> Surface:
        paths = tuple(
            Path(
                way.name, np.array(way.steps), place,
                np.array([[way.learner.loss(w, test) for test in self.tests] for w in way.weights]), way.online,
            )
            for way, place in zip(self.ways, self.places, strict=True)
        )  # fmt: skip
        tasks, name = self.ways[0].tasks, self.learner.loss_name
        return Surface(paths, self.x, self.y, self.losses, self.share, tasks, name)
