"""What all sequence models here share: symbols in, a stack of blocks, logits and a state out.

A block is a token mixer (it looks back: self-modifying Titans, attention, ...) and a chain of MLPs (it does not).
`logits, state = model(tokens, state)` with tokens int64 [B, T] and logits [B, T, vocab]. Without a state the sequences
start anew; with the state of an earlier call they go on exactly where it ended, for any split. The state belongs to its
samples alone: nothing is kept in the module. `model.stream(tokens)` reads without end and can write the MLPs too.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from .boundary import check_like
from .cms import ContinuumMemory, Fast
from .config import check
from .state import State

if TYPE_CHECKING:
    from .streaming import Reading, Rule, StreamState


class Block(nn.Module):
    """x [B, T, d], state -> x [B, T, d], state. `fast`: weights of each sample in place of the MLPs' own (`cms`)."""

    def __init__(self, mixer: nn.Module, cms: ContinuumMemory):
        super().__init__()
        self.mixer, self.cms = mixer, cms

    def forward(self, x: Tensor, state: Any, fast: tuple[Fast | None, ...] | None = None) -> tuple[Tensor, Any]:
        y, state = self.mixer.forward(x, state)  # not called: inside a model nothing is refused, see `boundary`
        return self.cms.forward(x + y, fast), state


class LanguageModel(nn.Module):
    """Embedding, blocks, norm, head. A subclass says how to make a block from its config.

    Calling it refuses tokens, a state or `fast` that do not fit; `forward`, which streams call, does not look.
    """

    def __init__(self, config: Any, make_block: Callable[[], Block]):
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocab_size, config.d_model)
        self.blocks = nn.ModuleList(make_block() for _ in range(config.n_layers))
        self.norm = nn.RMSNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        nn.init.normal_(self.embed.weight, std=0.5)

    def start(self, batch: int) -> State:
        """The state before the first token of `batch` sequences."""
        mixers: list[Any] = [block.mixer for block in self.blocks]
        return State(tuple(mixer.start(batch) for mixer in mixers), self.config, batch)

    def __call__(self, tokens: Tensor, state: Any = None, fast: Any = None) -> Any:
        check_tokens(tokens, self.config.vocab_size, self.embed.weight.device)
        if state is not None:
            check_state(state, self, len(tokens))
        if fast is not None:
            check_fast(fast, self, len(tokens))
        return super().__call__(tokens, state, fast)

    def forward(
        self, tokens: Tensor, state: State | None = None, fast: tuple[tuple[Fast | None, ...], ...] | None = None
    ) -> tuple[Tensor, State]:
        state = self.start(len(tokens)) if state is None else state
        weights = (None,) * len(self.blocks) if fast is None else fast
        x, after = self.embed(tokens), []
        for block, layer, own in zip(self.blocks, state.layers, weights, strict=True):
            x, layer = block(x, layer, own)
            after.append(layer)
        return self.head(self.norm(x)), State(tuple(after), self.config, len(tokens))

    def stream(
        self, tokens: Tensor | Iterable[Tensor], state: "StreamState | None" = None, rule: "Rule | None" = None
    ) -> Iterator["Reading"]:
        """Read an endless stream piece by piece: see `streaming`."""
        from .streaming import stream

        return stream(self, tokens, state, rule)


def check_tokens(tokens: Tensor, vocab_size: int, device: torch.device) -> None:
    """Raise ValueError unless tokens are int64 [B, T], T >= 1, within the vocabulary and where the model is."""
    check(isinstance(tokens, Tensor), "tokens", type(tokens).__name__, "give an int64 tensor")
    check(tokens.dtype == torch.int64, "tokens", str(tokens.dtype), "give int64")
    shape = tuple(tokens.shape)
    check(tokens.ndim == 2 and min(shape) > 0, "tokens", shape, "give shape [batch, time], both at least 1")
    check(tokens.device == device, "tokens", f"on {tokens.device}", f"move them to {device}, where the model is")
    low, high = int(tokens.min()), int(tokens.max())
    check(low >= 0 and high < vocab_size, "tokens", (low, high), f"stay within 0 to {vocab_size - 1}")


def check_state(state: State, model: LanguageModel, batch: int) -> None:
    """ConfigError unless `state` is one of this model for this many samples: its config, sizes, dtype and device.

    Numbers that are none are no reason: a model that diverges is an event where it is trained or read.
    """
    check(isinstance(state, State), "state", type(state).__name__, "give the state that an earlier call returned")
    check(state.config == model.config, "state", state.config, "give a state of a model with this model's config")
    check(state.batch == batch, "state", f"of {state.batch} samples", f"give the state of {batch} samples")
    check_like(state, model.start(batch), finite=False)


def check_fast(fast: Any, model: LanguageModel, batch: int) -> None:
    """ConfigError unless `fast` has for each layer a pair or None for each block, one of its size for every sample."""
    blocks: list[Any] = [block.cms for block in model.blocks]
    ok = isinstance(fast, tuple) and all(isinstance(own, tuple) for own in fast)
    ok = ok and [len(own) for own in fast] == [len(cms) for cms in blocks]
    check(ok, "fast", fast, f"give each of {len(blocks)} layers a pair or None for each of {len(blocks[0])} blocks")
    for i, (own, cms) in enumerate(zip(fast, blocks, strict=True)):
        for j, (pair, block) in enumerate(zip(own, cms, strict=True)):
            if pair is not None:
                wanted = tuple(W.expand(batch, *W.shape) for W in (block.up.weight, block.down.weight))
                check_like(pair, wanted, finite=False, path=f"fast[{i}][{j}]")
