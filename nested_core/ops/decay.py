"""Products of retentions between any two tokens of a chunk, finite for every retention from 0 to 1."""

import torch
from torch import Tensor
from torch.nn import functional as F

from ..shapes import Float


def decays(log_a: Float[Tensor, "N C"]) -> Float[Tensor, "N C+1 C+1"]:
    """R[t, s] = a_{s+1} ... a_t, what is left at t of what was there at s <= t; 0 for s > t. Index 0 is the start.

    Every entry sums its own logs, -inf included: no difference of two running sums, so nothing cancels or divides.
    """
    C = log_a.shape[1]
    past = torch.ones(C + 1, C + 1, dtype=torch.bool, device=log_a.device).tril(-1)  # s < t
    logs = F.pad(log_a, (1, 0))[:, :, None].masked_fill(~past, 0).cumsum(1)  # [N, t, s]
    return logs.masked_fill(past.T, -torch.inf).exp()
