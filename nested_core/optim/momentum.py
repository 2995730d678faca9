"""Momentum and its richer forms (Nested Learning, eqs. 33-37, 47-52): one memory of gradients, better and better kept.

gradient descent  remembers nothing
momentum          m <- alpha m + v(g): older gradients fade, whatever they were
delta momentum    m <- m (alpha I - lr g^T g) + v(g): what g overwrites is erased first
deep momentum     m is an MLP; it recalls the past gradients that resemble the present one

The value v(g) is g itself, unless another is given. Here m is the paper's momentum over -lr, so that each ends in
weights <- weights - lr m.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.optimizer import ParamsT

from ..boundary import check_tensors
from ..shapes import Float
from .base import Answer, GradientMemory, Group, Matrix, Memory, State, as_matrix

Value = Callable[[Tensor], Tensor] | None


def window(momentum: float, n: int) -> Float[Tensor, " n"]:
    """The share (1 - beta) beta^i of the gradient i = 0 .. n-1 steps ago in a momentum that has run for ever."""
    return (1 - momentum) * momentum ** torch.arange(n, dtype=torch.float64)


class GradientDescent(GradientMemory):
    """weights <- weights - lr g: only the present gradient."""

    stateful = False

    def __init__(self, params: ParamsT, lr: float):
        super().__init__(params, lr)


class Momentum(GradientMemory):
    """m <- momentum m + v(g) (eqs. 33, 47, 51; torch.optim.SGD). The gradient i steps ago has weight momentum^i.

    value  what is kept of a gradient g [r, c], a function with an answer of its shape: P g, P [r, r], or with features
           P phi(g); None: g itself
    """

    def __init__(self, params: ParamsT, lr: float, momentum: float = 0.9, value: Value = None, **options: Any):
        super().__init__(params, lr, momentum=momentum, value=value, **options)

    def store(self, g: Matrix, state: State, group: Group) -> Memory:
        return g if group["value"] is None else group["value"](g)

    def refuse(self) -> None:
        super().refuse()
        for group in self.param_groups:
            for g in (as_matrix(p.grad) for p in group["params"] if p.grad is not None and group["value"] is not None):
                check_tensors({"value": "{} {}".format(*g.shape)}, {"value": group["value"](g)}, g)


class DeltaMomentum(Momentum):
    """m <- m (momentum I - lr g^T g) + v(g) (eqs. 48, 49, with the lr that the printed decay lacks).

    One gradient step on |m g^T - P|^2 / 2, for v(g) = P g: what m answers to g is erased, what is orthogonal to g only
    fades. It stays stable while lr |g|^2 < 1 + momentum: clip gradients that may be larger. `elementwise`: the decay of
    each number is momentum - lr g^2, from its own gradient alone, and so is the bound.
    """

    def __init__(
        self, params: ParamsT, lr: float, momentum: float = 0.9, value: Value = None, elementwise: bool = False
    ):
        super().__init__(params, lr, momentum, value, elementwise=elementwise)

    def forget(self, m: Memory, g: Matrix, state: State, group: Group) -> Memory:
        if group["elementwise"]:
            return m.mul(group["momentum"]) - m.mul(g.square()).mul(group["lr"])
        return m.mul(group["momentum"]) - ((m @ g.mT) @ g).mul(group["lr"])


class DeepMomentum(GradientMemory):
    """The momentum is an MLP that reads the gradient, m(u) = sum over h of phi_h(u) V_h (DMGD, eq. 50).

    phi = gelu(K (u / |u|, 1)) over its norm: `hidden` features of the whole gradient. V_h: a value of the same shape.
    Both layers take a step on <m(u), u>, which for a bare array is momentum: hidden = 0, where m does not read u, is
    Momentum. (The printed value 1 in place of u would make the write blind to the sign of u.) So m(u) is the sum of
    momentum^i <phi_i, phi(u)> g_i over past gradients: those that resemble u are recalled, the others wait.

    Not in the paper: the architecture; K decays toward its random start, not toward zero, where m would be silent; its
    step is normalised, because its gradient has no scale of its own. Keeps 3 hidden numbers for every weight.
    """

    def __init__(self, params: ParamsT, lr: float, momentum: float = 0.9, hidden: int = 8):
        super().__init__(params, lr, momentum=momentum, hidden=hidden)

    def prepare(self, p: Tensor, g: Matrix, state: State, group: Group) -> None:
        if group["hidden"] and "K" not in state:
            K = torch.randn(group["hidden"], g.numel() + 1, generator=torch.Generator().manual_seed(0))
            K[:, -1] = 1  # the bias: features overlap, so that a gradient and its reverse cancel, as in momentum
            state["K"] = state["K_start"] = K.to(g)

    def store(self, g: Matrix, state: State, group: Group) -> Memory:
        return _features(g, state.get("K"))[:, None, None] * g

    def observe(self, g: Matrix, state: State, group: Group) -> None:
        if "K" not in state or "memory" not in state:
            return
        with torch.enable_grad():
            K = state["K"].detach().requires_grad_()
            answer = _features(g, K) @ (state["memory"] * g).sum((-2, -1))
            (slope,) = torch.autograd.grad(-answer, K)  # of <m(u), u>, where m is -lr times ours
        start, momentum = state["K_start"], group["momentum"]
        step = F.normalize(slope.flatten(), dim=0).view_as(slope)
        state["K"] = start + momentum * (state["K"] - start) - (1 - momentum) * step

    def recall(self, m: Memory, g: Matrix, state: State, group: Group) -> tuple[Answer, ...]:
        return ((_features(g, state.get("K"))[:, None, None] * m).sum(-3),)


def _features(u: Matrix, K: Tensor | None) -> Float[Tensor, " h"]:
    """phi(u), of norm 1; the constant 1 without K."""
    if K is None:
        return u.new_ones(1)
    key = F.pad(F.normalize(u.flatten(), dim=0), (0, 1), value=1.0)
    return F.normalize(F.gelu(K @ key), dim=0)
