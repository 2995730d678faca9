"""The models that demos compare, by name, all with as many parameters as Hope of the same width.

hope, hope_attention  `nested_core.hope`
transformer, deltanet, titans  `nested_core.transformer`
linear_attention  keys and values summed, normalised by the sum of keys (Katharopoulos et al. 2020)
lstm              the non-linear recurrence (Hochreiter and Schmidhuber 1997); not parallel over time

Letters: B samples, T tokens, d model width, H heads, D = d / H.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from nested_core.cms import ContinuumMemory
from nested_core.hope import Hope, HopeConfig
from nested_core.language_model import Block, LanguageModel
from nested_core.rng import generator
from nested_core.transformer import Transformer, TransformerConfig


class LinearAttention(nn.Module):
    """x [B, T, d], (S [B, H, D, D], z [B, H, D]) -> y [B, T, d], state. Feature map elu + 1."""

    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        self.n_heads = n_heads
        self.norm = nn.RMSNorm(d_model)
        self.project = nn.Linear(d_model, 3 * d_model, bias=False)
        self.out = nn.Linear(d_model, d_model, bias=False)

    def start(self, batch: int):
        D = self.out.in_features // self.n_heads
        return self.out.weight.new_zeros(batch, self.n_heads, D, D), self.out.weight.new_zeros(batch, self.n_heads, D)

    def forward(self, x, state=None):
        B, T, d = x.shape
        S, z = self.start(B) if state is None else state
        q, k, v = self.project(self.norm(x)).view(B, T, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        q, k = F.elu(q) + 1, F.elu(k) + 1
        scores = (q @ k.transpose(-1, -2)).tril()
        y = scores @ v + q @ S
        total = scores.sum(-1) + (q * z[:, :, None]).sum(-1)
        y = (y / total[..., None]).transpose(1, 2).reshape(B, T, d)
        return self.out(y), (S + k.transpose(-1, -2) @ v, z + k.sum(2))


class Recurrence(nn.Module):
    """x [B, T, d], (h, c) [1, B, d] -> y [B, T, d], state: one LSTM layer."""

    def __init__(self, d_model: int):
        super().__init__()
        self.norm = nn.RMSNorm(d_model)
        self.project = nn.Linear(d_model, d_model, bias=False)
        self.lstm = nn.LSTM(d_model, d_model, batch_first=True)

    def start(self, batch: int):
        zero = self.project.weight.new_zeros(1, batch, self.lstm.hidden_size)
        return zero, zero

    def forward(self, x, state=None):
        return self.lstm(self.project(self.norm(x)), self.start(len(x)) if state is None else state)


@dataclass(frozen=True)
class MixerConfig:
    """Size of an arm that lives in the demos only: as TransformerConfig."""

    vocab_size: int
    d_model: int
    n_layers: int
    n_heads: int
    hidden: int
    mixer: str


class Mixed(LanguageModel):
    """A `LanguageModel` with one of the mixers above and one MLP a block."""

    def __init__(self, config: MixerConfig):
        d = config.d_model

        def block() -> Block:
            mixer = LinearAttention(d, config.n_heads) if config.mixer == "linear_attention" else Recurrence(d)
            return Block(mixer, ContinuumMemory(d, config.hidden, (1,)))

        super().__init__(config, block)


def count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def fit(make: Callable[[int], LanguageModel], parameters: int) -> LanguageModel:
    """The model whose number of parameters is nearest, by the hidden width of its MLPs."""
    with torch.device("meta"):  # sizes only: no numbers, and none drawn
        one, two = count(make(1)), count(make(2))
    return make(max(1, 1 + round((parameters - one) / (two - one))))


def build(arm: str, hope: HopeConfig, seed: int) -> LanguageModel:
    """The model of this name, as large as Hope(hope), with initial weights of this seed."""
    with torch.device("meta"):
        parameters = count(Hope(hope))
    sizes = (hope.vocab_size, hope.d_model, hope.n_layers, hope.n_heads)

    def make(hidden: int) -> LanguageModel:
        if arm == "hope_attention":
            return Hope(replace(hope, mixer="attention", hidden=hidden))
        if arm in ("transformer", "deltanet", "titans"):
            return Transformer(TransformerConfig(*sizes, hidden, arm, hope.chunk))
        if arm in ("linear_attention", "lstm"):
            return Mixed(MixerConfig(*sizes, hidden, arm))
        raise ValueError(f"arm: {arm!r} is unknown; choose one of those that demos.arms names.")

    with torch.random.fork_rng():
        torch.manual_seed(int(generator(seed, "weights").integers(2**62)))
        return Hope(hope) if arm == "hope" else fit(make, parameters)


def describe(model: LanguageModel) -> dict[str, Any]:
    """The config of a model as plain values, for the trace."""
    return {
        name: value if isinstance(value, int | float | str) else str(value)
        for name, value in vars(model.config).items()
    }
