"""Preconditioning (Nested Learning, eqs. 38-44, App. B): how large the write is in each direction is learned.

muon     every direction of the momentum is written equally: the memory is read through Newton-Schulz
adam     each element over its own root mean square
adagrad  the memory that answers best, in squares, to all gradients so far with their own size: H^{-1/2} sum of g
"""

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from ..ops.orthogonalize.newton_schulz import newton_schulz
from ..shapes import Float
from .base import Answer, GradientMemory, Group, Matrix, Memory, State


class Muon(GradientMemory):
    """weights <- weights - lr NS(m), m <- momentum m + g (eq. 42). NS ignores scale, so lr stands outside of it.

    A vector is a matrix of one row: its step has norm 1. The weights of past gradients are those in m, before NS.
    """

    def __init__(
        self, params: ParamsT, lr: float, momentum: float = 0.9, ns_steps: int = 5, coefficients: str = "quintic"
    ):
        super().__init__(params, lr, momentum=momentum, ns_steps=ns_steps, coefficients=coefficients)

    def write(self, recalled: tuple[Matrix, ...], state: State, group: Group) -> Matrix:
        return newton_schulz(recalled[0], group["ns_steps"], group["coefficients"])


class Adam(GradientMemory):
    """m / (sqrt v + eps), moving averages of g and g^2 without their bias to zero (torch.optim.Adam).

    App. B derives its undecayed form (105): with betas toward 1 it is AdaGrad's element-wise memory over sqrt t.
    """

    def __init__(self, params: ParamsT, lr: float, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8):
        super().__init__(params, lr, beta1=beta1, beta2=beta2, eps=eps)

    def store(self, g: Matrix, state: State, group: Group) -> Matrix:
        return g.mul(1 - group["beta1"])

    def forget(self, m: Memory, g: Matrix, state: State, group: Group) -> Memory:
        return m.mul(group["beta1"])

    def observe(self, g: Matrix, state: State, group: Group) -> None:
        state["v"] = group["beta2"] * state.get("v", 0) + (1 - group["beta2"]) * g.square()

    def recall(self, m: Memory, g: Matrix, state: State, group: Group) -> tuple[Answer, ...]:
        unbias1, unbias2 = (1 - group[beta] ** state["step"] for beta in ("beta1", "beta2"))
        return (m / unbias1 / ((state["v"] / unbias2).sqrt() + group["eps"]),)


class AdaGrad(GradientMemory):
    """H^{-1/2} m, m <- momentum m + g and H <- H + g g^T, on the shorter side of a matrix; element-wise on a vector.

    With momentum 1, eq. 111: the exact minimiser of sum |.|^2 in App. B, an undecayed sum. With momentum 0 ordinary
    AdaGrad (torch.optim.Adagrad, for vectors). Its first write to a matrix is U V^T, as Muon's is.
    """

    def __init__(self, params: ParamsT, lr: float, momentum: float = 1.0, eps: float = 1e-10):
        super().__init__(params, lr, momentum=momentum, eps=eps)

    def prepare(self, p: Tensor, g: Matrix, state: State, group: Group) -> None:
        if state["step"] == 0:
            shorter = min(g.shape)
            name, shape = ("squares", g.shape) if p.ndim < 2 else ("H", (shorter, shorter))
            state[name] = g.new_zeros(shape)

    def observe(self, g: Matrix, state: State, group: Group) -> None:
        if "squares" in state:
            state["squares"] = state["squares"] + g.square()
        else:
            state["H"] = state["H"] + (g @ g.mT if g.shape[0] <= g.shape[1] else g.mT @ g)

    def recall(self, m: Memory, g: Matrix, state: State, group: Group) -> tuple[Answer, ...]:
        if "squares" in state:
            return (m / (state["squares"].sqrt() + group["eps"]),)
        root = _inverse_root(state["H"], group["eps"])
        return (root @ m if g.shape[0] <= g.shape[1] else m @ root,)


def _inverse_root(H: Float[Tensor, "n n"], eps: float) -> Float[Tensor, "n n"]:
    """H^{-1/2} over the directions in which H is not zero: in the others there is nothing to scale."""
    size, Q = torch.linalg.eigh(H.float() if H.dtype in (torch.bfloat16, torch.float16) else H)
    used = size > size[-1:] * len(size) * torch.finfo(size.dtype).eps
    scale = torch.where(used, 1 / (size.clamp_min(0).sqrt() + eps), 0)
    root: Tensor = (Q * scale) @ Q.mT
    return root.to(H.dtype)
