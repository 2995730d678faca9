"""The default write rule in whole chunks with a hand-written backward: `chunked`, less autograd's many small steps.

With gradients at the running memory and one chunk length, all memories M of a head follow, inside a chunk that starts
from A, one linear recurrence with shared keys and decays:

    M_t = alpha_t M_{t-1} + u_t k_t^T,   u_t + 2 eta_t sum_{s<t} (a_{t-1} / a_s) (k_s . k_t) u_s = A w_t
    w_t = eta_t v_t - 2 eta_t a_{t-1} k_t,   a_t = alpha_1 ... alpha_t

so u_t = A z_t, where z solves the same triangular system for w. Hence every memory ends the chunk multiplied by one
D x D matrix X, and none of them is ever solved for:

    M_C = A X,   X = a_C I + sum_t (a_C / a_t) z_t k_t^T
    y_t = A_memory (a_{t-1} q_t + sum_{s<t} (a_{t-1} / a_s) (k_s . q_t) z_s)

M_eta and M_alpha are only ever read through one vector each; as row vectors they follow the same rule. What the chain
of chunks carries is therefore W = [K; V; eta row; alpha row], 2 D + 2 rows, the main memory, and for the final state
the product P of all X. `backward` is the reverse of each line, chunk by chunk; it is not differentiable again (for that
there is `chunked`).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import logsigmoid

from .chunked import chunked
from .common import ALPHA, ETA, FORGET, MEMORY, STATIC_QUERY, Gates, MemoryState, Tokens, Writing, wide
from .recurrence import unit_lower_inverse


def fused(
    x: Tokens, q: Tokens | None, state: MemoryState, gates: Gates, writing: Writing, chunk: int
) -> tuple[Tokens, MemoryState]:
    """Read and write T tokens: see `common.Form`. What is not the default rule, or not a whole chunk, is `chunked`."""
    return in_whole_chunks(_chunks, x, q, state, gates, writing, chunk)


def _chunks(x: Tensor, q: Tensor, M: Tensor, gates: Gates, chunk: int) -> tuple[Tensor, Tensor]:
    """x, q [N, T, D], memories [B, H, 5, D, D] -> y [N, T, D], memories after T tokens."""
    y, after = WholeChunks.apply(x, q, M, *gates[:4], chunk)
    return y, after


def in_whole_chunks(
    chunks: Callable[[Tensor, Tensor, Tensor, Gates, int], tuple[Tensor, Tensor]],
    x: Tokens, q: Tokens | None, state: MemoryState, gates: Gates, writing: Writing, chunk: int,
) -> tuple[Tokens, MemoryState]:  # fmt: skip
    """Give whole chunks of the default rule to `chunks`, and what is before, after or otherwise to `chunked`.

    x and q may have fewer bits than the state, which `chunked` then lifts.
    """
    B, H, T, D = x.shape
    to_boundary = min(T, -state.position % chunk)
    whole = (T - to_boundary) // chunk * chunk

    def otherwise(part: slice, state: MemoryState) -> tuple[Tokens, MemoryState]:
        queries = None if q is None else wide(q[:, :, part])
        y, after = chunked(wide(x[:, :, part]), queries, state, gates, writing, chunk)
        return y.to(x.dtype), after

    if q is None or not whole or not covers(len(state.memory), writing, chunk):
        return otherwise(slice(None), state)
    outputs = []
    if to_boundary:
        y, state = otherwise(slice(to_boundary), state)
        outputs.append(y)
    here, rest = slice(to_boundary, to_boundary + whole), slice(to_boundary + whole, T)
    x_whole, q_whole = (part[:, :, here].reshape(B * H, whole, D) for part in (x, q))
    y, memory = chunks(x_whole, q_whole, state.memory[0], gates, chunk)
    outputs.append(y.view(B, H, whole, D))
    state = MemoryState((memory,), (memory,), (), state.position + whole)
    if to_boundary + whole < T:
        y, state = otherwise(rest, state)
        outputs.append(y)
    return torch.cat(outputs, dim=2) if len(outputs) > 1 else outputs[0], state


def covers(layers: int, writing: Writing, chunk: int) -> bool:
    """Whether the hand-written forms (this one and `kernel`) know a memory of so many layers and these options."""
    default = Writing(writing.adapt, writing.gradient_at, writing.main_chunk)
    usual = set(writing.adapt) == set(STATIC_QUERY) and writing == default and writing.main_chunk in (0, chunk)
    return layers == 1 and usual and writing.running(layers)


class Step(NamedTuple):
    """What one chunk leaves for its way back: [N, C, .] unless said otherwise; N samples times heads."""

    W: Tensor  # [K; V; eta row; alpha row] at its start, [N, 2D + 2, D]
    M: Tensor  # main memory at its start, [N, D, D]
    P: Tensor  # [N, D, D] product of all X before
    X: Tensor  # [N, D, D]
    k: Tensor
    v: Tensor
    inverse_norm: Tensor  # [N, C, 1]
    gate: Tensor  # sigmoid of eta's logit, [N, C, 1]
    alpha: Tensor  # [N, C, 1]
    eta: Tensor  # [N, C, 1]
    before: Tensor  # a_{t-1}, [N, C, 1]
    ending: Tensor  # a_C / a_t, [N, C, 1]
    erased: Tensor  # 2 eta k, above the queries: [N, 2C, D]
    ratio: Tensor  # a_{t-1} / a_s for s < t, else 0: [N, 1, C, C]
    system: Tensor  # L, above what queries reach: [N, 2, C, C]
    inverse: Tensor  # (I + L)^-1, [N, C, C]
    z: Tensor
    read: Tensor  # a_{t-1} q_t + ..., what M_memory is asked


class WholeChunks(torch.autograd.Function):
    """x, q [N, T, D], memories [B, H, 5, D, D], gate read-outs and biases -> y [N, T, D], memories after T tokens."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, q: Tensor, M: Tensor, eta_row: Tensor, alpha_row: Tensor, eta_bias: Tensor,
        alpha_bias: Tensor, chunk: int,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        B, H, _, D, _ = M.shape
        N, T = B * H, x.shape[1]
        readout = torch.stack([eta_row, alpha_row], dim=1)[..., None]  # [H, 2, D, 1]
        bias = torch.stack([eta_bias, alpha_bias], dim=1).repeat(B, 1)[:, None]  # [N, 1, 2]
        rows = (readout * M[:, :, ETA : ALPHA + 1]).sum(-2)  # M is often one initial state for all samples: not copied
        W = torch.cat([M[:, :, 0], M[:, :, 1], rows], dim=2).view(N, 2 * D + 2, D)
        main = M[:, :, MEMORY].reshape(N, D, D)
        P = torch.eye(D, dtype=x.dtype, device=x.device).expand(N, D, D)
        past = torch.ones(chunk, chunk, dtype=torch.bool, device=x.device).tril(-1)
        steps, y = [], torch.empty_like(q)
        ctx.set_materialize_grads(False)
        for start in range(0, T, chunk):
            here = slice(start, start + chunk)
            step = _forward(x[:, here], q[:, here], W, main, P, bias, past)
            y[:, here] = step.read @ main.mT
            W, main, P = W @ step.X, main @ step.X, P @ step.X
            steps.append(step)
        gate_memories = (M[:, :, ETA : ALPHA + 1] @ P.view(B, H, 1, D, D)).view(N, 2 * D, D)
        after = torch.cat([W[:, : 2 * D], gate_memories, main], dim=1).view(B, H, 5, D, D)
        ctx.save_for_backward(x, M, readout, P)
        ctx.steps = steps  # intermediate values only: neither inputs nor outputs
        return y, after

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor | None, d_after: Tensor | None) -> tuple[Tensor | None, ...]:
        x, M, readout, P = ctx.saved_tensors
        B, H, _, D, _ = M.shape
        C, gates = x.shape[1] // len(ctx.steps), slice(ETA, ALPHA + 1)
        dM = torch.zeros(B, H, 5, D, D, dtype=x.dtype, device=x.device)
        dW, d_main, dP = torch.zeros_like(ctx.steps[0].W), torch.zeros_like(P), None
        if d_after is not None:
            dW[:, : 2 * D], d_main = d_after[:, :, :2].reshape(-1, 2 * D, D), d_after[:, :, MEMORY].reshape(-1, D, D)
            dP = (M[:, :, gates].mT @ d_after[:, :, gates]).sum(2).view(-1, D, D)
            dM[:, :, gates] = d_after[:, :, gates] @ P.view(B, H, 1, D, D).mT
        dx, dq, d_bias = torch.empty_like(x), torch.empty_like(x), x.new_zeros(B * H, 2)
        for i in range(len(ctx.steps) - 1, -1, -1):
            here = slice(i * C, (i + 1) * C)
            dy_here = torch.zeros_like(x[:, here]) if dy is None else dy[:, here]
            dx[:, here], dq[:, here], d_logits, dW, d_main, dP = _backward(
                ctx.steps[i], x[:, here], dy_here, dW, d_main, dP
            )
            d_bias += d_logits.sum(1)
        dW, d_main, d_bias = dW.view(B, H, 2 * D + 2, D), d_main.view(B, H, D, D), d_bias.view(B, H, 2).sum(0)
        d_rows = dW[:, :, 2 * D :, None]  # [B, H, 2, 1, D]
        dM[:, :, 0], dM[:, :, 1], dM[:, :, MEMORY] = dW[:, :, :D], dW[:, :, D : 2 * D], d_main
        dM[:, :, gates] += readout * d_rows
        d_readout = (M[:, :, gates] * d_rows).sum((0, -1))  # [H, 2, D]
        return dx, dq, dM, d_readout[:, 0], d_readout[:, 1], d_bias[:, 0], d_bias[:, 1], None


def _forward(x: Tensor, q: Tensor, W: Tensor, M: Tensor, P: Tensor, bias: Tensor, past: Tensor) -> Step:
    """One chunk from the rows W and the main memory M: x, q [N, C, D]."""
    N, C, D = x.shape
    made = x @ W.mT
    raw, v, logits = made.split([D, D, 2], dim=2)
    logits = logits + bias
    inverse_norm = torch.rsqrt(raw.square().sum(-1, keepdim=True) + 1e-6)
    k = raw * inverse_norm
    log_alpha = logsigmoid(logits[..., 1:]).clamp_(min=FORGET)  # [N, C, 1]
    alpha, gate = log_alpha.exp(), torch.sigmoid(logits[..., :1])
    eta = 0.5 * (1 + alpha) * gate
    total = log_alpha.cumsum(1)
    log_before = total - log_alpha
    before, ending = log_before.exp(), (total[:, -1:] - total).exp()
    ratio = (log_before - total.mT).masked_fill_(~past, -torch.inf).exp_()[:, None]
    erased = torch.cat([2 * eta * k, q], dim=1)
    system = (erased @ k.mT).view(N, 2, C, C) * ratio
    inverse = unit_lower_inverse(system[:, 0])
    z = inverse @ torch.addcmul(eta * v, before, erased[:, :C], value=-1)
    read = torch.baddbmm(before * q, system[:, 1], z)
    X = z.mT @ (ending * k)
    X.diagonal(dim1=1, dim2=2).add_(total[:, -1].exp())
    return Step(
        W, M, P, X, k, v, inverse_norm, gate, alpha, eta, before, ending, erased, ratio, system, inverse, z, read
    )


def _backward(
    step: Step, x: Tensor, dy: Tensor, dW: Tensor, dM: Tensor, dP: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor | None]:
    """Gradients of x, q, the logits and of W, M, P at the chunk's start, from those of y and of W, M, P after it."""
    N, C, _ = x.shape
    k, v, eta, before = step.k, step.v, step.eta, step.before
    dX = torch.baddbmm(step.W.mT @ dW, step.M.mT, dM)
    if dP is not None:
        dX, dP = torch.baddbmm(dX, step.P.mT, dP), dP @ step.X.mT
    dW, dM = dW @ step.X.mT, torch.baddbmm(dM @ step.X.mT, dy.mT, step.read)
    d_read = dy @ step.M
    kept = step.ending * k
    dz = torch.baddbmm(kept @ dX.mT, step.system[:, 1].mT, d_read)
    d_kept = step.z @ dX
    dw = step.inverse.mT @ dz
    d_system = (torch.cat([-dw, d_read], dim=1) @ step.z.mT).view(N, 2, C, C)
    d_log_ratio = (d_system * step.system).sum(1)  # [N, C, C]
    d_alike = d_system.mul_(step.ratio).view(N, 2 * C, C)
    d_erased, dq = (d_alike @ k).split(C, dim=1)
    dk = torch.baddbmm(step.ending * d_kept, d_alike.mT, step.erased)
    erased, q = step.erased.split(C, dim=1)
    dq = torch.addcmul(dq, before, d_read)
    d_erased = torch.addcmul(d_erased, before, dw, value=-1)
    dk.addcmul_(2 * eta, d_erased)
    d_eta = torch.addcmul(2 * k * d_erased, v, dw).sum(-1, keepdim=True)
    d_log_before = d_log_ratio.sum(2, keepdim=True) + before * (q * d_read - erased * dw).sum(-1, keepdim=True)
    d_log_ending = (d_kept * kept).sum(-1, keepdim=True)
    d_total = d_log_before - d_log_ratio.sum(1)[..., None] - d_log_ending
    a_C = (before[:, -1:] * step.alpha[:, -1:])[:, 0]
    d_total[:, -1] += d_log_ending.sum(1) + a_C * dX.diagonal(dim1=1, dim2=2).sum(1, keepdim=True)
    half = 0.5 * d_eta
    d_log_alpha = d_total.flip(1).cumsum(1).flip(1) - d_log_before + step.alpha * step.gate * half
    d_gate = (1 + step.alpha) * half
    d_logits = torch.cat([d_gate * step.gate * (1 - step.gate), d_log_alpha * (1 - step.alpha)], dim=2)
    d_raw = step.inverse_norm * torch.addcmul(dk, k, (k * dk).sum(-1, keepdim=True), value=-1)
    d_made = torch.cat([d_raw, eta * dw, d_logits], dim=2)
    dW = torch.baddbmm(dW, d_made.mT, x)
    return d_made @ step.W, dq, d_logits, dW, dM, dP
