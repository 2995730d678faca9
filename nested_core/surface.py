"""The loss around the end of a run, in the plane in which its weights moved most.

After Li et al. (2018), "Visualizing the Loss Landscape of Neural Nets", section 7: the two principal directions of
theta_t - theta_end over the run span the plane, theta_end is its origin, and the loss is computed anew at every point
of a grid that holds the path. A trace keeps too little of the weights for that, so the run is computed again: the same
config and seed give the same weights bit for bit, and `Surface.online` says so, since it must equal that of the trace.
Learners whose weights have the same names and shapes share a plane, for they share the function that is drawn.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor

from .config import MAX_STEPS, ConfigError, RunConfig
from .learner import Learner
from .rng import torch_generator
from .run import build, run
from .streams.base import Batch, Stream

SNAPSHOTS = 60  # of the weights, beside the first
MARGIN = 0.25  # of the width of the path, around it
TELL_EVERY = 20  # steps, or points of the grid, between two words on progress


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


def surfaces(
    configs: tuple[RunConfig, ...], seed: int, steps: int, grid: int, samples: int, tell: Callable[[float, str], bool]
) -> list[Surface]:
    """The surfaces of these runs up to `steps`: one for each group of learners that share their space of weights.

    grid     points along each side
    samples  of every task's held-out data (sequences, on text) that the loss is computed on
    tell     is told the share of the work that is done and what is under way; False ends it, with what is ready
    """
    found: list[Surface] = []
    groups: dict[Any, list[_Way]] = {}
    for i, config in enumerate(configs):

        def travelled(share: float, i: int = i) -> bool:
            return tell((i + share) / len(configs) / 2, "training again")

        way = _travel(config, seed, steps, travelled)
        groups.setdefault((way.learner.space, way.learner.loss_name), []).append(way)
    for i, ways in enumerate(groups.values()):

        def measured(share: float, i: int = i) -> bool:
            return tell(0.5 + (i + share) / len(groups) / 2, "measuring the loss")

        surface = _measure(ways, seed, grid, samples, measured)
        if surface is None:
            break
        found.append(surface)
    return found


@dataclass
class _Way:
    """A run on its way: the learner and its stream, and copies of its weights."""

    name: str
    learner: Weighted
    tests: list[Batch]
    tasks: tuple[str, ...]
    steps: list[int]
    weights: list[Tensor]
    online: np.ndarray


def _travel(config: RunConfig, seed: int, steps: int, tell: Callable[[float], bool]) -> _Way:
    """Run again, tested as rarely as can be, and keep the weights now and then."""
    made: list[tuple[Learner, Stream]] = []
    at, kept = sorted({round(s) for s in np.linspace(0, steps, SNAPSHOTS + 1)}), list[Tensor]()

    def make(learner: Any, stream: Stream, seed: int) -> Learner:
        made.append((build(learner, stream, seed), stream))
        return made[0][0]

    def watch(recorder: Any) -> bool:
        done = recorder.count("task")
        if done == at[len(kept)]:
            kept.append(cast(Weighted, made[0][0]).snapshot())
        going = tell(done / steps) if done % TELL_EVERY == 0 else True
        return going and done < steps

    trace = run(replace(config, probe_every=MAX_STEPS), seed, watch, make)
    learner, stream = made[0]
    way = cast(Weighted, learner)
    return _Way(config.learner.name, way, stream.tests, tuple(stream.tasks), at[: len(kept)], kept, trace["online"])


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


def _measure(ways: list[_Way], seed: int, grid: int, samples: int, tell: Callable[[float], bool]) -> Surface | None:
    """The surface around the end of the first of these ways; None if told to end."""
    learner = ways[0].learner
    origin = ways[0].weights[-1]
    moves = [torch.stack([w - origin for w in way.weights]).double() for way in ways]
    directions, share = plane(torch.cat(moves), torch_generator(seed, "plane"))
    places = [(move @ directions.T).numpy() for move in moves]
    low, high = (f(np.concatenate(places), axis=0) for f in (np.min, np.max))
    wide = np.maximum((high - low).max() * MARGIN, 0.1 * (high - low))
    x, y = (np.linspace(low[i] - wide[i], high[i] + wide[i], grid) for i in (0, 1))
    tests = [Batch(test.x[:samples], test.y[:samples]) for test in ways[0].tests]
    losses = np.full((grid, grid, len(tests)), np.nan)
    for point, (i, j) in enumerate(np.ndindex(grid, grid)):
        if point % TELL_EVERY == 0 and not tell(point / grid**2):
            return None
        there = origin + (x[j] * directions[0] + y[i] * directions[1]).to(origin.dtype)
        losses[i, j] = [learner.loss(there, test) for test in tests]
    paths = tuple(
        Path(
            way.name, np.array(way.steps), place,
            np.array([[way.learner.loss(w, test) for test in tests] for w in way.weights]), way.online,
        )
        for way, place in zip(ways, places, strict=True)
    )  # fmt: skip
    return Surface(paths, x, y, losses, share, ways[0].tasks, learner.loss_name)
