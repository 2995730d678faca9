"""Titans' memory as a token mixer: what surprises is written with momentum, and gradients are taken once a chunk.

Behrouz et al. 2024 ("Titans"); the row without self-modification in Nested Learning's comparisons. The optimizer learns
the projections and the memory's initial state; while the layer reads, the memory alone changes, by gradient descent.

Letters: B samples, T tokens, d model width, H heads, D = d / H, L matrices of a memory.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .boundary import Layer
from .config import check_heads, whole
from .convolution import CausalConvolution
from .ops.elementwise import normalize
from .ops.titans_memory.chunked import chunked
from .ops.titans_memory.common import Anchored
from .shapes import Float


class TitansMemoryState(NamedTuple):
    """Where a layer stands in its sequences; one per sample, never shared. All tensors may carry gradient."""

    anchor: Tensor  # [B, H, L, D, D] the memory at the start of the current chunk
    memory: Tensor  # [B, H, L, D, D] the memory now
    momentum: Tensor  # [B, H, L, D, D]
    offset: int  # tokens read of the current chunk
    recent: Tensor  # [B, 3, 3d] the last inputs of the convolution


class TitansMemory(Layer):
    """x [B, T, d], state -> y [B, T, d], state.

    chunk   tokens whose gradients are taken at the same memory
    layers  1: the memory is a matrix per head; 2: it is z + W1 gelu(W2 z)
    """

    def __init__(self, d_model: int, n_heads: int, chunk: int, layers: int = 1):
        super().__init__()
        whole("chunk", chunk, 1, 65536)
        whole("layers", layers, 1, 2)
        check_heads(d_model, n_heads)
        d, H, D = d_model, n_heads, d_model // n_heads
        self.n_heads, self.chunk = n_heads, chunk
        self.norm = nn.RMSNorm(d)
        self.project = nn.Linear(d, 4 * d, bias=False)  # query, key, value, output gate
        self.convolution = CausalConvolution(3 * d)
        self.gates = nn.Linear(d, 3 * H)  # step size, momentum, retention
        self.initial = nn.Parameter(torch.randn(H, layers, D, D) / math.sqrt(D))
        self.read_norm = nn.RMSNorm(D)
        self.out = nn.Linear(d, d, bias=False)
        with torch.no_grad():
            self.initial[:, -1] = 0  # what was never written is answered with 0 (or, by two layers, with itself)
            # eta about 0.5, beta about 0.5, alpha about 0.98
            self.gates.bias.copy_(torch.tensor([0.0, 0.0, math.log(0.98 / 0.02)]).repeat_interleave(H))

    def start(self, batch: int) -> TitansMemoryState:
        """The state before the first token: the learned initial memory, and no momentum."""
        memory = self.initial.expand(batch, *self.initial.shape)
        return TitansMemoryState(memory, memory, torch.zeros_like(memory), 0, self.convolution.start(batch))

    def forward(
        self, x: Float[Tensor, "B T d"], state: TitansMemoryState | None = None
    ) -> tuple[Float[Tensor, "B T d"], TitansMemoryState]:
        (B, T, d), H = x.shape, self.n_heads
        state = self.start(B) if state is None else state
        x = self.norm(x)
        mixed, gate = self.project(x).split([3 * d, d], dim=-1)
        mixed, recent = self.convolution(mixed, state.recent)
        # No SiLU here: keys that are mostly positive overlap, and overlapping keys erase one another.
        q, k, v = mixed.view(B, T, 3, H, d // H).permute(2, 0, 3, 1, 4)  # [B, H, T, D] each
        eta, beta, alpha = self.gates(x).view(B, T, 3, H).permute(2, 0, 3, 1)  # logits, [B, H, T]
        # Gradients of a chunk add up, and momentum repeats them: with this share a key that fills a chunk is written
        # once in all, and cannot overshoot.
        step = eta.sigmoid() * (-beta).sigmoid() / self.chunk
        y, after = chunked(
            normalize(q),
            normalize(k),
            v,
            step,
            F.logsigmoid(alpha),
            F.logsigmoid(beta),
            Anchored(*state[:4]),
            self.chunk,
        )
        y = self.read_norm(y).transpose(1, 2).reshape(B, T, d)
        return self.out(y * F.silu(gate)), TitansMemoryState(*after, recent)
