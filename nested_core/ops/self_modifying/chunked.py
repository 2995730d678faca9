"""The self-modifying memory in chunks: the same numbers as `naive`, in a few matrix products a chunk.

Inside a chunk every token's k, v, q, eta and alpha come from the memories at its start (the anchors), so what is left
is linear in the memories and solved at once (`recurrence`). For deep memories that also needs their error signals to be
taken at the anchor, as the paper trains them (eq. 90); at the running memory only the plain loop computes them.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import gelu

from ...shapes import Float
from ..elementwise import GeluAndSlope, NormalizedAndInverse, normalize
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
from .naive import naive, refresh
from .recurrence import Decay, Recurrence


def chunked(
    x: Tokens, q: Tokens | None, state: MemoryState, gates: Gates, writing: Writing, chunk: int
) -> tuple[Tokens, MemoryState]:
    """Read and write T tokens: see `common.Form`."""
    if len(state.memory) == 2 and writing.running(len(state.memory)):
        return naive(x, q, state, gates, writing, chunk)
    chunks, sizes, position = writing.chunks(chunk), list[int](), state.position
    while (left := x.shape[2] - sum(sizes)) > 0:
        sizes.append(min(left, *(length - (position + sum(sizes)) % length for length in chunks)))
    # Split at once: each slice of its own would cost a pass over all tokens on the way back.
    pieces = zip(sizes, x.split(sizes, 2), [None] * len(sizes) if q is None else q.split(sizes, 2), strict=True)
    outputs = []
    for size, x_here, q_here in pieces:
        y, memory, momentum = _segment(x_here, q_here, state, gates, writing)
        position += size
        state = MemoryState(refresh(state.anchor, memory, position, chunks), memory, momentum, position)
        outputs.append(y)
    return torch.cat(outputs, dim=2), state


class Made(NamedTuple):
    """What the anchors make of the tokens of a segment."""

    k: Float[Tensor, "B H C D"]
    v: Float[Tensor, "B H C D"]
    q: Float[Tensor, "B H C D"]
    eta: Float[Tensor, "B H C"]
    log_alpha: Float[Tensor, "B H C"]


def make(x: Tokens, q: Tokens | None, anchor: Layers, gates: Gates, writing: Writing) -> Made:
    """Keys, values, queries and gates of the tokens x [B, H, C, D]."""
    made = ask(tuple(layer[:, :, :MEMORY] for layer in anchor), x[:, :, None]).unbind(2)  # four [B, H, C, D]
    eta_logit = (made[ETA] @ gates.eta[:, :, None])[..., 0] + gates.eta_bias[:, None]
    alpha_logit = (made[ALPHA] @ gates.alpha[:, :, None])[..., 0] + gates.alpha_bias[:, None]
    log_alpha = log_retention(alpha_logit, writing)
    query = normalize(ask(tuple(layer[:, :, QUERY] for layer in anchor), x)) if q is None else q
    eta = step_size(eta_logit, log_alpha, writing)
    return Made(normalize(made[KEY]), made[VALUE], query, eta, log_alpha)


def gates_while_reading(
    x: Tokens, q: Tokens | None, state: MemoryState, gates: Gates, writing: Writing, chunk: int
) -> tuple[Float[Tensor, "B H T"], Float[Tensor, "B H T"]]:
    """eta and alpha of T tokens, [B, H, T] each, made chunk by chunk from the memories as they write themselves."""
    found, start = [], 0
    while start < x.shape[2]:
        size = chunk - state.position % chunk  # up to the next refresh of the projections
        here, query = x[:, :, start : start + size], None if q is None else q[:, :, start : start + size]
        found.append(make(here, query, state.anchor, gates, writing))
        _, state = chunked(here, query, state, gates, writing, chunk)
        start += size
    return torch.cat([made.eta for made in found], -1), torch.cat([made.log_alpha.exp() for made in found], -1)


def _segment(
    x: Tensor, q: Tensor | None, state: MemoryState, gates: Gates, writing: Writing
) -> tuple[Tensor, Layers, Layers]:
    """Tokens between two refreshes: x [B, H, C, D] -> y, memory, momentum."""
    anchor, memory, momentum, _ = state
    k, v, q, eta, log_alpha = make(x, q, anchor, gates, writing)
    beta = None if gates.momentum_bias is None else torch.sigmoid(gates.momentum_bias)[:, None, None, None]
    keys, values = k[:, :, None], v[:, :, None]  # [B, H, 1, C, D]: the same for all memories
    running, erase = float(writing.running(len(memory))), float(writing.dgd)
    eta, log_alpha, after = eta[:, :, None], log_alpha[:, :, None], writing.read == "after"
    answers: list[Tensor | None] = [None, None]
    if len(memory) == 1:
        inputs, errors = [keys], [-ask(anchor, values if running else values - keys)]
    else:  # keys and values in one pass through the network
        both = torch.cat([keys, values], dim=-2) @ anchor[0].mT
        hidden, of_values = both.split(keys.shape[-2], -2)
        active, slope = GeluAndSlope.apply(hidden)
        found = active @ anchor[1].mT
        error = keys - values + found - gelu(of_values) @ anchor[1].mT
        unit, inverse = NormalizedAndInverse.apply(active)
        inputs, errors = [keys, unit], [(error @ anchor[1]) * slope, error]
        if memory is anchor:  # what the memories answer to these inputs is known already
            answers = [hidden, found * inverse]
    decay = Decay(log_alpha, beta)
    writes = [
        Recurrence(z, eta, decay, W, error, erase, running, momentum[i] if momentum else None, answers[i])
        for i, (W, z, error) in enumerate(zip(memory, inputs, errors, strict=True))
    ]
    y = writes[0].read(q, MEMORY, after)
    if len(memory) == 2:
        y = q + writes[1].read(gelu(y), MEMORY, after)
    adapts = [name in writing.adapt for name in MEMORIES[: writing.memories]]
    ends = [write.end() for write in writes]
    if all(adapts):
        return y, tuple(M for M, _ in ends), tuple(S for _, S in ends if S is not None)
    if not adapts[MEMORY]:
        y = ask(tuple(layer[:, :, MEMORY] for layer in memory), q)
    keep = torch.tensor(adapts, device=x.device)[:, None, None]
    changed = tuple(torch.where(keep, M, old) for (M, _), old in zip(ends, memory, strict=True))
    moving = tuple(torch.where(keep, S, old) for (_, S), old in zip(ends, momentum, strict=False) if S is not None)
    return y, changed, moving
