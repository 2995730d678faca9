"""Facts that change: key-value pairs in one sequence, keys given new values, each asked for its latest one.

A sequence is T / 3 statements of three symbols: mark, key, value. The first statement of a key, and every one that
gives it a new value, is marked "is"; a question is marked "?" and its value must be predicted from the key. A key is
asked only after it was stated. Remembering needs writing, and renewing needs erasing what stood under the key.
"""

import numpy as np
import torch

from nested_core.config import whole
from nested_core.streams.base import Batch

IGNORE = -100
IS, ASK = 0, 1
KEYS, VALUES = 8, 8


def symbols(keys: int = KEYS, values: int = VALUES) -> int:
    return 2 + keys + values


def draw(rng: np.random.Generator, batch: int, length: int, keys: int = KEYS, values: int = VALUES) -> Batch:
    """`batch` sequences [B, T], T = length rounded down to statements; half of the statements are questions."""
    whole("batch", batch, 1, 100_000)
    whole("length", length, 6, 100_000)
    whole("keys", keys, 1, 10_000)
    whole("values", values, 2, 10_000)
    statements = length // 3
    x, y = np.zeros((batch, statements, 3), dtype=np.int64), np.full((batch, statements, 3), IGNORE)
    for b in range(batch):
        known: dict[int, int] = {}
        for s in range(statements):
            if known and rng.random() < 0.5:
                key = int(rng.choice(list(known)))
                x[b, s], y[b, s, 1] = (ASK, 2 + key, 2 + keys + known[key]), 2 + keys + known[key]
            else:
                key, value = int(rng.integers(keys)), int(rng.integers(values))
                known[key] = value
                x[b, s] = (IS, 2 + key, 2 + keys + value)
    return Batch(torch.tensor(x.reshape(batch, -1)), torch.tensor(y.reshape(batch, -1)))
