"""Causal softmax attention with rotary positions: the memory that keeps every token.

Nested Learning, eqs. 62-63: attention is the non-parametric memory, solved anew for every query. Its state is the keys
and values of all past tokens, so it grows with every token.

Letters: B samples, T tokens, d model width, H heads, D = d / H, P past tokens.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .boundary import Layer
from .config import check_heads
from .shapes import Float


class AttentionState(NamedTuple):
    """Keys and values so far; one per sample."""

    keys: Tensor  # [B, H, P, D]
    values: Tensor  # [B, H, P, D]


def rotate(x: Float[Tensor, "B H T D"], start: int) -> Float[Tensor, "B H T D"]:
    """Rotary positions: x turned by angles that grow with the position start, start + 1, ..."""
    half = x.shape[-1] // 2
    frequency = 10_000.0 ** (-torch.arange(half, device=x.device, dtype=x.dtype) / half)
    angle = torch.arange(start, start + x.shape[2], device=x.device, dtype=x.dtype)[:, None] * frequency
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], dim=-1)


class Attention(Layer):
    """x [B, T, d], state -> y [B, T, d], state."""

    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        check_heads(d_model, n_heads, per=2)  # half of a head turns with the other
        self.n_heads = n_heads
        self.norm = nn.RMSNorm(d_model)
        self.project = nn.Linear(d_model, 3 * d_model, bias=False)
        self.out = nn.Linear(d_model, d_model, bias=False)

    def start(self, batch: int) -> AttentionState:
        """The state before the first token: nothing seen."""
        empty = self.out.weight.new_zeros(batch, self.n_heads, 0, self.out.in_features // self.n_heads)
        return AttentionState(empty, empty)

    def forward(
        self, x: Float[Tensor, "B T d"], state: AttentionState | None = None
    ) -> tuple[Float[Tensor, "B T d"], AttentionState]:
        B, T, d = x.shape
        state = self.start(B) if state is None else state
        start = state.keys.shape[2]
        q, k, v = self.project(self.norm(x)).view(B, T, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        q, k = rotate(q, start), rotate(k, start)
        if start == 0:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            k, v = torch.cat([state.keys, k], dim=2), torch.cat([state.values, v], dim=2)
            seen = torch.ones(T, start + T, dtype=torch.bool, device=x.device).tril(start)
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        return self.out(y.transpose(1, 2).reshape(B, T, d)), AttentionState(k, v)
