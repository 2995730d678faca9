"""Self-modifying Titans: a layer whose projections are memories that rewrite themselves while it reads.

Nested Learning, section 8 (eqs. 83-96). The layer's input passes a slow projection and a causal convolution of width 4;
from then on keys, values, step sizes, retention and the main memory are fast weights, one set per sample and head,
that start from learned initial states and are written at every token (`ops.self_modifying`). The query projection is
the only one that does not modify itself. What is read is normalised, gated and projected back.

Letters: B samples, T tokens, d model width, H heads, D = d / H.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .ops.self_modifying import ALPHA, ETA, MEMORIES, MEMORY, Gates, chunked, naive
from .ops.self_modifying.common import normalize

CONVOLUTION = 4
FORMS = {"naive": naive, "chunked": chunked}


class TitansState(NamedTuple):
    """Where a layer stands in its sequences; one per sample, never shared. All tensors may carry gradient."""

    anchor: Tensor  # [B, H, 5, D, D] the memories at the start of the current chunk
    memory: Tensor  # [B, H, 5, D, D] the memories now
    offset: int  # tokens read of the current chunk
    recent: Tensor  # [B, 3, 2d] the last inputs of the convolution

    def detach(self) -> "TitansState":
        """The same state without its history: values are unchanged, gradient stops here."""
        return TitansState(self.anchor.detach(), self.memory.detach(), self.offset, self.recent.detach())


class SelfModifyingTitans(nn.Module):
    """x [B, T, d], state -> y [B, T, d], state.

    chunk   tokens between two moments at which what was written starts to be used for making keys, values and gates;
            reading is exact at every token
    adapt   names of the memories that modify themselves; the others keep their learned initial state
    form    "chunked", or "naive" for the plain loop that specifies it
    """

    def __init__(
        self, d_model: int, n_heads: int, chunk: int, adapt: tuple[str, ...] = MEMORIES, form: str = "chunked"
    ):
        super().__init__()
        d, H, D = d_model, n_heads, d_model // n_heads
        self.n_heads, self.chunk, self.form = n_heads, chunk, form
        self.norm = nn.RMSNorm(d)
        self.project = nn.Linear(d, 3 * d, bias=False)  # memory input, query, output gate
        self.convolution = nn.Conv1d(2 * d, 2 * d, CONVOLUTION, groups=2 * d)
        self.initial = nn.Parameter(torch.randn(H, 5, D, D) / math.sqrt(D))
        self.gates = nn.ParameterDict(
            {
                "eta": torch.randn(H, D) / math.sqrt(D),
                "alpha": torch.randn(H, D) / math.sqrt(D),
                "eta_bias": torch.zeros(H),  # eta about 0.5
                "alpha_bias": torch.full((H,), math.log(0.98 / 0.02)),  # alpha about 0.98
            }
        )
        self.read_norm = nn.RMSNorm(D)
        self.out = nn.Linear(d, d, bias=False)
        self.register_buffer("adapt", torch.tensor([name in adapt for name in MEMORIES]), persistent=False)
        with torch.no_grad():
            self.initial[:, MEMORY] = torch.eye(D)  # the target M v of the first write is v itself
            for gate in (ETA, ALPHA):
                self.initial[:, gate] *= 0.5

    def start(self, batch: int) -> TitansState:
        """The state before the first token: every memory at its learned initial state."""
        memory = self.initial.expand(batch, *self.initial.shape)
        recent = self.initial.new_zeros(batch, CONVOLUTION - 1, self.convolution.in_channels)
        return TitansState(memory, memory, 0, recent)

    def convolve(self, past: Tensor) -> Tensor:
        """Depth-wise causal convolution [B, 3 + T, c] -> [B, T, c]; as 2-D and channels last it is fastest on CPU."""
        image = past.transpose(1, 2).unsqueeze(2)  # [B, c, 1, 3 + T]
        weight, bias = self.convolution.weight.unsqueeze(2), self.convolution.bias
        return F.conv2d(image, weight, bias, groups=image.shape[1]).squeeze(2).transpose(1, 2)

    def forward(self, x: Tensor, state: TitansState | None = None) -> tuple[Tensor, TitansState]:
        B, T, d = x.shape
        H, D = self.n_heads, d // self.n_heads
        state = self.start(B) if state is None else state
        into, gate = self.project(self.norm(x)).split([2 * d, d], dim=-1)
        past = torch.cat([state.recent, into], dim=1)  # [B, 3 + T, 2d]
        into = F.silu(self.convolve(past))
        content, query = into.view(B, T, 2, H, D).permute(2, 0, 3, 1, 4)  # [B, H, T, D] each
        y, anchor, memory = FORMS[self.form](
            content,
            normalize(query),
            state.anchor,
            state.memory,
            Gates(**self.gates),
            self.adapt,
            self.chunk,
            state.offset,
        )
        y = self.read_norm(y).transpose(1, 2).reshape(B, T, d)
        offset = (state.offset + T) % self.chunk
        return self.out(y * F.silu(gate)), TitansState(anchor, memory, offset, past[:, T:])
