"""Self-modifying Titans: a layer whose projections are memories that rewrite themselves while it reads.

Nested Learning, section 8 (eqs. 83-96). The layer's input passes a slow projection and a causal convolution of width 4;
from then on keys, values, step sizes, retention and the main memory are fast weights, one set per sample and head,
that start from learned initial states and are written at every token (`ops.self_modifying`). The query projection is
the only one that does not modify itself, unless `writing.adapt` names it. What is read is normalised, gated and
projected back.

Letters: B samples, T tokens, d model width, H heads, D = d / H, M memories.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .boundary import Layer
from .config import check_heads, one_of, whole
from .convolution import CausalConvolution
from .ops.backend import Choice
from .ops.elementwise import normalize
from .ops.self_modifying.chunked import gates_while_reading
from .ops.self_modifying.common import ALPHA, ETA, MEMORY, Gates, MemoryState, Writing, wide
from .ops.self_modifying.compute import choose, compute
from .shapes import Float


class TitansState(NamedTuple):
    """Where a layer stands in its sequences; one per sample, never shared. All tensors may carry gradient."""

    memories: MemoryState
    recent: Tensor  # [B, 3, c] the last inputs of the convolution


class SelfModifyingTitans(Layer):
    """x [B, T, d], state -> y [B, T, d], state.

    chunk    tokens between two moments at which what was written starts to be used for making keys, values and gates;
             reading is exact at every token
    writing  options of the write rule
    memory   "linear": matrices; "deep": networks M(z) = z + W1 gelu(W2 z)
    hidden   hidden units of a deep memory; 0 means D
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        chunk: int,
        writing: Writing = Writing(),  # noqa: B008  it is immutable
        memory: str = "linear",
        hidden: int = 0,
    ):
        super().__init__()
        writing.verify()
        whole("chunk", chunk, 1, 65536)
        one_of("memory", memory, ("linear", "deep"))
        whole("hidden", hidden, 0, 65536)
        check_heads(d_model, n_heads)
        d, H, D, M = d_model, n_heads, d_model // n_heads, writing.memories
        self.n_heads, self.chunk, self.writing = n_heads, chunk, writing
        self.streams = 1 if "q" in writing.adapt else 2  # memory input, and the query unless a memory makes it
        self.norm = nn.RMSNorm(d)
        self.project = nn.Linear(d, (self.streams + 1) * d, bias=False)  # and the output gate
        self.convolution = CausalConvolution(self.streams * d)
        if memory == "linear":
            first = torch.randn(H, M, D, D) / math.sqrt(D)
            first[:, MEMORY] = torch.eye(D)  # the target M v of the first write is v itself
            first[:, [ETA, ALPHA]] *= 0.5
            self.initial = nn.ParameterList([first])
        else:
            E = hidden or D
            into, out = torch.randn(H, M, E, D) / math.sqrt(D), torch.randn(H, M, D, E) / math.sqrt(E)
            self.initial = nn.ParameterList([into, 0.5 * out])
        self.gates = nn.ParameterDict(
            {
                "eta": torch.randn(H, D) / math.sqrt(D),
                "alpha": torch.randn(H, D) / math.sqrt(D),
                "eta_bias": torch.zeros(H),  # eta about 0.5
                "alpha_bias": torch.full((H,), math.log(0.98 / 0.02)),  # alpha about 0.98
            }
        )
        if writing.momentum:
            self.gates["momentum_bias"] = nn.Parameter(torch.zeros(H))  # half of the last gradient is left
        self.read_norm = nn.RMSNorm(D)
        self.out = nn.Linear(d, d, bias=False)

    def start(self, batch: int) -> TitansState:
        """The state before the first token: every memory at its learned initial state."""
        layers = tuple(wide(layer).expand(batch, *layer.shape) for layer in self.initial)
        momentum = tuple(torch.zeros_like(layer) for layer in layers) if self.writing.momentum else ()
        return TitansState(MemoryState(layers, layers, momentum, 0), self.convolution.start(batch))

    def choose(self, dtype: torch.dtype = torch.float32) -> Choice:
        """The form that computes this layer on inputs of this type, and why."""
        weight, layers = self.out.weight, len(self.initial)
        return choose(weight.device, dtype, len(weight) // self.n_heads, layers, self.writing, self.chunk)

    def forward(
        self, x: Float[Tensor, "B T d"], state: TitansState | None = None
    ) -> tuple[Float[Tensor, "B T d"], TitansState]:
        B, T, d = x.shape
        state = self.start(B) if state is None else state
        into, query, gate, recent = self._inputs(x, state.recent)
        form = self.choose(into.dtype).name
        y, memories = compute(into, query, state.memories, Gates(**self.gates), self.writing, self.chunk, form)
        y = self.read_norm(y).transpose(1, 2).reshape(B, T, d)
        return self.out(y * F.silu(gate)), TitansState(memories, recent)

    def gates_on(self, x: Float[Tensor, "B T d"]) -> tuple[Float[Tensor, "B H T"], Float[Tensor, "B H T"]]:
        """Step size eta and retention alpha of every token of x, read from the start."""
        state = self.start(len(x))
        into, query, _, _ = self._inputs(x, state.recent)
        return gates_while_reading(into, query, state.memories, Gates(**self.gates), self.writing, self.chunk)

    def _inputs(self, x: Tensor, recent: Tensor) -> tuple[Tensor, Tensor | None, Tensor, Tensor]:
        """What the memories read [B, H, T, D], their queries, the output gate [B, T, d], the convolution's state."""
        (B, T, d), H = x.shape, self.n_heads
        into, gate = self.project(self.norm(x)).split([self.streams * d, d], dim=-1)
        into, recent = self.convolution(into, recent)
        parts = F.silu(into).view(B, T, self.streams, H, d // H).permute(2, 0, 3, 1, 4)
        return parts[0], normalize(parts[1]) if self.streams == 2 else None, gate, recent
