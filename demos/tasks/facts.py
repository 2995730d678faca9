"""Many needles and nothing else: facts, each a key and its value, told over and over.

A multi-key needle whose haystack is other needles (RULER's hardest form, Hsieh et al. 2024; Nested Learning, 9.1). All
values are drawn anew for every sequence. `draw` makes short sequences about few keys, to be trained on; `rounds` makes
long ones about all of them, so that between a fact and the next time it is told lie all others. A value can be known
from the second time on.
"""

import numpy as np
import torch
from torch import Tensor

from nested_core.config import whole
from nested_core.streams.base import Batch

KEYS = VALUES = 16
SYMBOLS = KEYS + VALUES
FEW = (2, 8)  # least and most keys of a short sequence


def draw(rng: np.random.Generator, batch: int, length: int) -> Batch:
    """Short sequences [B, T], every pair of a random one of few keys; what has to be predicted is one ahead."""
    whole("batch", batch, 1, 100_000)
    whole("length", length, 2, 100_000)
    rows = []
    for _ in range(batch):
        keys = rng.permutation(KEYS)[: rng.integers(FEW[0], FEW[1] + 1)]
        found = rng.integers(VALUES, size=KEYS)
        told = rng.choice(keys, size=length // 2 + 1)
        rows.append(np.stack([told, KEYS + found[told]], 1).ravel()[: length + 1])
    windows = torch.tensor(np.stack(rows))
    return Batch(windows[:, :-1].contiguous(), windows[:, 1:].contiguous())


def rounds(rng: np.random.Generator, batch: int, count: int) -> Tensor:
    """Long sequences [B, count * 2 * KEYS]: in every round each fact once, in random order; values at odd places."""
    whole("batch", batch, 1, 100_000)
    whole("count", count, 1, 100_000)
    rows = []
    for _ in range(batch):
        found = rng.integers(VALUES, size=KEYS)
        told = np.concatenate([rng.permutation(KEYS) for _ in range(count)])
        rows.append(np.stack([told, KEYS + found[told]], 1).ravel())
    return torch.tensor(np.stack(rows))
