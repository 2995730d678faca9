"""What every form of the self-modifying memory shares: names, the options of the write rule, and the gates.

Shapes: B samples, H heads, M memories, T tokens, D head width. A linear memory is one matrix M [D, D], read as M z. A
deep one is two, M(z) = z + W1 gelu(W2 z) with W2 [E, D] and W1 [D, E] (Nested Learning, eqs. 89, 91). Either is kept as
a tuple of layers, each [B, H, M, out, in], in the order in which an input meets them.
"""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn.functional import gelu, logsigmoid

from ...config import check, one_of, whole
from ...shapes import Float

MEMORIES = ("k", "v", "eta", "alpha", "memory", "q")
KEY, VALUE, ETA, ALPHA, MEMORY, QUERY = range(6)
STATIC_QUERY = MEMORIES[:5]  # the default: q is the only projection that does not modify itself

FORGET = -100.0  # log of the smallest retention: nothing is left of what was there

Layers = tuple[Tensor, ...]
Tokens = Float[Tensor, "B H T D"]


class Writing(NamedTuple):
    """How the memories of a head are written. Every option away from its default is an ablation or a variant.

    adapt        names of the memories that modify themselves; the others keep their initial state. With "q" the queries
                 come from a memory too, else from a static projection
    gradient_at  "running": the memory as it is before the token; "anchor": as it was at the start of the chunk (eq.
                 90); "auto": running for linear memories, where it can be solved in chunks, anchor for deep ones
    main_chunk   tokens between refreshes of the main memory's anchor; 0 means as for the others
    dgd          delta gradient descent, which erases along the key once more; False is plain gradient descent
    retention    whether memories decay by alpha; False keeps everything (alpha = 1)
    momentum     whether gradients pass through Titans' momentum S_t before they are written
    read         "before" or "after" the write of the same token

    The bounds of `step_size` keep linear memories from diverging on a repeated key, with one exception: plain gradients
    at the anchor (dgd=False, gradient_at="anchor"), whose error does not shrink within a chunk. C writes of one key
    then leave 1 - C eta of what they found (at alpha = 1), and diverge once C eta > 2. Values are not bounded: with eta
    and alpha near their most, long ones make the memories grow. Deep memories have no bound: eta may be too large a
    gradient step for a network, and one key again and again can drive it to infinity.
    """

    adapt: tuple[str, ...] = STATIC_QUERY
    gradient_at: str = "auto"
    main_chunk: int = 0
    dgd: bool = True
    retention: bool = True
    momentum: bool = False
    read: str = "before"

    def verify(self) -> None:
        """Raise ConfigError for an option that does not exist."""
        check(isinstance(self.adapt, tuple), "adapt", self.adapt, "give a tuple of names")
        for name in self.adapt:
            one_of("adapt", name, MEMORIES)
        one_of("gradient_at", self.gradient_at, ("auto", "running", "anchor"))
        one_of("read", self.read, ("before", "after"))
        whole("main_chunk", self.main_chunk, 0, 65536)
        for name in ("dgd", "retention", "momentum"):
            check(isinstance(getattr(self, name), bool), name, getattr(self, name), "give True or False")

    def running(self, layers: int) -> bool:
        """Whether gradients are taken at the running memory, which has so many layers."""
        return self.gradient_at == "running" or (self.gradient_at == "auto" and layers == 1)

    @property
    def memories(self) -> int:
        """Memories a head has: six with an adaptive query, else five."""
        return 6 if "q" in self.adapt else 5

    def chunks(self, chunk: int) -> tuple[int, int]:
        """Chunk lengths of the projections and of the main memory."""
        return chunk, self.main_chunk or chunk


class Gates(NamedTuple):
    """Learned read-outs of M_eta(x) and M_alpha(x) into one scalar each per head and token; the momentum's decay."""

    eta: Float[Tensor, "H D"]
    alpha: Float[Tensor, "H D"]
    eta_bias: Float[Tensor, " H"]
    alpha_bias: Float[Tensor, " H"]
    momentum_bias: Float[Tensor, " H"] | None = None


class MemoryState(NamedTuple):
    """Memories of every sample and head. `anchor` is how they stood when their current chunk began."""

    anchor: Layers
    memory: Layers
    momentum: Layers  # empty without momentum
    position: int  # tokens read


class Form(Protocol):
    """A way to compute the recurrence: naive, chunked, fused or kernel.

    x, q [B, H, T, D] (unit queries; q is None when queries come from a memory) -> y [B, H, T, D] and the state after.
    """

    def __call__(
        self, x: Tokens, q: Tokens | None, state: MemoryState, gates: Gates, writing: Writing, chunk: int
    ) -> tuple[Tokens, MemoryState]: ...


def wide(tensor: Tensor) -> Tensor:
    """In float32 at least: what is written again and again must not be rounded to sixteen bits each time."""
    return tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor


def log_retention(logit: Tensor, writing: Writing) -> Tensor:
    """log alpha; alpha = sigmoid(logit) lies in (0, 1), and 1 keeps everything. Bounded, so that sums stay finite."""
    return logsigmoid(logit).clamp(min=FORGET) if writing.retention else torch.zeros_like(logit)


def step_size(logit: Tensor, log_alpha: Tensor, writing: Writing) -> Tensor:
    """The inner step size eta in (0, (1 + alpha) / 2), or in (0, alpha) for plain gradient descent.

    Delta gradient descent erases twice: M k becomes (alpha - 2 eta) M k + eta v. The bound keeps that factor within
    (-1, alpha); plain descent erases once and keeps alpha - eta positive.
    """
    alpha = log_alpha.exp()
    return torch.sigmoid(logit) * (0.5 * (1 + alpha) if writing.dgd else alpha)


def ask(layers: Layers, z: Tensor) -> Tensor:
    """What memories [..., out, in] answer to z [..., T, in]: [..., T, out]."""
    if len(layers) == 1:
        return z @ layers[0].mT
    return z + gelu(z @ layers[0].mT) @ layers[1].mT
