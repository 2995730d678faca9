"""Continuum memory system, sequential: a chain of MLP blocks, each written on its own clock.

Nested Learning, section 7.1, eq. 70: y = MLP_k(... MLP_1(x)), ordered from the most to the least often written. Each
block keeps a pre-norm and a residual, so that a block that has learned nothing passes its input on. The forward map is
the same at all times; *when* each block is written is the learner's business (`nest`, eq. 71).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class MemoryBlock(nn.Module):
    """One level of the chain: x + W_1 gelu(W_2 norm(x)), x [..., d]."""

    def __init__(self, d_model: int, hidden: int):
        super().__init__()
        self.norm = nn.RMSNorm(d_model)
        self.up = nn.Linear(d_model, hidden, bias=False)
        self.down = nn.Linear(hidden, d_model, bias=False)
        with torch.no_grad():
            self.down.weight *= 0.5

    def forward(self, x: Tensor) -> Tensor:
        return x + self.down(F.gelu(self.up(self.norm(x))))


class ContinuumMemory(nn.ModuleList):
    """Blocks in the order of `periods`, fast to slow. x [..., d] -> [..., d]."""

    def __init__(self, d_model: int, hidden: int, periods: tuple[int, ...]):
        super().__init__(MemoryBlock(d_model, hidden) for _ in periods)
        self.periods = periods

    def forward(self, x: Tensor) -> Tensor:
        for block in self:
            x = block(x)
        return x
