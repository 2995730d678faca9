"""Gated DeltaNet: a token mixer whose memory is one matrix per head, written by the gated delta rule.

Nested Learning, eq. 65; Yang et al. 2024. Two clocks only: projections learned slowly by the optimizer, a memory that
writes at every token. It is what self-modifying Titans (`titans`) becomes when nothing but the memory writes itself.

Letters: B samples, T tokens, d model width, H heads, D = d / H.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .boundary import Layer
from .config import check_heads, whole
from .convolution import CausalConvolution
from .ops.delta_rule.chunked import chunked
from .ops.elementwise import normalize
from .shapes import Float


class DeltaNetState(NamedTuple):
    """Where a layer stands in its sequences; one per sample, never shared. All tensors may carry gradient."""

    memory: Tensor  # [B, H, D, D]
    recent: Tensor  # [B, 3, 3d] the last inputs of the convolution


class DeltaNet(Layer):
    """x [B, T, d], state -> y [B, T, d], state. `chunk` tokens are taken at a time, which changes the speed alone."""

    def __init__(self, d_model: int, n_heads: int, chunk: int):
        super().__init__()
        whole("chunk", chunk, 1, 65536)
        check_heads(d_model, n_heads)
        d, H = d_model, n_heads
        self.n_heads, self.chunk = n_heads, chunk
        self.norm = nn.RMSNorm(d)
        self.project = nn.Linear(d, 4 * d, bias=False)  # query, key, value, output gate
        self.convolution = CausalConvolution(3 * d)
        self.gates = nn.Linear(d, 2 * H)  # step size, retention
        self.read_norm = nn.RMSNorm(d // H)
        self.out = nn.Linear(d, d, bias=False)
        with torch.no_grad():  # eta about 0.5, alpha about 0.98
            self.gates.bias.copy_(torch.tensor([0.0, math.log(0.98 / 0.02)]).repeat_interleave(H))

    def start(self, batch: int) -> DeltaNetState:
        """The state before the first token: a memory that answers 0."""
        D = self.out.in_features // self.n_heads
        memory = self.out.weight.new_zeros(batch, self.n_heads, D, D)
        return DeltaNetState(memory, self.convolution.start(batch))

    def forward(
        self, x: Float[Tensor, "B T d"], state: DeltaNetState | None = None
    ) -> tuple[Float[Tensor, "B T d"], DeltaNetState]:
        (B, T, d), H = x.shape, self.n_heads
        state = self.start(B) if state is None else state
        x = self.norm(x)
        mixed, gate = self.project(x).split([3 * d, d], dim=-1)
        mixed, recent = self.convolution(mixed, state.recent)
        # No SiLU here: keys that are mostly positive overlap, and overlapping keys erase one another.
        q, k, v = mixed.view(B, T, 3, H, d // H).permute(2, 0, 3, 1, 4)  # [B, H, T, D] each
        eta, alpha = self.gates(x).view(B, T, 2, H).permute(2, 0, 3, 1)  # logits, [B, H, T]
        y, memory = chunked(normalize(q), normalize(k), v, eta.sigmoid(), F.logsigmoid(alpha), state.memory, self.chunk)
        y = self.read_norm(y).transpose(1, 2).reshape(B, T, d)
        return self.out(y * F.silu(gate)), DeltaNetState(memory, recent)
