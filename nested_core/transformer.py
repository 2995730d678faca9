"""What Hope is compared with: the same stack and call, other token mixers, one MLP a block that no clock writes.

transformer  softmax attention; its state grows with every token
deltanet     a matrix per head, written by the gated delta rule
titans       Titans' memory: gradient, momentum and retention; projections fixed
"""

from dataclasses import dataclass

import torch
from torch import nn

from .attention import Attention
from .cms import ContinuumMemory
from .config import check_heads, one_of, whole
from .deltanet import DeltaNet
from .language_model import Block, LanguageModel
from .titans_memory import TitansMemory


@dataclass(frozen=True)
class TransformerConfig:
    """Size of a Transformer or of another arm.

    hidden  hidden units of its MLP; 0 means 4 d_model
    mixer   "transformer", "deltanet" or "titans"
    chunk   tokens that the recurrent mixers take at a time
    """

    vocab_size: int
    d_model: int
    n_layers: int
    n_heads: int
    hidden: int = 0
    mixer: str = "transformer"
    chunk: int = 32

    def __post_init__(self) -> None:
        for field, high in (("vocab_size", 10**6), ("n_layers", 128), ("chunk", 65536)):
            whole(field, getattr(self, field), 1, high)
        whole("hidden", self.hidden, 0, 65536)
        one_of("mixer", self.mixer, ("transformer", "deltanet", "titans"))
        check_heads(self.d_model, self.n_heads, per=2 if self.mixer == "transformer" else 1)


class Transformer(LanguageModel):
    """logits [B, T, vocab], state = Transformer(config)(tokens [B, T] int64, state): see `language_model`."""

    config: TransformerConfig

    def __init__(self, config: TransformerConfig):
        def mixer() -> nn.Module:
            if config.mixer == "deltanet":
                return DeltaNet(config.d_model, config.n_heads, config.chunk)
            if config.mixer == "titans":
                return TitansMemory(config.d_model, config.n_heads, config.chunk)
            return Attention(config.d_model, config.n_heads)

        def block() -> Block:
            return Block(mixer(), ContinuumMemory(config.d_model, config.hidden or 4 * config.d_model, (1,)))

        super().__init__(config, block)


def same_size(
    parameters: int, vocab_size: int, d_model: int, n_layers: int, n_heads: int, mixer: str = "transformer"
) -> TransformerConfig:
    """The config whose parameter count is nearest to `parameters`, reached by the width of its MLPs."""
    with torch.device("meta"):  # sizes only: no numbers, and none drawn
        smallest = Transformer(TransformerConfig(vocab_size, d_model, n_layers, n_heads, 1, mixer))
    fixed = sum(p.numel() for p in smallest.parameters())
    per_unit = n_layers * 2 * d_model
    hidden = max(1, 1 + round((parameters - fixed) / per_unit))
    return TransformerConfig(vocab_size, d_model, n_layers, n_heads, hidden, mixer)
