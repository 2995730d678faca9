"""Levels: any group of tensors, written at any period, each with exactly the gradients of its own window.

Nested Learning, eq. 71. Level of period C, at data point i (a token, or a sample):

    window <- window + gradient of the loss of i
    if i = 0 mod C:   W <- W - rate window (or its momentum),   window <- 0

so W is constant inside a window and has been written floor(T / C) times after T points. With `transfer` the levels are
nested (eq. 72, first order): the next slower level holds the initial state of a level; when it has written, it moves
that state a fraction of the way toward the faster weights, and these restart from it.

All is data in, data out: a call that raises has changed nothing, and a window may be split over calls at any point.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from .boundary import check_finite
from .clock import due
from .config import check, whole
from .ops.level_update.fused import level_update, restart

Group = tuple[Tensor, ...]
NEVER = 2**62  # data points until the next write, where no level ever writes


@dataclass(frozen=True)
class Clock:
    """When and how a level writes; called by its period.

    period    data points between its writes
    rate      step size of its gradient descent; 0: it never writes
    momentum  of its window gradients, from 0 to below 1; carries on over writes and restarts
    write     any other error part f of eq. 71: for each tensor, write(m, W) -> what `rate` times is taken from W, where
              m is the momentum, or without one the window's gradient; None: m itself. It keeps no state of its own
    """

    period: int
    rate: float
    momentum: float = 0.0
    write: Callable[[Tensor, Tensor], Tensor] | None = None

    def __post_init__(self) -> None:
        whole("period", self.period, 1, 2**31)
        fraction("rate", self.rate, 1e6)
        fraction("momentum", self.momentum, 0.999999)
        check(self.write is None or callable(self.write), "write", self.write, "give a function (m, W) -> step")

    @property
    def name(self) -> str:
        return f"every {self.period}"


class LevelState(NamedTuple):
    """Where one level stands. A level that never writes may own no tensors."""

    weights: Group
    window: Group  # sum of the gradients since its last write
    momentum: Group  # empty without momentum
    initial: Group  # from where it restarts, held by the next slower level; empty if it never does


class LevelsState(NamedTuple):
    levels: tuple[LevelState, ...]
    position: int  # data points seen


class Levels:
    """Clocks from fast to slow. transfer: None, or for nested levels the fraction of the way, from 0 to 1."""

    def __init__(self, clocks: Sequence[Clock], transfer: float | None = None):
        self.clocks, self.transfer = tuple(clocks), transfer
        self.writing = [i for i, clock in enumerate(self.clocks) if clock.rate]
        self.restarts = [] if transfer is None else list(pairwise(self.writing))  # (faster, the one that holds it)
        if transfer is not None:
            fraction("transfer", transfer, 1)
        for i, j in self.restarts:
            fast, slow = self.clocks[i].period, self.clocks[j].period
            check(slow % fast == 0, "periods", (fast, slow), "nested levels need multiples of the next faster period")

    def start(self, groups: Sequence[Group]) -> LevelsState:
        """Every level at the weights `groups`, nothing collected."""
        check(len(groups) == len(self.clocks), "groups", len(groups), f"give one for each of {len(self.clocks)} levels")
        held, levels = {i for i, _ in self.restarts}, []
        for i, (clock, group) in enumerate(zip(self.clocks, groups, strict=True)):
            zeros = tuple(torch.zeros_like(W) for W in group) if clock.rate else ()
            levels.append(LevelState(group, zeros, zeros if clock.momentum else (), group if i in held else ()))
        return LevelsState(tuple(levels), 0)

    def room(self, position: int) -> int:
        """Data points until the next write of any level."""
        return min((self.clocks[i].period - position % self.clocks[i].period for i in self.writing), default=NEVER)

    def advance(
        self, state: LevelsState, gradients: Sequence[Group], points: int, differentiable: bool = False
    ) -> tuple[LevelsState, tuple[bool, ...]]:
        """Collect the gradients of the next `points`, at most `room` of them, then let those write that are due.

        -> the state, and which levels wrote. Of levels that never write no gradient is used. `differentiable`: weights
        keep the history of their gradients, for meta-training. ConfigError for gradients that do not fit or hold nan or
        inf. A write that overflows is no error: who trains looks at the weights.
        """
        room, given = self.room(state.position), (len(gradients), len(state.levels))
        check(1 <= points <= room, "points", points, f"a level is due after {room}: give no more at once")
        check(given == (len(self.clocks),) * 2, "gradients, levels", given, f"give one for each of {len(self.clocks)}")
        for i in self.writing:
            found, wanted = ([tuple(x.shape) for x in group] for group in (gradients[i], state.levels[i].window))
            check(found == wanted, f"gradients of {self.clocks[i].name}", found, f"give the shapes {wanted}")
            for g in gradients[i]:
                check_finite(f"gradients of {self.clocks[i].name}", g)
        return self.forward(state, gradients, points, differentiable)

    def forward(
        self, state: LevelsState, gradients: Sequence[Group], points: int, differentiable: bool = False
    ) -> tuple[LevelsState, tuple[bool, ...]]:
        """`advance` that looks at nothing: for streams, where what is no number is an event of its sample."""
        position, levels = state.position + points, list(state.levels)
        wrote = tuple(bool(clock.rate) and due(position, clock.period) for clock in self.clocks)
        for i in self.writing:
            window = tuple(old + g for old, g in zip(levels[i].window, gradients[i], strict=True))
            levels[i] = levels[i]._replace(window=window)
            if wrote[i]:
                levels[i] = _write(levels[i], self.clocks[i], differentiable)
        for faster, holder in self.restarts:
            if wrote[holder] and self.transfer is not None:
                levels[faster] = _restart(levels[faster], self.transfer, differentiable)
        return LevelsState(tuple(levels), position), wrote


def _write(level: LevelState, clock: Clock, differentiable: bool) -> LevelState:
    step = memory = level.window
    if clock.momentum:
        step = memory = tuple(clock.momentum * m + g for m, g in zip(level.momentum, level.window, strict=True))
    if clock.write is not None:
        step = tuple(clock.write(m, W) for m, W in zip(memory, level.weights, strict=True))
    if differentiable:
        weights = tuple(W - clock.rate * g for W, g in zip(level.weights, step, strict=True))
    else:
        copies, spent = [W.clone() for W in level.weights], [g.clone() for g in step]
        level_update(copies, spent, [clock.rate] * len(copies), [1.0] * len(copies))
        weights = tuple(copies)
    window = tuple(torch.zeros_like(g) for g in level.window)
    return level._replace(weights=weights, window=window, momentum=memory if clock.momentum else ())


def _restart(level: LevelState, transfer: float, differentiable: bool) -> LevelState:
    if differentiable:
        pairs = zip(level.initial, level.weights, strict=True)
        initial = tuple(held + transfer * (W - held) for held, W in pairs)
        return level._replace(weights=initial, initial=initial)
    slow, fast = [held.clone() for held in level.initial], [W.clone() for W in level.weights]
    restart(slow, fast, transfer)
    return level._replace(weights=tuple(fast), initial=tuple(slow))


def fraction(field: str, value: object, high: float) -> None:
    """ConfigError unless `value` is a number from 0 to `high`."""
    ok = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= high
    check(ok, field, value, f"give a number from 0 to {high:g}")
