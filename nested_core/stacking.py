"""Ad-hoc level stacking: the MLPs of a pre-trained network become levels that are written while it is used.

Nested Learning, section 7.3: each MLP starts as it was trained, MLP^(f_i)_0 := MLP_pretrained,i, and is written on its
own clock by the loss of the data points of its window (eq. 71). A data point is one row of the input: a sample for an
MLP, a sequence for a Transformer. With all rates 0 the answers are the base model's own, bit for bit; its parameters
are never touched, for the written weights live in the state.

    stacked = stack(base.eval(), periods=(4, 16), rates=(0.1, 0.01))
    answers, state, diverged = stacked(x, y)  # learns from (x, y), each answer given before it is learned from
    answers, state, diverged = stacked(more, y2, state)
    answers, *_ = stacked(test, state=state)  # without targets nothing is written

For a stream of tokens through a language model of this package, `streaming` does the same inside of a sequence.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from .boundary import check_like, check_tensors
from .cms import MemoryBlock
from .config import ConfigError, check
from .levels import Clock, Group, Levels, LevelsState
from .shapes import Bool
from .state import largest, tensors


def summed_cross_entropy(answers: Tensor, targets: Tensor) -> Tensor:
    """Answers [n, ..., classes], targets int64 [n, ...] -> the sum over all of them, in nats."""
    return F.cross_entropy(answers.flatten(0, -2), targets.flatten(), reduction="sum")


def stack(
    base: nn.Module,
    periods: tuple[int, ...],
    rates: tuple[float, ...],
    loss: Callable[[Tensor, Tensor], Tensor] = summed_cross_entropy,
) -> "Stacked":
    """`base` with one level for each of its MLPs (see `mlps`), in order of depth. loss(answers, targets): a sum."""
    check(not base.training, "base", "a model in training mode", "call its eval() first, so that it is one function")
    found = mlps(base)
    check(bool(found), "base", type(base).__name__, "give a network with MLPs that `mlps` finds")
    for name, value in (("periods", periods), ("rates", rates)):
        ok = isinstance(value, tuple) and len(value) == len(found)
        check(ok, name, value, f"give a tuple, one number for each of the {len(found)} MLPs")
    return Stacked(base, found, Levels([Clock(C, rate) for C, rate in zip(periods, rates, strict=True)]), loss)


def mlps(base: nn.Module) -> list[tuple[str, ...]]:
    """The parameters of each MLP, by name, in order of depth.

    An MLP is a linear layer inside an nn.Sequential, the feed-forward part of a torch Transformer layer, or one block
    of a continuum memory (`cms`), as this package's Transformer has.
    """
    found = []
    for name, module in base.named_modules():
        if isinstance(module, MemoryBlock):
            parts: list[tuple[str, ...]] = [("up", "down")]
        elif isinstance(module, nn.TransformerEncoderLayer | nn.TransformerDecoderLayer):
            parts = [("linear1", "linear2")]
        elif isinstance(module, nn.Sequential):
            parts = [(child,) for child, layer in module.named_children() if isinstance(layer, nn.Linear)]
        else:
            continue
        prefix = f"{name}." if name else ""
        for layers in parts:
            names = (f"{layer}.{p}" for layer in layers for p, _ in module.get_submodule(layer).named_parameters())
            found.append(tuple(prefix + p for p in names))
    return found


class Answers(NamedTuple):
    """answers [n, ...] to the data points; the state after them; and which of them diverged.

    Where a gradient, or a weight that it would have written, is not finite, the points of that window are answered but
    not learned from: the state is as if they had not come.
    """

    answers: Tensor
    state: LevelsState
    diverged: Bool[Tensor, " n"]


class Stacked:
    """A base model, the names of each level's weights, and their clocks. See the module for how it is called."""

    def __init__(self, base: nn.Module, names: list[tuple[str, ...]], levels: Levels, loss: Callable[..., Tensor]):
        self.base, self.names, self.levels, self.loss = base, names, levels, loss

    def start(self) -> LevelsState:
        """Every level as it was trained. A level that never writes stays in the base model."""
        weights, pairs = dict(self.base.named_parameters()), zip(self.names, self.levels.clocks, strict=True)
        return self.levels.start([tuple(weights[n].detach() for n in names if clock.rate) for names, clock in pairs])

    def __call__(self, x: Tensor, targets: Tensor | None = None, state: LevelsState | None = None) -> Answers:
        """Answers to the data points x [n, ...], in order; with targets [n, ...], the levels learn from each.

        ConfigError for data points that the base does not take and for a state that is none of its levels.
        """
        check(isinstance(x, Tensor), "x", type(x).__name__, "give a tensor of data points")
        if x.is_floating_point():
            check_tensors({"x": "... d"}, {"x": x}, next(self.base.parameters()))
        rows = len(x) if targets is None else len(targets)
        check(len(x) == rows > 0, "targets", f"{rows} rows", f"give one for each of {len(x)} data points, at least one")
        fresh = self.start()
        if state is not None:
            check_like(state, fresh)
        state = fresh if state is None else state
        diverged = torch.zeros(rows, dtype=torch.bool, device=x.device)
        if targets is None or not self.levels.writing:
            with torch.no_grad():
                return Answers(self._answer(x, [level.weights for level in state.levels]), state, diverged)
        answers, done = [], 0
        while done < len(x):
            here = slice(done, min(len(x), done + self.levels.room(state.position)))
            with torch.enable_grad():
                weights = [tuple(W.detach().requires_grad_() for W in level.weights) for level in state.levels]
                answer = self._answer(x[here], weights)
                found = torch.autograd.grad(self.loss(answer, targets[here]), [W for group in weights for W in group])
            given = iter(found)
            gradients = [tuple(next(given) for _ in group) for group in weights]
            after, _ = self.levels.forward(state, gradients, here.stop - here.start)
            if math.isfinite(largest(tensors(after))):  # a gradient that is not shows in its window, or was written
                state = after
            else:
                diverged[here] = True
            answers.append(answer.detach())
            done = here.stop
        return Answers(torch.cat(answers), state, diverged)

    def _answer(self, x: Tensor, weights: list[Group]) -> Tensor:
        pairs = zip(self.names, weights, strict=True)
        written = {n: W for names, group in pairs if group for n, W in zip(names, group, strict=True)}
        try:
            found = functional_call(self.base, written, (x,))
        except RuntimeError as error:  # what it takes only the base knows
            what, why = f"{x.dtype} {list(x.shape)}", str(error).splitlines()[0].rstrip(".")
            raise ConfigError(f"x: {what} cannot be used; give data points that the base takes: {why}.") from error
        answer: Tensor = found[0] if isinstance(found, tuple) else found  # a language model here returns its state, too
        return answer
