"""What the plain loop and the chunked form share: the order of the memories, and how two of them become gates.

Shapes: B samples, H heads, T tokens, D head width. Memories are [B, H, 5, D, D], read as M x (rows are outputs).
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

MEMORIES = ("k", "v", "eta", "alpha", "memory")
KEY, VALUE, ETA, ALPHA, MEMORY = range(5)


class Gates(NamedTuple):
    """Learned read-outs of M_eta(x) and M_alpha(x) into one scalar each per head and token."""

    eta: Tensor  # [H, D]
    alpha: Tensor  # [H, D]
    eta_bias: Tensor  # [H]
    alpha_bias: Tensor  # [H]


def log_alpha(logit: Tensor) -> Tensor:
    """log of the retention alpha = sigmoid(logit), in (0, 1); 1 keeps everything."""
    return logsigmoid(logit)


def step_size(logit: Tensor, log_alpha: Tensor) -> Tensor:
    """The inner step size eta in (0, (1 + alpha) / 2).

    The update erases twice: M k becomes (alpha - 2 eta) M k + eta v. This bound keeps the factor within (-1, alpha).
    """
    return 0.5 * (1 + log_alpha.exp()) * torch.sigmoid(logit)


def normalize(x: Tensor) -> Tensor:
    """x / |x| along the last dimension; finite, and with finite gradient, at x = 0."""
    return x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-6)
