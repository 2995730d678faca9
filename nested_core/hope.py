"""Hope: a self-modifying memory that writes at every token, followed by a continuum of slower ones.

Nested Learning, section 8.3, eqs. 94-97: each block is self-modifying Titans and then a chain of MLPs ordered from the
most to the least often written. The model reads text symbol by symbol and predicts the next one. Hope-Attention has
softmax attention in place of self-modifying Titans.
"""

from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor, nn

from .attention import Attention
from .cms import VARIANTS, ContinuumMemory
from .config import check, check_heads, check_periods, one_of, whole
from .language_model import Block, LanguageModel
from .ops.self_modifying import Writing
from .titans import SelfModifyingTitans


@dataclass(frozen=True)
class HopeConfig:
    """Size and clocks of a Hope model.

    chunk    tokens between refreshes of the self-modified projections
    periods  tokens between writes of each CMS block, fast to slow; names the blocks, the learner keeps the time
    memory   form of the self-modifying memories: "linear" are matrices, "deep" small networks
    hidden   hidden units of one CMS block; 0 means d_model
    cms      how the CMS blocks are joined: see `cms.VARIANTS`
    mixer    "titans", or "attention" for Hope-Attention
    writing  options of the self-modifying write rule
    """

    vocab_size: int
    d_model: int
    n_layers: int
    n_heads: int
    chunk: int
    periods: tuple[int, ...] = (16, 128, 1024)
    memory: str = "linear"
    hidden: int = 0
    cms: str = "sequential"
    mixer: str = "titans"
    writing: Writing = field(default_factory=Writing)

    def __post_init__(self) -> None:
        whole("vocab_size", self.vocab_size, 1, 10**6)
        whole("n_layers", self.n_layers, 1, 128)
        check_heads(self.d_model, self.n_heads, per=2 if self.mixer == "attention" else 1)
        whole("chunk", self.chunk, 1, 65536)
        check_periods(self.periods)
        one_of("memory", self.memory, ("linear", "deep"))
        whole("hidden", self.hidden, 0, 65536)
        one_of("cms", self.cms, VARIANTS)
        one_of("mixer", self.mixer, ("titans", "attention"))
        check(isinstance(self.writing, Writing), "writing", type(self.writing).__name__, "give a Writing")
        self.writing.verify()


class Hope(LanguageModel):
    """logits [B, T, vocab], state = Hope(config)(tokens [B, T] int64, state): see `language_model`."""

    config: HopeConfig

    def __init__(self, config: HopeConfig):
        def mixer() -> nn.Module:
            if config.mixer == "attention":
                return Attention(config.d_model, config.n_heads)
            return SelfModifyingTitans(config.d_model, config.n_heads, config.chunk, config.writing, config.memory)

        def block() -> Block:
            hidden = config.hidden or config.d_model
            return Block(mixer(), ContinuumMemory(config.d_model, hidden, config.periods, config.cms))

        super().__init__(config, block)

    def gates(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Step size eta and retention alpha of every layer's memories while they read tokens [B, T] from the start.

        Each [layers, B, H, T]; eqs. 86-88. Only for the mixer "titans".
        """
        x, found = self.embed(tokens), []
        for block in self.blocks:
            mixer = cast(SelfModifyingTitans, block.mixer)
            found.append(mixer.gates_on(x))
            x, _ = block(x, mixer.start(len(tokens)))
        eta, alpha = (torch.stack(gate) for gate in zip(*found, strict=True))
        return eta, alpha
