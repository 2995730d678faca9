"""What the plain loop and the chunked form share: the state, how a memory answers, and how an answer is wrong.

A memory is L matrices, [..., L, V, D]. One matrix answers M q. Two answer q + W1 gelu(W2 q), in the order W2, W1 and
with as many hidden units as keys have numbers, so that V = D.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from ...shapes import Float
from ..elementwise import gelu_slope


class Anchored(NamedTuple):
    """Where a memory stands in its sequence; all tensors [B, H, L, V, D]."""

    anchor: Tensor  # the memory at the start of the current chunk, where gradients are taken
    memory: Tensor  # the memory now
    momentum: Tensor  # the surprise on its way into the memory
    offset: int  # tokens read of the current chunk


def answer(read: Callable[[int, Tensor], Tensor], q: Float[Tensor, "*N T D"], layers: int) -> Float[Tensor, "*N T V"]:
    """What the memory says to queries q; read(i, z) gives the product of matrix i with each row of z."""
    first = read(0, q)
    return first if layers == 1 else q + read(1, F.gelu(first))


def product(memory: Float[Tensor, "*N L V D"]) -> Callable[[int, Tensor], Tensor]:
    """`read` for a memory that is at hand."""
    return lambda i, z: z @ memory[..., i, :, :].mT


def surprise(
    anchor: Float[Tensor, "*N L V D"], k: Float[Tensor, "*N T D"], v: Float[Tensor, "*N T V"]
) -> tuple[Float[Tensor, "*N L T D"], Float[Tensor, "*N L T V"]]:
    """x and e, so that the gradient of |M(k_t) - v_t|^2 / 2 for matrix i of the anchor is e[i, t] x[i, t]^T."""
    if anchor.shape[-3] == 1:
        return k.unsqueeze(-3), (k @ anchor[..., 0, :, :].mT - v).unsqueeze(-3)
    W2, W1 = anchor.unbind(-3)
    before = k @ W2.mT
    h = F.gelu(before)
    error = k + h @ W1.mT - v
    return torch.stack([k, h], dim=-3), torch.stack([(error @ W1) * gelu_slope(before), error], dim=-3)
