"""The default write rule as a Triton kernel, forward and backward: `fused` with the chunk loop on the chip.

One program owns one sample and head. It keeps K, V, the main memory and the two gate rows in registers across all
chunks, makes keys, decays and the triangular solve once for all memories, and writes only y and, for the way back, the
memories at the start of every chunk. The backward program walks the chunks in reverse, computes again what one chunk
needs, and keeps the gradients of the memories in registers. Letters and equations as in `fused`. A chunk shorter than
the block is padded with tokens that neither decay nor write (alpha = 1, eta = 0).

Numbers are float32 on the chip, whatever x and q come in (float64 for float64, in the interpreter). Set
TRITON_INTERPRET=1 before the first import to run it without a GPU. Tested in that interpreter, and compiled for an
H100 (shared memory of the backward: see ops/README.md); not yet run on a GPU.
"""

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import once_differentiable

from .common import ALPHA, ETA, FORGET, MEMORY, Gates, MemoryState, Tokens, Writing
from .fused import in_whole_chunks


def kernel(
    x: Tokens, q: Tokens | None, state: MemoryState, gates: Gates, writing: Writing, chunk: int
) -> tuple[Tokens, MemoryState]:
    """Read and write T tokens: see `common.Form`. What is not the default rule, or not a whole chunk, is `chunked`."""
    return in_whole_chunks(_chunks, x, q, state, gates, writing, chunk)


def _chunks(x: Tensor, q: Tensor, M: Tensor, gates: Gates, chunk: int) -> tuple[Tensor, Tensor]:
    """x, q [N, T, D], memories [B, H, 5, D, D] -> y [N, T, D], memories after T tokens."""
    B, H, _, D, _ = M.shape
    rows = (torch.stack([gates.eta, gates.alpha], dim=1)[..., None] * M[:, :, ETA : ALPHA + 1]).sum(-2)
    bias = torch.stack([gates.eta_bias, gates.alpha_bias], dim=1).expand(B, H, 2).reshape(B * H, 2)
    S = M[:, :, [0, 1, MEMORY]].reshape(B * H, 3, D, D)
    y, S, P = KernelChunks.apply(x, q, S, rows.reshape(B * H, 2, D), bias, chunk)
    S, P = S.view(B, H, 3, D, D), P.view(B, H, 1, D, D)
    return y, torch.cat([S[:, :, :2], M[:, :, ETA : ALPHA + 1] @ P, S[:, :, 2:]], dim=2)


class KernelChunks(torch.autograd.Function):
    """x, q [N, T, D], S = K, V, main [N, 3, D, D], gate rows [N, 2, D], biases [N, 2] -> y, S after, P [N, D, D]."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, q: Tensor, S: Tensor, rows: Tensor, bias: Tensor, chunk: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        N, T, D = x.shape
        wide = torch.float64 if x.dtype == torch.float64 else torch.float32
        x, q, S, rows, bias = (t.contiguous() for t in (x, q, S.to(wide), rows.to(wide), bias.to(wide)))
        starts = x.new_empty(N, T // chunk + 1, 4 * D + 2, D, dtype=wide)  # K, V, main, P, gate rows before each chunk
        y = torch.empty_like(x)
        _forward[(N,)](x, q, S, rows, bias, y, starts, T, D, chunk, **_sizes(chunk, D, x.dtype))
        ctx.save_for_backward(x, q, bias, starts)
        ctx.chunk = chunk
        ctx.set_materialize_grads(False)
        end = starts[:, -1, : 4 * D].view(N, 4, D, D)
        return y, end[:, :3].clone(), end[:, 3].clone()

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, dy: Tensor | None, dS: Tensor | None, dP: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, None]:
        x, q, bias, starts = ctx.saved_tensors
        N, T, D = x.shape
        wide, chunk = starts.dtype, ctx.chunk
        dy = torch.zeros_like(x) if dy is None else dy.contiguous()
        ends = starts.new_zeros(
            N, 4, D, D
        )  # gradients of K, V, main and P: in after the last token, out before the first
        if dS is not None:
            ends[:, :3] = dS
        if dP is not None:
            ends[:, 3] = dP
        dx, dq = torch.empty_like(x), torch.empty_like(q)
        d_rows, d_bias = starts.new_zeros(N, 2, D), starts.new_zeros(N, 2)
        _backward[(N,)](
            x,
            q,
            bias,
            starts,
            dy,
            ends,
            dx,
            dq,
            d_rows,
            d_bias,
            T,
            D,
            chunk,
            END=dP is not None,
            **_sizes(chunk, D, x.dtype),
        )
        return dx, dq, ends[:, :3].to(wide), d_rows, d_bias, None


def _sizes(chunk: int, D: int, dtype: torch.dtype) -> dict[str, Any]:
    """Block sizes: powers of two from 16 on, which the matrix units need; full precision unless the input has less."""
    wide = tl.float64 if dtype == torch.float64 else tl.float32
    return {
        "BC": max(16, triton.next_power_of_2(chunk)),
        "BD": max(16, triton.next_power_of_2(D)),
        "WIDE": wide,
        "NARROW": tl.bfloat16 if dtype == torch.bfloat16 else wide,
        "FLOOR": FORGET,
        "num_warps": 4 if D <= 32 else 8,
    }


@triton.jit
def _dot(a, b, NARROW: tl.constexpr):
    """a @ b, operands in NARROW, sum in full precision."""
    return tl.dot(a.to(NARROW), b.to(NARROW), input_precision="ieee")


@triton.jit
def _square(pointer, D, BD: tl.constexpr):
    """Pointers and mask of a D x D matrix in a BD x BD block."""
    i, j = tl.arange(0, BD)[:, None], tl.arange(0, BD)[None, :]
    return pointer + i * D + j, (i < D) & (j < D)


@triton.jit
def _made(x, q, K, V, g_eta, g_alpha, bias, C, FLOOR, BC: tl.constexpr, NARROW: tl.constexpr):
    """What one chunk makes of its tokens: the first half of `fused._forward`."""
    t = tl.arange(0, BC)
    real = t < C
    raw = _dot(x, tl.trans(K), NARROW)
    v = _dot(x, tl.trans(V), NARROW)
    inverse_norm = 1 / tl.sqrt(tl.sum(raw * raw, 1) + 1e-6)
    k = raw * inverse_norm[:, None]
    eta_logit = tl.sum(x * g_eta[None, :], 1) + tl.load(bias)
    alpha_logit = tl.sum(x * g_alpha[None, :], 1) + tl.load(bias + 1)
    log_alpha = tl.minimum(alpha_logit, 0) - tl.log(1 + tl.exp(-tl.abs(alpha_logit)))
    log_alpha = tl.where(real, tl.maximum(log_alpha, FLOOR), 0)
    alpha = tl.exp(log_alpha)
    gate = tl.where(real, 1 / (1 + tl.exp(-eta_logit)), 0)
    eta = 0.5 * (1 + alpha) * gate
    total = tl.cumsum(log_alpha, 0)
    log_before = total - log_alpha
    before, ending = tl.exp(log_before), tl.exp(tl.sum(log_alpha, 0) - total)
    past = t[:, None] > t[None, :]
    ratio = tl.where(past, tl.exp(tl.where(past, log_before[:, None] - total[None, :], 0)), 0)
    erased = 2 * eta[:, None] * k
    system = _dot(erased, tl.trans(k), NARROW) * ratio
    reach = _dot(q, tl.trans(k), NARROW) * ratio
    z = eta[:, None] * v - before[:, None] * erased
    for i in range(1, BC):  # forward substitution: row i is done when all before it are
        row = tl.sum(tl.where(t[:, None] == i, system, 0), 0)
        z = tl.where(t[:, None] == i, z - tl.sum(row[:, None] * z, 0)[None, :], z)
    read = before[:, None] * q + _dot(reach, z, NARROW)
    return k, v, inverse_norm, alpha, gate, eta, before, ending, ratio, erased, system, reach, z, read


@triton.jit
def _forward(
    x_ptr, q_ptr, S_ptr, rows_ptr, bias_ptr, y_ptr, starts_ptr, T, D, C,
    FLOOR: tl.constexpr, BC: tl.constexpr, BD: tl.constexpr, WIDE: tl.constexpr, NARROW: tl.constexpr,
):  # fmt: skip
    n = tl.program_id(0).to(tl.int64)
    t, d = tl.arange(0, BC), tl.arange(0, BD)
    square, inside = _square(S_ptr + n * 3 * D * D, D, BD)
    K = tl.load(square, mask=inside, other=0)
    V = tl.load(square + D * D, mask=inside, other=0)
    main = tl.load(square + 2 * D * D, mask=inside, other=0)
    P = tl.where((d[:, None] == d[None, :]) & inside, 1.0, 0.0).to(WIDE)
    g_eta = tl.load(rows_ptr + n * 2 * D + d, mask=d < D, other=0)
    g_alpha = tl.load(rows_ptr + n * 2 * D + D + d, mask=d < D, other=0)
    start = starts_ptr + n * (T // C + 1) * (4 * D + 2) * D
    for c in range(0, T // C):
        _keep(start, K, V, main, P, g_eta, g_alpha, D, BD)
        here = n * T * D + (c * C + t[:, None]) * D + d[None, :]
        real = (t[:, None] < C) & (d[None, :] < D)
        x = tl.load(x_ptr + here, mask=real, other=0).to(WIDE)
        q = tl.load(q_ptr + here, mask=real, other=0).to(WIDE)
        k, _v, _n, alpha, _g, _e, before, ending, _r, _er, _s, _re, z, read = _made(
            x, q, K, V, g_eta, g_alpha, bias_ptr + n * 2, C, FLOOR, BC, NARROW
        )
        y = _dot(read, tl.trans(main), NARROW)
        tl.store(y_ptr + here, y, mask=real)
        a_C = tl.sum(tl.where(t == BC - 1, before * alpha, 0), 0)
        X = _dot(tl.trans(z), ending[:, None] * k, NARROW)  # what is written; what decays stays in full precision
        K = a_C * K + _dot(K, X, NARROW)
        V = a_C * V + _dot(V, X, NARROW)
        main = a_C * main + _dot(main, X, NARROW)
        P = a_C * P + _dot(P, X, NARROW)
        g_eta = a_C * g_eta + tl.sum(g_eta[:, None] * X, 0)
        g_alpha = a_C * g_alpha + tl.sum(g_alpha[:, None] * X, 0)
        start += (4 * D + 2) * D
    _keep(start, K, V, main, P, g_eta, g_alpha, D, BD)


@triton.jit
def _keep(start, K, V, main, P, g_eta, g_alpha, D, BD: tl.constexpr):
    """Write down the memories before a chunk."""
    square, inside = _square(start, D, BD)
    d = tl.arange(0, BD)
    tl.store(square, K, mask=inside)
    tl.store(square + D * D, V, mask=inside)
    tl.store(square + 2 * D * D, main, mask=inside)
    tl.store(square + 3 * D * D, P, mask=inside)
    tl.store(start + 4 * D * D + d, g_eta, mask=d < D)
    tl.store(start + 4 * D * D + D + d, g_alpha, mask=d < D)


@triton.jit
def _backward(
    x_ptr, q_ptr, bias_ptr, starts_ptr, dy_ptr, ends_ptr, dx_ptr, dq_ptr, d_rows_ptr, d_bias_ptr, T, D, C,
    END: tl.constexpr, FLOOR: tl.constexpr, BC: tl.constexpr, BD: tl.constexpr, WIDE: tl.constexpr,
    NARROW: tl.constexpr,
):  # fmt: skip
    n = tl.program_id(0).to(tl.int64)
    t, d = tl.arange(0, BC), tl.arange(0, BD)
    ends, inside = _square(ends_ptr + n * 4 * D * D, D, BD)
    dK = tl.load(ends, mask=inside, other=0)
    dV = tl.load(ends + D * D, mask=inside, other=0)
    d_main = tl.load(ends + 2 * D * D, mask=inside, other=0)
    if END:
        dP = tl.load(ends + 3 * D * D, mask=inside, other=0)
    dg_eta, dg_alpha = tl.zeros([BD], WIDE), tl.zeros([BD], WIDE)
    db_eta, db_alpha = tl.zeros([BC], WIDE), tl.zeros([BC], WIDE)
    eye = d[:, None] == d[None, :]
    for back in range(0, T // C):
        c = T // C - 1 - back
        start = starts_ptr + (n * (T // C + 1) + c) * (4 * D + 2) * D
        square, _inside = _square(start, D, BD)
        K = tl.load(square, mask=inside, other=0)
        V = tl.load(square + D * D, mask=inside, other=0)
        main = tl.load(square + 2 * D * D, mask=inside, other=0)
        g_eta = tl.load(start + 4 * D * D + d, mask=d < D, other=0)
        g_alpha = tl.load(start + 4 * D * D + D + d, mask=d < D, other=0)
        here = n * T * D + (c * C + t[:, None]) * D + d[None, :]
        real = (t[:, None] < C) & (d[None, :] < D)
        x = tl.load(x_ptr + here, mask=real, other=0).to(WIDE)
        q = tl.load(q_ptr + here, mask=real, other=0).to(WIDE)
        dy = tl.load(dy_ptr + here, mask=real, other=0).to(WIDE)
        k, v, inverse_norm, alpha, gate, eta, before, ending, ratio, erased, system, reach, z, read = _made(
            x, q, K, V, g_eta, g_alpha, bias_ptr + n * 2, C, FLOOR, BC, NARROW
        )
        kept = ending[:, None] * k
        a_C = tl.sum(tl.where(t == BC - 1, before * alpha, 0), 0)
        X = _dot(tl.trans(z), kept, NARROW)
        dX = _dot(tl.trans(K), dK, NARROW) + _dot(tl.trans(V), dV, NARROW) + _dot(tl.trans(main), d_main, NARROW)
        dX += g_eta[:, None] * dg_eta[None, :] + g_alpha[:, None] * dg_alpha[None, :]
        if END:
            P = tl.load(square + 3 * D * D, mask=inside, other=0)
            dX += _dot(tl.trans(P), dP, NARROW)
            dP = a_C * dP + _dot(dP, tl.trans(X), NARROW)
        dK = a_C * dK + _dot(dK, tl.trans(X), NARROW)
        dV = a_C * dV + _dot(dV, tl.trans(X), NARROW)
        d_main = a_C * d_main + _dot(d_main, tl.trans(X), NARROW) + _dot(tl.trans(dy), read, NARROW)
        dg_eta = a_C * dg_eta + tl.sum(X * dg_eta[None, :], 1)
        dg_alpha = a_C * dg_alpha + tl.sum(X * dg_alpha[None, :], 1)

        d_read = _dot(dy, main, NARROW)
        dw = _dot(tl.trans(reach), d_read, NARROW)
        dw += _dot(kept, tl.trans(dX), NARROW)
        d_kept = _dot(z, dX, NARROW)
        for back_row in range(1, BC):  # back substitution with the transposed system
            i = BC - 1 - back_row
            column = tl.sum(tl.where(t[None, :] == i, system, 0), 1)
            dw = tl.where(t[:, None] == i, dw - tl.sum(column[:, None] * dw, 0)[None, :], dw)
        d_system = -_dot(dw, tl.trans(z), NARROW)
        d_reach = _dot(d_read, tl.trans(z), NARROW)
        d_log_ratio = d_system * system + d_reach * reach
        d_system, d_reach = d_system * ratio, d_reach * ratio
        d_erased = _dot(d_system, k, NARROW) - before[:, None] * dw
        dq = _dot(d_reach, k, NARROW) + before[:, None] * d_read
        dk = ending[:, None] * d_kept + 2 * eta[:, None] * d_erased
        dk += _dot(tl.trans(d_system), erased, NARROW)
        dk += _dot(tl.trans(d_reach), q, NARROW)
        d_eta = tl.sum(v * dw + 2 * k * d_erased, 1)
        d_log_before = tl.sum(d_log_ratio, 1) + before * tl.sum(q * d_read - erased * dw, 1)
        d_log_ending = tl.sum(d_kept * kept, 1)
        d_total = d_log_before - tl.sum(d_log_ratio, 0) - d_log_ending
        d_last = tl.sum(d_log_ending, 0) + a_C * tl.sum(tl.sum(tl.where(eye, dX, 0), 1), 0)
        d_log_alpha = (
            d_last + tl.sum(d_total, 0) - tl.cumsum(d_total, 0) + d_total
        )  # every later total has it in its sum
        d_log_alpha += alpha * gate * 0.5 * d_eta - d_log_before
        d_eta_logit = 0.5 * (1 + alpha) * d_eta * gate * (1 - gate)
        d_alpha_logit = tl.where(t < C, d_log_alpha * (1 - alpha), 0)
        d_raw = inverse_norm[:, None] * (dk - k * tl.sum(k * dk, 1)[:, None])
        dv = eta[:, None] * dw
        dx = _dot(d_raw, K, NARROW) + _dot(dv, V, NARROW)
        dx += d_eta_logit[:, None] * g_eta[None, :] + d_alpha_logit[:, None] * g_alpha[None, :]
        tl.store(dx_ptr + here, dx, mask=real)
        tl.store(dq_ptr + here, dq, mask=real)
        dK += _dot(tl.trans(d_raw), x, NARROW)
        dV += _dot(tl.trans(dv), x, NARROW)
        dg_eta += tl.sum(d_eta_logit[:, None] * x, 0)
        dg_alpha += tl.sum(d_alpha_logit[:, None] * x, 0)
        db_eta += d_eta_logit
        db_alpha += d_alpha_logit
    tl.store(ends, dK, mask=inside)
    tl.store(ends + D * D, dV, mask=inside)
    tl.store(ends + 2 * D * D, d_main, mask=inside)
    tl.store(d_rows_ptr + n * 2 * D + d, dg_eta, mask=d < D)
    tl.store(d_rows_ptr + n * 2 * D + D + d, dg_alpha, mask=d < D)
    tl.store(d_bias_ptr + n * 2, tl.sum(db_eta, 0))
    tl.store(d_bias_ptr + n * 2 + 1, tl.sum(db_alpha, 0))
