"""The write of many tensors in a few multi-tensor calls: on a GPU one kernel each, not one for every tensor."""

import torch
from torch import Tensor

from .naive import check_restart, check_update, is_due


@torch.no_grad()
def level_update(weights: list[Tensor], gradients: list[Tensor], rates: list[float], retention: list[float]) -> None:
    """In place W <- retention W - rate G, G <- 0. A tensor of rate 0 and retention 1 is not due: neither changes."""
    check_update(weights, gradients, rates, retention)
    due = [i for i, pair in enumerate(zip(rates, retention, strict=True)) if is_due(*pair)]
    if not due:
        return
    W, G = [weights[i] for i in due], [gradients[i] for i in due]
    torch._foreach_mul_(W, [float(retention[i]) for i in due])
    torch._foreach_mul_(G, [float(rates[i]) for i in due])  # scaled in place: the window ends here anyway
    torch._foreach_sub_(W, G)
    torch._foreach_zero_(G)


@torch.no_grad()
def restart(slow: list[Tensor], fast: list[Tensor], fraction: float) -> None:
    """In place slow <- slow + fraction (fast - slow), then fast <- slow (eq. 72, first order)."""
    check_restart(slow, fast, fraction)
    if not slow:
        return
    step = torch._foreach_sub(fast, slow)
    torch._foreach_mul_(step, float(fraction))
    torch._foreach_add_(slow, step)
    torch._foreach_copy_(fast, slow)
