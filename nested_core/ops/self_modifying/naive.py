"""The specification: self-modifying Titans with delta gradient descent, one token at a time.

Nested Learning, sections 8.1 and 8.2 (eqs. 83-96). For every token of a chunk that starts from the memories A:

    k = A_k(x) / |A_k(x)|,  v = A_v(x),  q = A_q(x) / |A_q(x)| unless the query is static
    alpha = sigmoid(r_alpha . A_alpha(x) + b_alpha),  eta likewise, but in (0, (1 + alpha) / 2)
    y = M_memory(q)                                                   (read before the write)
    W <- W (alpha I - eta z z^T) - eta delta z^T                      for each layer W of each of the memories

where z is the unit input of the layer and delta the error signal at its output, for the loss |M(k) - A(v)|^2 / 2: for a
linear memory z = k and delta = M k - A v; for a deep one z = k, then gelu(W2 k) / |gelu(W2 k)|. The target A(v) is made
by the memory itself, and is a constant inside this inner loss. delta is taken at the running memory M or at A. With
momentum, S <- beta S - eta delta z^T is written instead of the last term.

The paper also reads from A (eq. 90), so that a sequence within one chunk is answered by the initial memory alone. Here
only what is made of a token (k, v, q, eta, alpha, the targets) comes from A; a write is read from the next token on.
"""

import torch
from torch import Tensor
from torch.nn.functional import gelu

from ..elementwise import gelu_slope, normalize
from .common import (
    ALPHA,
    ETA,
    KEY,
    MEMORIES,
    MEMORY,
    QUERY,
    VALUE,
    Gates,
    Layers,
    MemoryState,
    Tokens,
    Writing,
    ask,
    log_retention,
    step_size,
)


def naive(
    x: Tokens, q: Tokens | None, state: MemoryState, gates: Gates, writing: Writing, chunk: int
) -> tuple[Tokens, MemoryState]:
    """Read and write T tokens: see `common.Form`."""
    anchor, memory, momentum, position = state
    adapts = [name in writing.adapt for name in MEMORIES[: writing.memories]]
    keep = torch.tensor(adapts, device=x.device)[:, None, None]
    beta = None if gates.momentum_bias is None else torch.sigmoid(gates.momentum_bias)[:, None, None, None]
    outputs = []
    for t in range(x.shape[2]):
        at = x[:, :, None, None, t]  # [B, H, 1, 1, D]

        def made_by(which: int, at: Tensor = at, anchor: Layers = anchor) -> Tensor:
            return ask(tuple(layer[:, :, which : which + 1] for layer in anchor), at)  # [B, H, 1, 1, D]

        k, v = normalize(made_by(KEY)), made_by(VALUE)
        query = normalize(made_by(QUERY)) if q is None else q[:, :, None, None, t]
        eta_logit = (made_by(ETA)[:, :, 0, 0] * gates.eta).sum(-1) + gates.eta_bias  # [B, H]
        alpha_logit = (made_by(ALPHA)[:, :, 0, 0] * gates.alpha).sum(-1) + gates.alpha_bias
        log_alpha = log_retention(alpha_logit, writing)
        eta = step_size(eta_logit, log_alpha, writing)[:, :, None, None, None]
        alpha = log_alpha.exp()[:, :, None, None, None]
        before = ask(tuple(layer[:, :, MEMORY] for layer in memory), query[:, :, 0])
        inputs, errors = gradient(memory if writing.running(len(memory)) else anchor, k, ask(anchor, v))
        changed, moving = [], []
        for i, (W, z, delta) in enumerate(zip(memory, inputs, errors, strict=True)):
            write = -eta * delta.mT @ z
            if beta is not None:
                write = beta * momentum[i] + write
                moving.append(torch.where(keep, write, momentum[i]))
            erased = eta * (W @ z.mT) @ z if writing.dgd else 0.0
            changed.append(torch.where(keep, alpha * W - erased + write, W))
        memory, momentum, position = tuple(changed), tuple(moving), position + 1
        after = ask(tuple(layer[:, :, MEMORY] for layer in memory), query[:, :, 0])
        outputs.append((before if writing.read == "before" else after)[:, :, 0])
        anchor = refresh(anchor, memory, position, writing.chunks(chunk))
    return torch.stack(outputs, dim=2), MemoryState(anchor, memory, momentum, position)


def gradient(layers: Layers, k: Tensor, target: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Unit inputs and error signals of all layers for |M(k) - target|^2 / 2: k, target [..., 1, D]."""
    if len(layers) == 1:
        return [k], [ask(layers, k) - target]
    hidden = k @ layers[0].mT
    error = k + gelu(hidden) @ layers[1].mT - target
    return [k, normalize(gelu(hidden))], [(error @ layers[1]) * gelu_slope(hidden), error]


def refresh(anchor: Layers, memory: Layers, position: int, chunks: tuple[int, int]) -> Layers:
    """The anchors after `position` tokens: projections and main memory each follow at the end of their own chunk."""
    others, main = (position % length == 0 for length in chunks)
    if others == main:
        return memory if main else anchor
    is_main = torch.arange(memory[0].shape[2], device=memory[0].device)[:, None, None] == MEMORY
    return tuple(torch.where(is_main == main, m, a) for a, m in zip(anchor, memory, strict=True))
