"""Continuum memory system: MLP blocks, each written on its own clock, joined in one of three ways.

Nested Learning, section 7.1. Blocks are ordered from the most to the least often written:

sequential   y = MLP_k(... MLP_1(x)), a chain (eqs. 70, 73)
nested       the same chain; a block restarts from an initial state that the next slower level holds (eq. 72)
independent  y = x + sum_l w_l MLP_l(x), side by side, with learned weights w (eq. 74)

Each block keeps a pre-norm and a residual, so that a block that has learned nothing passes its input on. The forward
map is the same at all times; *when* a block is written, and from where it restarts, is the business of who writes: the
learners of `nest`, or `streaming`, which gives every sample weights of its own (`fast`) in place of the block's.

Letters: B samples, T tokens, d model width, h hidden units.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .boundary import check_tensors
from .config import check, check_periods, one_of, whole
from .shapes import Float

VARIANTS = ("sequential", "nested", "independent")

Fast = tuple[Float[Tensor, "B h d"], Float[Tensor, "B d h"]]  # W_2 and W_1 of a block, one pair per sample


class MemoryBlock(nn.Module):
    """One level: MLP(x) = W_1 gelu(W_2 norm(x)), and x + MLP(x) as a link of the chain."""

    def __init__(self, d_model: int, hidden: int):
        super().__init__()
        self.norm = nn.RMSNorm(d_model)
        self.up = nn.Linear(d_model, hidden, bias=False)
        self.down = nn.Linear(hidden, d_model, bias=False)
        with torch.no_grad():
            self.down.weight *= 0.5

    def answer(self, x: Float[Tensor, "*n d"], fast: Fast | None = None) -> Float[Tensor, "*n d"]:
        """MLP(x); with `fast` x is [B, T, d], and every sample is answered by its own weights."""
        if fast is None:
            answer: Tensor = self.down(F.gelu(self.up(self.norm(x))))
            return answer
        up, down = fast
        return F.gelu(self.norm(x) @ up.mT) @ down.mT

    def forward(self, x: Float[Tensor, "*n d"], fast: Fast | None = None) -> Float[Tensor, "*n d"]:
        return x + self.answer(x, fast)


class ContinuumMemory(nn.ModuleList):
    """Blocks in the order of `periods`, fast to slow: x [..., d] -> [..., d]. `fast`: a pair or None for each block.

    Calling it refuses an x or a `fast` that does not fit; `forward`, which models call, does not look.
    """

    def __init__(self, d_model: int, hidden: int, periods: tuple[int, ...], variant: str = "sequential"):
        whole("d_model", d_model, 1, 8192)
        whole("hidden", hidden, 1, 65536)
        check_periods(periods)
        one_of("variant", variant, VARIANTS)
        super().__init__(MemoryBlock(d_model, hidden) for _ in periods)
        self.periods, self.variant = periods, variant
        if variant == "independent":
            self.mix = nn.Parameter(torch.full((len(periods),), 1 / len(periods)))

    def __call__(self, x: Tensor, fast: Any = None) -> Any:
        like, pairs = cast(MemoryBlock, self[0]).up.weight, (None,) * len(self) if fast is None else fast
        check(len(pairs) == len(self), "fast", len(pairs), f"give a pair or None for each of {len(self)} blocks")
        h, d = like.shape
        check_tensors({"x": f"... {d}" if fast is None else f"B T {d}"}, {"x": x}, like)
        for i, pair in enumerate(pairs):
            for j, dims in enumerate((f"{len(x)} {h} {d}", f"{len(x)} {d} {h}") if pair else ()):
                check_tensors({f"fast[{i}][{j}]": dims}, {f"fast[{i}][{j}]": pair[j]}, like)
        return super().__call__(x, fast)

    def forward(self, x: Float[Tensor, "*n d"], fast: tuple[Fast | None, ...] | None = None) -> Float[Tensor, "*n d"]:
        weights = (None,) * len(self) if fast is None else fast
        blocks = [cast(MemoryBlock, block) for block in self]
        if self.variant == "independent":
            answers = [block.answer(x, own) for block, own in zip(blocks, weights, strict=True)]
            return x + torch.stack(answers, dim=-1) @ self.mix
        for block, own in zip(blocks, weights, strict=True):
            x = cast(Tensor, block(x, own))
        return x
