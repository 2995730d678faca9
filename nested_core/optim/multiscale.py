"""M3, multi-scale momentum Muon (Nested Learning, 7.2, Algorithm 1): two gradient memories on two clocks.

    every step          fast += beta1 g;  V += beta2 g g, element-wise
    every `period`      slow += beta3 (sum of the last `period` gradients)
    write               (NS(fast) + slow_weight NS(slow)) / (sqrt V + eps)

All are undecayed sums, as printed. Then the fast memory swings past a minimum, until its sum has turned round; with
`momentum` below 1 it fades, fast <- momentum fast + beta1 g. The misprints are settled so: the slow memory adds beta3
times exactly `period` gradients (eq. 75 says minus beta2, Algorithm 1 sums period + 1), and eps is outside the root.
"""

import torch
from torch.optim.optimizer import ParamsT

from ..clock import due
from ..ops.orthogonalize.newton_schulz import newton_schulz
from .base import Answer, GradientMemory, Group, Matrix, Memory, State


class M3(GradientMemory):
    """Memory [3, r, c]: fast, slow, and the window that the slow one takes over before the first step of the next.

    A vector is a matrix of one row. The weights of past gradients are those in the two memories, before NS.

    eps is not the usual 1e-8: NS mixes elements, so one whose own gradient is nearly zero would step by lr / eps.
    """

    memories = ("fast", "slow")

    def __init__(
        self,
        params: ParamsT,
        lr: float,
        momentum: float = 1.0,
        beta1: float = 0.9,
        beta2: float = 0.999,
        beta3: float = 0.9,
        slow_weight: float = 1.0,
        period: int = 100,
        eps: float = 0.01,
        ns_steps: int = 5,
        coefficients: str = "quintic",
    ):
        memory = dict(momentum=momentum, beta1=beta1, beta2=beta2, beta3=beta3, period=period)
        write = dict(slow_weight=slow_weight, eps=eps, ns_steps=ns_steps)
        super().__init__(params, lr, **memory, **write, coefficients=coefficients)

    def store(self, g: Matrix, state: State, group: Group) -> Memory:
        return torch.stack([group["beta1"] * g, torch.zeros_like(g), g])

    def forget(self, m: Memory, g: Matrix, state: State, group: Group) -> Memory:
        fast, slow, window = m.unbind(-3)
        if due(state["step"], group["period"]):  # a window ended with the last step
            slow, window = slow + group["beta3"] * window, torch.zeros_like(window)
        return torch.stack([fast * group["momentum"], slow, window], -3)

    def observe(self, g: Matrix, state: State, group: Group) -> None:
        state["V"] = state.get("V", 0) + group["beta2"] * g.square()

    def recall(self, m: Memory, g: Matrix, state: State, group: Group) -> tuple[Answer, ...]:
        return m.unbind(-3)[:2]

    def write(self, recalled: tuple[Matrix, ...], state: State, group: Group) -> Matrix:
        fast, slow = newton_schulz(torch.stack(recalled), group["ns_steps"], group["coefficients"])
        return torch.div(fast + slow * group["slow_weight"], state["V"].sqrt() + group["eps"])
