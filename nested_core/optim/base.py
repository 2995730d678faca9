"""The frame of every optimizer here: a memory of gradients that stores, forgets and is read.

    memory  <- forget(memory) + store(g)
    weights <- weights - lr write(recall(memory))

`store`, `forget` and `recall` are linear in the gradient that is stored; what else they use (step counts, normalisers,
keys) is taken as it was. So the memory is a sum with one term for each past gradient. `watch` keeps these terms apart
while the optimizer runs, each led through the same `forget` as the memory itself, and `memory_of_gradients` reads off
the weight of each. Nothing is fitted or assumed; `write` (Newton-Schulz, in Muon and M3) comes after and is not in it.

Letters: r x c a parameter as a matrix (a vector is one row), k gradients watched.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from ..boundary import check_all_finite
from ..config import check, number, one_of, whole
from ..ops.orthogonalize.newton_schulz import COEFFICIENTS
from ..shapes import Float

Matrix = Float[Tensor, "r c"]
Memory = Float[Tensor, "*m r c"]  # with more dimensions in front where a memory is several matrices, or k of them
Answer = Float[Tensor, "*k r c"]
State = dict[str, Any]  # what is kept for one parameter
Group = dict[str, Any]  # the options of a parameter group


class GradientMemory(torch.optim.Optimizer):
    """Base of all. As it stands the memory is momentum, or, without that option, the present gradient alone."""

    memories: tuple[str, ...] = ("gradients",)  # a name for each tensor that `recall` returns
    stateful = True  # False: nothing is remembered beside the weights

    def __init__(self, params: ParamsT, lr: float, **options: Any):
        self._terms: dict[Tensor, tuple[Tensor, Tensor]] = {}
        self._watched: dict[Tensor, int] = {}
        super().__init__(params, {"lr": lr, **options})

    # The rule of one parameter: each optimizer replaces what differs.

    def prepare(self, p: Tensor, g: Matrix, state: State, group: Group) -> None:
        """Before anything else in a step."""

    def held(self, p: Tensor, state: State, group: Group) -> Tensor | None:
        """The memory before this step, [..., r, c]; None while it is empty."""
        return state.get("memory")

    def store(self, g: Matrix, state: State, group: Group) -> Memory:
        """What g adds to the memory."""
        return g

    def forget(self, m: Memory, g: Matrix, state: State, group: Group) -> Memory:
        """What stays of the memory m when g arrives."""
        return m.mul(group.get("momentum", 0.0))

    def observe(self, g: Matrix, state: State, group: Group) -> None:
        """Learn from g what is not a sum of gradients: normalisers, keys. The old memory is still in the state."""

    def recall(self, m: Memory, g: Matrix, state: State, group: Group) -> tuple[Answer, ...]:
        """What the memory m answers to g: one tensor for each of `memories`."""
        return (m,)

    def write(self, recalled: tuple[Matrix, ...], state: State, group: Group) -> Matrix:
        """The write, to be scaled by -lr."""
        return recalled[0]

    # One step.

    def refuse(self) -> None:
        """ConfigError if a step would use what is not a finite number, on any device."""
        given = [p.grad for group in self.param_groups for p in group["params"] if p.grad is not None]
        check_all_finite("gradient", given, "leave this step out, or lower the rate")

    def gradient(self, p: Tensor) -> Matrix | None:
        return None if p.grad is None else as_matrix(p.grad)

    def add(self, p: Tensor, change: Matrix) -> None:
        p.add_(change.reshape(p.shape))

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]  # as in torch
        """ConfigError for a gradient that is not finite, and then nothing has changed."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        self.refuse()
        for group in self.param_groups:
            for p in group["params"]:
                if (g := self.gradient(p)) is not None:
                    self._step(p, g, self.state[p], group)
        return loss

    def _step(self, p: Tensor, g: Matrix, state: State, group: Group) -> None:
        state.setdefault("step", 0)  # steps completed
        self.prepare(p, g, state, group)
        stored, old = self.store(g, state, group), self.held(p, state, group)
        # A clone, because `stored` may be the gradient itself, which the caller may zero in place.
        memory = stored.clone() if old is None else self.forget(old, g, state, group) + stored
        if p in self._watched:
            terms, gradients = stored[None].clone(), g[None].clone()
            if p in self._terms:
                old_terms, old_gradients = self._terms[p]
                terms = torch.cat([terms, self.forget(old_terms, g, state, group)])
                gradients = torch.cat([gradients, old_gradients])
            self._terms[p] = terms[: self._watched[p]], gradients[: self._watched[p]]
        self.observe(g, state, group)
        state["step"] += 1
        if self.stateful:
            state["memory"] = memory
        self.add(p, -group["lr"] * self.write(self.recall(memory, g, state, group), state, group))

    # What it remembers.

    def watch(self, steps: int, parameters: Iterable[Tensor] | None = None) -> None:
        """From now on keep apart the last `steps` gradients of `parameters` (default: all), each as large as they are.

        Not part of state_dict: call it again after loading one.
        """
        whole("steps", steps, 1, 10_000)
        chosen = [p for group in self.param_groups for p in group["params"]] if parameters is None else parameters
        self._watched, self._terms = dict.fromkeys(chosen, steps), {}

    @torch.no_grad()
    def memory_of_gradients(self, n: int) -> Float[Tensor, "memories n"]:
        """The weight of the gradient i = 0 .. n-1 steps ago in each memory, as the last step read it.

        A gradient g_i has become the term A_i g_i of the memory; its weight is <A_i g_i, g_i> / <g_i, g_i>, over all
        watched parameters. 1 = it is written as plain gradient descent would write it; 0 also before the first step.
        """
        longest = max(self._watched.values(), default=0)
        check(bool(longest), "memory_of_gradients", n, "call watch(steps) first, then take steps")
        whole("n", n, 1, longest)
        inner, square = torch.zeros(len(self.memories), n, dtype=torch.float64), torch.zeros(n, dtype=torch.float64)
        for group in self.param_groups:
            for p in group["params"]:
                if p in self._terms:
                    terms, g = (x[:n] for x in self._terms[p])
                    answers = torch.stack(self.recall(terms, g[0], self.state[p], group))  # [memories, k, r, c]
                    inner[:, : len(g)] += (answers * g).sum((-2, -1)).cpu()
                    square[: len(g)] += g.square().sum((-2, -1)).cpu()
        return torch.where(square > 0, inner / square.clamp_min(torch.finfo(square.dtype).tiny), 0)

    # Options.

    def add_param_group(self, param_group: Group) -> None:
        for field, value in (self.defaults | param_group).items():
            check_option(field, value)
        super().add_param_group(param_group)

    def __setstate__(self, state: State) -> None:
        super().__setstate__(state)
        self._terms, self._watched = {}, {}


def as_matrix(g: Tensor) -> Matrix:
    """A matrix as it is, a vector as one row, more dimensions (convolutions) flattened behind the first."""
    return g.flatten(1) if g.ndim > 1 else g.reshape(1, -1)


def check_option(field: str, value: object) -> None:
    """ConfigError unless `value` fits the option `field`, which means the same in every optimizer."""
    if field in ("lr", "eps", "damping"):
        number(field, value, 0, 1e9)
    elif field in ("momentum", "beta1", "beta2", "beta3", "slow_weight"):
        high = {"momentum": 1.0, "slow_weight": 100.0}.get(field, 1 - 1e-12)
        ok = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= high
        check(ok, field, value, "give a number from 0 to " + ("below 1" if high < 1 else f"{high:g}"))
    elif field in ("period", "ns_steps", "hidden"):
        whole(field, value, 0 if field == "hidden" else 1, 10_000)
    elif field in ("coefficients", "reduction"):
        one_of(field, value, tuple(COEFFICIENTS) if field == "coefficients" else ("mean", "sum"))
    elif field == "elementwise":
        check(isinstance(value, bool), field, value, "give true or false")
    elif field == "value":
        check(value is None or callable(value), field, value, "give a function of a gradient [r, c], or None")
