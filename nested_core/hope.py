"""Hope: a self-modifying memory that writes at every token, followed by a continuum of slower ones.

Nested Learning, section 8.3, eqs. 94-97: each block is self-modifying Titans and then a chain of MLPs ordered from the
most to the least often written. The model reads text symbol by symbol and predicts the next one.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .cms import ContinuumMemory
from .config import check, one_of, whole
from .titans import SelfModifyingTitans, TitansState


@dataclass(frozen=True)
class HopeConfig:
    """Size and clocks of a Hope model.

    chunk    tokens between refreshes of the self-modified projections
    periods  tokens between writes of each CMS block, fast to slow; names the blocks, the learner keeps the time
    memory   form of the self-modifying memories; "linear" are matrices
    hidden   hidden units of one CMS block; 0 means d_model
    """

    vocab_size: int
    d_model: int
    n_layers: int
    n_heads: int
    chunk: int
    periods: tuple[int, ...] = (16, 128, 1024)
    memory: str = "linear"
    hidden: int = 0

    def __post_init__(self):
        for field, high in (
            ("vocab_size", 10**6),
            ("d_model", 8192),
            ("n_layers", 128),
            ("n_heads", 256),
            ("chunk", 65536),
        ):
            whole(field, getattr(self, field), 1, high)
        check(self.d_model % self.n_heads == 0, "n_heads", self.n_heads, f"give a divisor of d_model = {self.d_model}")
        check(
            isinstance(self.periods, tuple) and len(self.periods) > 0,
            "periods",
            self.periods,
            "give a tuple of whole numbers",
        )
        for period in self.periods:
            whole("periods", period, 1, 2**31)
        check(
            list(self.periods) == sorted(self.periods), "periods", self.periods, "order them from fast (small) to slow"
        )
        one_of("memory", self.memory, ("linear",))
        whole("hidden", self.hidden, 0, 65536)


State = list[TitansState]


class HopeBlock(nn.Module):
    """x [B, T, d], state -> x [B, T, d], state."""

    def __init__(self, config: HopeConfig):
        super().__init__()
        self.titans = SelfModifyingTitans(config.d_model, config.n_heads, config.chunk)
        self.cms = ContinuumMemory(config.d_model, config.hidden or config.d_model, config.periods)

    def forward(self, x: Tensor, state: TitansState | None) -> tuple[Tensor, TitansState]:
        y, state = self.titans(x, state)
        return self.cms(x + y), state


class Hope(nn.Module):
    """logits [B, T, vocab], state = Hope(config)(tokens [B, T] int64, state).

    Without a state the sequences start anew. With the state of an earlier call they go on exactly where it ended, for
    any split. The state belongs to its samples alone: nothing is kept in the module.
    """

    def __init__(self, config: HopeConfig):
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocab_size, config.d_model)
        self.blocks = nn.ModuleList(HopeBlock(config) for _ in range(config.n_layers))
        self.norm = nn.RMSNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        nn.init.normal_(self.embed.weight, std=0.5)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        check_tokens(tokens, self.config.vocab_size)
        check_state(state, tokens, self.config)
        x, after = self.embed(tokens), []
        for i, block in enumerate(self.blocks):
            x, layer = block(x, None if state is None else state[i])
            after.append(layer)
        return self.head(self.norm(x)), after


def detach(state: State) -> State:
    """The same state without its history, for training on a stream in pieces."""
    return [layer.detach() for layer in state]


def check_tokens(tokens: Tensor, vocab_size: int) -> None:
    """Raise ValueError unless tokens are int64 [B, T], T >= 1, within the vocabulary."""
    check(tokens.dtype == torch.int64, "tokens", str(tokens.dtype), "give int64")
    check(
        tokens.ndim == 2 and tokens.shape[1] > 0,
        "tokens",
        tuple(tokens.shape),
        "give shape [batch, time], time at least 1",
    )
    if tokens.numel():
        low, high = int(tokens.min()), int(tokens.max())
        check(low >= 0 and high < vocab_size, "tokens", (low, high), f"stay within 0 to {vocab_size - 1}")


def check_state(state: State | None, tokens: Tensor, config: HopeConfig) -> None:
    """Raise ValueError unless `state` came from a model of this config and this many samples."""
    if state is None:
        return
    check(
        isinstance(state, list) and len(state) == config.n_layers,
        "state",
        type(state).__name__,
        f"give the {config.n_layers} layer states of an earlier call",
    )
    width = config.d_model // config.n_heads
    want = (len(tokens), config.n_heads, 5, width, width)
    got = tuple(state[0].memory.shape)
    check(got == want, "state", got, f"give the state of {len(tokens)} samples of this model, memories of shape {want}")
