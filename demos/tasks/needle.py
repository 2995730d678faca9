"""Needles in a haystack: short facts somewhere in long noise, and a question at the end.

After RULER (Hsieh et al. 2024), as in Nested Learning, 9.3 and table 1. A needle says "key: value", the question names a
key, and the answer is its value, symbol by symbol; an answer counts only as a whole (`training.Task.whole`). Where a
needle lies is uniform over the haystack, keys and values are drawn anew for every sequence, and no other part of the
haystack contains a symbol of a value or a key.

passkey      one needle, 4 digits; the noise is one sentence, said over and over
number       one needle, 4 digits; the noise is varied: every word is drawn
uuid         one needle, 8 hexadecimal symbols, in varied noise
multi-key    4 needles of 3 digits with different keys in varied noise, one is asked for
multi-query  the same, all are asked for, in any order
multi-value  2 needles of 3 digits with the same key in varied noise: both values are asked for, in their order
"""

import numpy as np
import torch

from nested_core.config import one_of, whole
from nested_core.streams.base import Batch

from ..training import IGNORE

VALUES, KEYS, WORDS = 16, 16, 32  # hexadecimal symbols from 0, then names of keys, then words of noise
NEEDLE, ASK, ALSO = range(VALUES + KEYS + WORDS, VALUES + KEYS + WORDS + 3)
SYMBOLS = ALSO + 1
SENTENCE = VALUES + KEYS + np.arange(12)  # the noise of passkey: 12 words

KINDS = ("passkey", "number", "uuid", "multi-key", "multi-query", "multi-value")
SHORTEST = 20


def sample(kind: str, rng: np.random.Generator, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Symbols and answers, [length] each: the next symbol where it belongs to an asked value, else IGNORE."""
    needles = 1 if kind in ("passkey", "number", "uuid") else 2 if kind == "multi-value" else 4
    symbols = 8 if kind == "uuid" else 4 if needles == 1 else 3
    values = rng.integers(16 if kind == "uuid" else 10, size=(needles, symbols))
    keys = VALUES + (rng.integers(KEYS, size=1).repeat(2) if kind == "multi-value" else rng.permutation(KEYS)[:needles])
    asked = [0, 1] if kind == "multi-value" else rng.permutation(needles)[: 1 if kind == "multi-key" else needles]
    end, answers = [], []
    for i, which in enumerate(asked):
        head = [ALSO] if kind == "multi-value" and i else [ASK, keys[which]]
        end += [*head, *values[which]]
        answers += [IGNORE] * len(head) + list(values[which])
    noise = length + 1 - needles * (symbols + 2) - len(end)
    words = np.resize(SENTENCE, noise) if kind == "passkey" else VALUES + KEYS + rng.integers(WORDS, size=noise)
    x, last = [], 0
    for cut, key, value in zip(np.sort(rng.integers(noise + 1, size=needles)), keys, values, strict=True):
        x += [words[last:cut], [NEEDLE, key], value]
        last = cut
    x = np.concatenate([*x, words[last:], end])
    y = np.full(length, IGNORE)
    y[length - len(end) :] = answers
    return x[:-1], y


def draw(kinds: tuple[str, ...], rng: np.random.Generator, batch: int, length: int) -> Batch:
    """`batch` sequences [B, T]; the kind of each is drawn from `kinds`."""
    for kind in kinds:
        one_of("kinds", kind, KINDS)
    whole("batch", batch, 1, 100_000)
    whole("length", length, SHORTEST, 1_000_000)
    samples = [sample(kinds[i], rng, length) for i in rng.integers(len(kinds), size=batch)]
    x, y = (torch.tensor(np.stack(part), dtype=torch.int64) for part in zip(*samples, strict=True))
    return Batch(x, y)
