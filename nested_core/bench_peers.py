"""Our models beside two other implementations, in one run: `make bench-peers`, in an environment of its own.

    nested-learning 0.2.0   the self-modifying Hope model: a step without writes, then its second pass, which writes
                            memories and CMS. It writes token by token, with gradients taken at the start of a chunk: of
                            one token (the package's default), or of 8 tokens for the projections and 64 for the main
                            memory (the configuration it calls paper-faithful). No gradient passes through its writes;
                            through ours it does
    titans-pytorch 0.5.5    NeuralMemory with its defaults, one a layer, each followed by an MLP, at chunk 16 and 64

Data, optimizer, depth, width, heads and the settings of `cpu.prepare` are those of `bench`, on one thread. The MLPs of
titans-pytorch are as wide as gives hope_linear's number of parameters; the CMS of nested-learning is as wide as ours,
which leaves it with about hope_deep's. The multiply-adds of nested-learning leave out its second pass.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from nested_learning.hope.block import HOPESelfModBlock  # type: ignore[import-not-found]
from nested_learning.levels import LevelSpec  # type: ignore[import-not-found]
from nested_learning.model import HOPEModel, ModelConfig  # type: ignore[import-not-found]
from nested_learning.training import compute_teach_signal  # type: ignore[import-not-found]
from titans_pytorch import NeuralMemory  # type: ignore[import-not-found]
from torch import Tensor, nn
from torch.nn import functional as F

from . import bench
from .bench import BATCH, LAYERS, LENGTH, VOCABULARY, Subject
from .cpu import prepare

OURS = ("transformer", "hope_linear", "hope_deep", "titans")
WRITING = {"nested-learning 1": (1, 1), "nested-learning 8/64": (8, 64)}
THEIRS = (*WRITING, "nested-learning no writes", "titans-pytorch 16", "titans-pytorch 64")
AT_LEAST = {"nested-learning 1": 30.0, "nested-learning 8/64": 30.0, "titans-pytorch 16": 1.5}  # x_hope_linear


def self_modifying_hope(width: int, chunks: tuple[int, int]) -> nn.Module:
    """nested-learning's model, with the CMS periods of ours and its hidden units."""
    levels = [LevelSpec("fast", 16), LevelSpec("mid", 128), LevelSpec("slow", 1024)]
    config = ModelConfig(
        VOCABULARY, width, LAYERS, width // 32, LevelSpec("titan", 8), levels, block_variant="hope_selfmod",
        self_mod_chunk_size=chunks[0], self_mod_chunk_size_memory=chunks[1],
    )  # fmt: skip
    model = HOPEModel(config)
    narrow = [HOPESelfModBlock(replace(block.config, cms_hidden_multiplier=1)) for block in model.blocks]
    model.blocks = nn.ModuleList(narrow)
    assert isinstance(model, nn.Module)
    return model


class NeuralMemories(nn.Module):
    """Tokens [B, T] -> logits [B, T, vocabulary]: titans-pytorch's memory in a stack like ours."""

    def __init__(self, width: int, chunk: int, hidden: int):
        super().__init__()
        self.embed = nn.Embedding(VOCABULARY, width)
        self.memories, self.mlps = nn.ModuleList(), nn.ModuleList()
        for _ in range(LAYERS):
            memory = NeuralMemory(width, chunk, heads=width // 32, dim_head=32)
            for parameter in memory.memory_model_parameters:
                parameter.data = parameter.data.clone()  # as made, heads share storage, which AdamW refuses
            memory.memory_model.requires_grad_(False)  # a template that takes no part
            self.memories.append(memory)
            up, down = nn.Linear(width, hidden, bias=False), nn.Linear(hidden, width, bias=False)
            self.mlps.append(nn.Sequential(nn.RMSNorm(width), up, nn.GELU(), down))
        self.norm = nn.RMSNorm(width)
        self.head = nn.Linear(width, VOCABULARY, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens)
        for memory, mlp in zip(self.memories, self.mlps, strict=True):
            x = x + memory(x)[0]
            x = x + mlp(x)
        logits: Tensor = self.head(self.norm(x))
        return logits


def count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def build(name: str, width: int) -> nn.Module:
    package, setting = name.split(maxsplit=1)
    if package == "nested-learning":
        return self_modifying_hope(width, WRITING.get(name, (8, 64)))
    chunk = int(setting)
    spare = count(bench.build("hope_linear", width)) - count(NeuralMemories(width, chunk, 1))
    return NeuralMemories(width, chunk, 1 + round(spare / (LAYERS * 2 * width)))


def make(name: str, width: int, device: str, length: int = LENGTH) -> Subject:
    if name in OURS:
        return bench.make(name, width, device, length)
    torch.manual_seed(0)
    model = build(name, width)
    optimizer = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=1e-3)
    tokens = torch.randint(VOCABULARY, (BATCH, length + 1))
    read, target = tokens[:, :-1], tokens[:, 1:]
    write: Callable[[Tensor], object] = lambda logits: None  # noqa: E731
    if name in WRITING:

        def write(logits: Tensor) -> object:
            signal = compute_teach_signal(model, logits, read, next_tokens=target[:, -1:])
            return model(read, teach_signal=signal)

    def loss(logits: Tensor) -> Tensor:
        return F.cross_entropy(logits.flatten(0, 1), target.flatten())

    def step() -> None:
        logits = model(read)
        loss(logits).backward()
        optimizer.step()
        optimizer.zero_grad()
        with torch.no_grad():
            write(logits)

    return Subject(lambda: loss(model(read)), step, count(model), BATCH * length)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE", help="write the rows to FILE")
    parser.add_argument("--steps", type=int, default=20, help="counted steps of each model")
    options = parser.parse_args()
    prepare()
    rows = []
    for width in (64, 128):
        peak = bench.peaks(make, OURS + THEIRS, width, "cpu")
        subjects = {name: make(name, width, "cpu") for name in OURS + THEIRS}
        found = bench.measure(
            subjects, width, "cpu", options.steps, peak, tuple(WRITING), ("transformer", "hope_linear", "hope_deep")
        )
        for row in found:
            least = AT_LEAST.get(row["name"])
            if least:
                print(
                    f"{row['name']} takes {row['x_hope_linear']} times hope_linear's step; at least {least} is wanted"
                )
        rows += found
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
