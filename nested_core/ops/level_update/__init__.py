"""The write of all levels that are due, in one step over many tensors (Nested Learning, eqs. 71, 72).

level_update  W <- retention W - rate G, and the window G starts again at zero
restart       the nested transfer: the slow weights move a fraction toward the fast ones, which restart from there

`naive` is the specification, a loop over tensors; `fused` gives the same numbers, bit for bit, in a few calls.
"""

from torch import Tensor

from ...boundary import check_finite
from . import fused

__all__ = ["level_update", "restart"]


def level_update(weights: list[Tensor], gradients: list[Tensor], rates: list[float], retention: list[float]) -> None:
    """In place W <- retention W - rate G, G <- 0. A tensor of rate 0 and retention 1 is not due: neither changes."""
    _check(weights=weights, gradients=gradients)
    fused.level_update(weights, gradients, rates, retention)


def restart(slow: list[Tensor], fast: list[Tensor], fraction: float) -> None:
    """In place slow <- slow + fraction (fast - slow), then fast <- slow (eq. 72, first order)."""
    _check(slow=slow, fast=fast)
    fused.restart(slow, fast, fraction)


def _check(**given: list[Tensor]) -> None:
    for name, tensors in given.items():
        for i, x in enumerate(tensors):
            check_finite(f"{name}[{i}]", x)
