"""Titans' memory in chunks: the same numbers as `naive`, in a few matrix products a chunk (dual form).

All gradients of a chunk are taken at its anchor, so the writes u_t x_t^T, u_t = -eta_t e_t, are known before any of
them is made. With A[t, s] = alpha_{s+1} ... alpha_t and B likewise for beta, the two recurrences unroll to

    S_t = B[t, 0] S_0 + sum_{s<=t} B[t, s] u_s x_s^T
    M_t = A[t, 0] M_0 + P[t, 0] S_0 + sum_{s<=t} P[t, s] u_s x_s^T,   P[t, s] = sum_{r=1..t} A[t, r] B[r, s]

and M_t z_t needs no M_t: the sum is over scores (x_s . z_t) P[t, s], as in linear attention. For a memory of two layers
the same holds for each of its matrices in turn.
"""

import torch
from torch import Tensor

from ...shapes import Float
from ..decay import decays
from .common import Anchored, answer, surprise


def chunked(
    q: Float[Tensor, "B H T D"],
    k: Float[Tensor, "B H T D"],
    v: Float[Tensor, "B H T V"],
    eta: Float[Tensor, "B H T"],
    log_alpha: Float[Tensor, "B H T"],
    log_beta: Float[Tensor, "B H T"],
    state: Anchored,
    chunk: int,
) -> tuple[Float[Tensor, "B H T V"], Anchored]:
    """As `naive`."""
    T, shape, offset = k.shape[2], state.memory.shape, state.offset
    anchor, memory, momentum = (x.flatten(0, 1) for x in state[:3])  # [N, L, V, D], N = B H
    tokens = [x.flatten(0, 1) for x in (q, k, v, eta, log_alpha, log_beta)]
    outputs, t = [], 0
    while t < T:
        end = min(T, t + chunk - offset)
        y, memory, momentum = _segment(anchor, memory, momentum, *(x[:, t:end] for x in tokens))
        outputs.append(y)
        offset, t = offset + end - t, end
        if offset == chunk:
            anchor, offset = memory, 0
    y = torch.cat(outputs, dim=1).view(*shape[:2], T, -1)
    return y, Anchored(anchor.view(shape), memory.view(shape), momentum.view(shape), offset)


def _segment(
    anchor: Float[Tensor, "N L V D"],
    memory: Float[Tensor, "N L V D"],
    momentum: Float[Tensor, "N L V D"],
    q: Float[Tensor, "N C D"],
    k: Float[Tensor, "N C D"],
    v: Float[Tensor, "N C V"],
    eta: Float[Tensor, "N C"],
    log_alpha: Float[Tensor, "N C"],
    log_beta: Float[Tensor, "N C"],
) -> tuple[Float[Tensor, "N C V"], Float[Tensor, "N L V D"], Float[Tensor, "N L V D"]]:
    """One chunk or part of one: y, memory, momentum."""
    x, error = surprise(anchor, k, v)
    u = -eta[:, None, :, None] * error  # [N, L, C, V]
    A, B = decays(log_alpha)[:, 1:], decays(log_beta)[:, 1:]  # [N, C, 1 + C]
    P = A[:, :, 1:] @ B

    def read(i: int, z: Tensor) -> Tensor:
        """M_t z_t of matrix i for every t: z [N, C, D] -> [N, C, V]."""
        old = A[:, :, :1] * (z @ memory[:, i].mT) + P[:, :, :1] * (z @ momentum[:, i].mT)
        return old + ((z @ x[:, i].mT) * P[:, :, 1:]) @ u[:, i]

    def written(weights: Tensor) -> Tensor:
        """sum_s weights_s u_s x_s^T: weights [N, C] -> [N, L, V, D]."""
        return (weights[:, None, :, None] * u).mT @ x

    a, p, b = (c[:, -1, 0, None, None, None] for c in (A, P, B))
    after = a * memory + p * momentum + written(P[:, -1, 1:])
    return answer(read, q, memory.shape[1]), after, b * momentum + written(B[:, -1, 1:])
