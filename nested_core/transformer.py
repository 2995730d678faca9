"""A plain Transformer of the same size and the same call as Hope: what Hope is compared with.

Pre-norm, rotary positions, causal softmax attention, gelu MLP. Its state is the keys and values of all past tokens.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .cms import MemoryBlock
from .config import check, whole
from .hope import check_tokens


@dataclass(frozen=True)
class TransformerConfig:
    """Size of a Transformer; `hidden` units of its MLP, 0 means 4 d_model."""

    vocab_size: int
    d_model: int
    n_layers: int
    n_heads: int
    hidden: int = 0

    def __post_init__(self):
        for field, high in (("vocab_size", 10**6), ("d_model", 8192), ("n_layers", 128), ("n_heads", 256)):
            whole(field, getattr(self, field), 1, high)
        whole("hidden", self.hidden, 0, 65536)
        check(
            self.d_model % (2 * self.n_heads) == 0,
            "n_heads",
            self.n_heads,
            f"give a divisor of d_model / 2 = {self.d_model // 2}",
        )


def rotate(x: Tensor, start: int) -> Tensor:
    """Rotary positions: x [B, H, T, D] turned by angles that grow with the position start, start + 1, ..."""
    half = x.shape[-1] // 2
    frequency = 10_000.0 ** (-torch.arange(half, device=x.device, dtype=x.dtype) / half)
    angle = torch.arange(start, start + x.shape[2], device=x.device, dtype=x.dtype)[:, None] * frequency
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], dim=-1)


class Attention(nn.Module):
    """x [B, T, d], past keys and values -> y [B, T, d], keys and values [B, H, past + T, D]."""

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.n_heads = config.n_heads
        self.norm = nn.RMSNorm(config.d_model)
        self.project = nn.Linear(config.d_model, 3 * config.d_model, bias=False)
        self.out = nn.Linear(config.d_model, config.d_model, bias=False)

    def forward(self, x: Tensor, past: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        B, T, d = x.shape
        start = 0 if past is None else past[0].shape[2]
        q, k, v = self.project(self.norm(x)).view(B, T, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        q, k = rotate(q, start), rotate(k, start)
        if past is None:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
            seen = torch.ones(T, start + T, dtype=torch.bool, device=x.device).tril(start)
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        return self.out(y.transpose(1, 2).reshape(B, T, d)), (k, v)


class Transformer(nn.Module):
    """logits [B, T, vocab], state = Transformer(config)(tokens [B, T] int64, state); state grows with every token."""

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocab_size, config.d_model)
        self.attention = nn.ModuleList(Attention(config) for _ in range(config.n_layers))
        self.mlp = nn.ModuleList(
            MemoryBlock(config.d_model, config.hidden or 4 * config.d_model) for _ in range(config.n_layers)
        )
        self.norm = nn.RMSNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        nn.init.normal_(self.embed.weight, std=0.5)

    def forward(self, tokens: Tensor, state=None) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        check_tokens(tokens, self.config.vocab_size)
        x, after = self.embed(tokens), []
        for i, (attention, mlp) in enumerate(zip(self.attention, self.mlp, strict=True)):
            y, layer = attention(x, None if state is None else state[i])
            x = mlp(x + y)
            after.append(layer)
        return self.head(self.norm(x)), after


def same_size(parameters: int, vocab_size: int, d_model: int, n_layers: int, n_heads: int) -> TransformerConfig:
    """The config whose parameter count is nearest to `parameters`, reached by the width of its MLPs."""
    fixed = 2 * vocab_size * d_model + d_model + n_layers * (4 * d_model**2 + 2 * d_model)
    hidden = max(1, round((parameters - fixed) / (n_layers * 2 * d_model)))
    return TransformerConfig(vocab_size, d_model, n_layers, n_heads, hidden)
