"""The self-modifying memory in chunks: the same numbers as `naive`, in a few matrix products a chunk.

Inside a chunk that starts from the memories A, every token's k, v, eta and alpha come from A, so each memory M follows
a linear recurrence with one rank-one write a token, and shared keys and decays:

    M_t = alpha_t M_{t-1} + u_t k_t^T,   u_t = eta_t A v_t - 2 eta_t M_{t-1} k_t

Unrolled, with a_t = alpha_1 ... alpha_t, the writes solve one unit triangular system (WY form):

    u_t + 2 eta_t sum_{s<t} (a_{t-1} / a_s) (k_s . k_t) u_s = eta_t A v_t - 2 eta_t a_{t-1} M_0 k_t

Its right side is A w_t when the chunk starts at M_0 = A, so u_t = A z_t, where z solves the same system for w. Hence
all five memories of a head end the chunk multiplied by one D x D matrix, and none of them is ever solved for:

    M_C = A (a_C I + sum_t (a_C / a_t) z_t k_t^T)
    y_t = A_memory (a_{t-1} q_t + sum_{s<t} (a_{t-1} / a_s) (k_s . q_t) z_s)

Ratios of decays are taken as exponents of differences of logs: they lie in [0, 1] and never divide by a small number.
"""

import torch
from torch import Tensor

from .common import MEMORY, Gates, log_alpha, normalize, step_size


def chunked(
    x: Tensor, q: Tensor, anchor: Tensor, memory: Tensor, gates: Gates, adapt: Tensor, chunk: int, offset: int
) -> tuple[Tensor, Tensor, Tensor]:
    """As `naive`: x, q [B, H, T, D], anchor and memory [B, H, 5, D, D] -> y [B, H, T, D], anchor, memory."""
    B, H, T, D = x.shape
    x, q = x.reshape(B * H, T, D), q.reshape(B * H, T, D)
    aligned = offset == 0
    anchor = anchor.reshape(B * H, 5 * D, D)
    memory = anchor if aligned else memory.reshape(B * H, 5 * D, D)
    readout = torch.stack([gates.eta, gates.alpha], dim=1).repeat(B, 1, 1)  # [BH, 2, D]
    bias = torch.stack([gates.eta_bias, gates.alpha_bias], dim=1).repeat(B, 1)[:, None]  # [BH, 1, 2]
    static = None if bool(adapt.all()) else ~adapt.repeat_interleave(D)[:, None]  # [5D, 1]
    reads = bool(adapt[MEMORY])
    sizes = [min(T, chunk - offset)]
    sizes += [chunk] * ((T - sizes[0]) // chunk)
    sizes += [T - sum(sizes)] if sum(sizes) < T else []
    outputs = []
    for size, x_part, q_part in zip(sizes, x.split(sizes, dim=1), q.split(sizes, dim=1), strict=True):
        y, memory = _segment(x_part, q_part, anchor, memory, readout, bias, static)
        outputs.append(y if reads else q_part @ memory[:, MEMORY * D :].mT)
        offset += size
        if offset == chunk:
            anchor, offset = memory, 0
    y = torch.cat(outputs, dim=1).view(B, H, T, D)
    return y, anchor.view(B, H, 5, D, D), memory.view(B, H, 5, D, D)


def _segment(
    x: Tensor, q: Tensor, anchor: Tensor, memory: Tensor, readout: Tensor, bias: Tensor, static: Tensor | None
) -> tuple[Tensor, Tensor]:
    """One chunk or part of one: x, q [N, C, D]; anchor, memory [N, 5D, D]; readout [N, 2, D] -> y [N, C, D], memory."""
    N, C, D = x.shape
    key_value, gate, main = anchor.split([2 * D, 2 * D, D], dim=1)  # rows in the order of MEMORIES
    # M_eta and M_alpha are only ever read through one vector each: fold it in before meeting the tokens.
    folded = (readout[:, :, None] @ gate.view(N, 2, D, D)).view(N, 2, D)
    k, v, logits = (x @ torch.cat([key_value, folded], dim=1).mT).split([D, D, 2], dim=2)
    k = normalize(k)
    eta_logit, alpha_logit = (logits + bias).unbind(2)  # [N, C]
    log_a = log_alpha(alpha_logit)
    eta = step_size(eta_logit, log_a)[..., None]  # [N, C, 1]
    total = log_a.cumsum(1)
    before = total - log_a  # log a_{t-1}
    past = torch.ones(C, C, dtype=torch.bool, device=x.device).tril(-1)
    ratio = (before[:, :, None] - total[:, None, :]).masked_fill(~past, -torch.inf).exp()  # a_{t-1} / a_s for s < t
    erase, decay = 2 * eta, before.exp()[..., None]
    system, reach = ((torch.cat([erase * k, q], dim=1) @ k.mT).view(N, 2, C, C) * ratio[:, None]).unbind(1)  # [N, C, C]
    inverse = UnitLowerInverse.apply(system)
    write, fade = eta * v, erase * decay * k
    ending = total[:, -1, None, None]
    kept = (ending - total[..., None]).exp() * k  # k_t a_C / a_t
    whole = torch.eye(D, dtype=x.dtype, device=x.device) * ending.exp()
    if memory is anchor:
        z = inverse @ (write - fade)
        y = torch.baddbmm(decay * q, reach, z) @ main.mT
        written = anchor @ torch.baddbmm(whole, z.mT, kept)
    else:  # the chunk began in an earlier call: what is written comes from the anchor, what fades from the memory
        z_anchor, z_memory = inverse @ write, -inverse @ fade
        y = (reach @ z_anchor) @ main.mT + torch.baddbmm(decay * q, reach, z_memory) @ memory[:, MEMORY * D :].mT
        written = anchor @ (z_anchor.mT @ kept) + memory @ torch.baddbmm(whole, z_memory.mT, kept)
    return y, written if static is None else torch.where(static, memory, written)


class UnitLowerInverse(torch.autograd.Function):
    """X = (I + L)^-1 for strictly lower triangular L [N, C, C]; its gradient, -X^T G X^T, needs no second solve."""

    @staticmethod
    def forward(ctx, L: Tensor) -> Tensor:
        eye = torch.eye(L.shape[-1], dtype=L.dtype, device=L.device).expand_as(L)
        X = torch.linalg.solve_triangular(L, eye, upper=False, unitriangular=True)
        ctx.save_for_backward(X)
        return X

    @staticmethod
    def backward(ctx, G: Tensor) -> Tensor:
        (X,) = ctx.saved_tensors
        return -(X.mT @ G @ X.mT).tril(-1)
