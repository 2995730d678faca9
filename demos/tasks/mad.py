"""The five synthetic tasks of MAD (Poli et al. 2024, mechanistic architecture design), in small.

Nested Learning, 9.5 and table 4. Keys and values never share symbols. Only what is named here is asked for.

compression     random symbols and a last one that means "now": its state alone must tell every symbol (see `Decoder`)
recall          pairs of key and value, the value of a key drawn anew in every sequence: values of keys seen before
fuzzy recall    the same, but keys and values are strings of one to three symbols
selective copy  symbols to be copied, in order, lie among many blanks; asked after all of them, one after another
memorisation    pairs whose values are the same in all sequences, and not shown: they must get into the weights
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from nested_core.config import check, whole
from nested_core.rng import generator
from nested_core.streams.base import Batch

IGNORE = -100
Sample = tuple[list[int], list[int]]  # symbols [T], answers [T] with IGNORE where nothing is asked


class Size(NamedTuple):
    """length: symbols of a sequence; items: keys and as many values, or symbols to choose from; copied: how many."""

    length: int
    items: int
    copied: int = 0


def compression(rng: np.random.Generator, size: Size, facts: np.ndarray) -> Sample:
    x = rng.integers(size.items, size=size.length - 1).tolist()
    return [*x, size.items], [*x, IGNORE]


def recall(rng: np.random.Generator, size: Size, facts: np.ndarray) -> Sample:
    found = rng.integers(size.items, size=size.items)
    x, y, seen = [], [], set()
    for key in rng.integers(size.items, size=size.length // 2).tolist():
        value = size.items + int(found[key])
        x += [key, value]
        y += [value if key in seen else IGNORE, IGNORE]
        seen.add(key)
    return x, y


def fuzzy_recall(rng: np.random.Generator, size: Size, facts: np.ndarray) -> Sample:
    """Half of the keys, once one is known, are known ones: strings rarely come twice by chance."""
    x, y, found = [], [], {}
    while len(x) < size.length:
        known = list(found)
        if known and rng.random() < 0.5:
            key = known[rng.integers(len(known))]
        else:
            key = tuple(rng.integers(size.items, size=rng.integers(1, 4)).tolist())
        asked = key in found
        value = found.setdefault(key, (size.items + rng.integers(size.items, size=rng.integers(1, 4))).tolist())
        x += [*key, *value]
        y += [IGNORE] * (len(key) - 1) + (value if asked else [IGNORE] * len(value)) + [IGNORE]
    return x[: size.length], y[: size.length]


def selective_copy(rng: np.random.Generator, size: Size, facts: np.ndarray) -> Sample:
    blank, now = size.items, size.items + 1
    before = size.length - size.copied
    symbols = rng.integers(size.items, size=size.copied)
    x = np.full(size.length, blank)
    x[np.sort(rng.choice(before - 1, size=size.copied, replace=False))] = symbols
    x[before - 1] = now
    y = [IGNORE] * (before - 1) + symbols.tolist()
    return x.tolist(), [*y, IGNORE]


def memorisation(rng: np.random.Generator, size: Size, facts: np.ndarray) -> Sample:
    keys, hidden = rng.integers(size.items, size=size.length // 2).tolist(), len(facts) + VALUES
    x, y = [], []
    for key in keys:
        x += [key, hidden]
        y += [IGNORE, size.items + int(facts[key])]
    return x, y


VALUES = 16  # of memorisation
TASKS: dict[str, tuple[Callable[[np.random.Generator, Size, np.ndarray], Sample], Size]] = {
    "compression": (compression, Size(13, 8)),
    "recall": (recall, Size(64, 8)),
    "fuzzy recall": (fuzzy_recall, Size(64, 4)),
    "selective copy": (selective_copy, Size(32, 8, 4)),
    "memorisation": (memorisation, Size(32, 1024)),
}


def symbols(task: str) -> int:
    """Size of the alphabet, questions and answers together."""
    size = TASKS[check_task(task)][1]
    return {
        "compression": size.items + 1,
        "selective copy": size.items + 2,
        "memorisation": size.items + VALUES + 1,
    }.get(task, 2 * size.items)


def chance(task: str) -> float:
    """Share that is right for who knows what could be an answer, and no more."""
    size = TASKS[check_task(task)][1]
    return 1 / (VALUES if task == "memorisation" else size.items)


def check_task(task: str) -> str:
    check(task in TASKS, "task", task, "choose one of " + ", ".join(TASKS))
    return task


def draw(task: str, language: int, rng: np.random.Generator, batch: int) -> Batch:
    """`batch` sequences [B, T]. language: the seed of what has to be memorised."""
    make, size = TASKS[check_task(task)]
    whole("batch", batch, 1, 100_000)
    facts = generator(language, "facts").integers(VALUES, size=size.items)
    samples = [make(rng, size, facts) for _ in range(batch)]
    return Batch(*(torch.tensor(part, dtype=torch.int64) for part in zip(*samples, strict=True)))


class Decoder(nn.Module):
    """In place of a model's head, x [B, T, d] -> logits [B, T, symbols]: each symbol read from the last state alone.

    A linear map for every position; in MAD an MLP is told the position, which every arm learned more slowly.
    """

    def __init__(self, d_model: int, length: int, vocab_size: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(length, d_model, vocab_size) / d_model**0.5)

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("bd,tdv->btv", x[:, -1], self.weight)
