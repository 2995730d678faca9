"""Needles in a haystack: short facts somewhere in long noise, and a question at the end.

After RULER (Hsieh et al. 2024), as in Nested Learning, 9.3 and table 1. A needle says "key: value"; the question names
a key, and the answer is its value, symbol by symbol. A needle may lie anywhere before the question; keys and values are
drawn for every sequence, and no symbol of theirs occurs in the noise.

passkey      one needle of 3 digits; the noise is one sentence, said over and over
number       one needle of 4 digits; the noise is varied: every word is drawn
uuid         one needle of 8 hexadecimal symbols, in varied noise
multi-key    4 needles of 3 digits with different keys, in varied noise; one of them is asked for
multi-query  the same, but all of them are asked for, in any order
multi-value  2 needles of 3 digits with the same key, in varied noise; both are asked for, in their order
"""

from typing import NamedTuple

import numpy as np
import torch

from nested_core.config import check, one_of, whole
from nested_core.streams.base import Batch

from ..training import IGNORE

VALUES, KEYS, WORDS = 16, 8, 32  # hexadecimal symbols from 0, then names of keys, then words of noise
FIRST_KEY, FIRST_WORD = VALUES, VALUES + KEYS
NEEDLE, ASK, ALSO = range(FIRST_WORD + WORDS, FIRST_WORD + WORDS + 3)
SYMBOLS = ALSO + 1
SENTENCE = list(range(FIRST_WORD, FIRST_WORD + 12))  # the noise of passkey


class Kind(NamedTuple):
    """needles: how many; keys: different ones; asked: of the values; digits: of a value; base: of a digit."""

    needles: int
    keys: int
    asked: int
    digits: int
    base: int = 10

    @property
    def shortest(self) -> int:
        """Symbols of the needles and the questions: there is no noise."""
        return (self.needles + self.asked) * (2 + self.digits)


KINDS = {
    "passkey": Kind(1, 1, 1, 3),
    "number": Kind(1, 1, 1, 4),
    "uuid": Kind(1, 1, 1, 8, 16),
    "multi-key": Kind(4, 4, 1, 3),
    "multi-query": Kind(4, 4, 4, 3),
    "multi-value": Kind(2, 1, 2, 3),
}


def sample(name: str, rng: np.random.Generator, length: int) -> tuple[list[int], list[int]]:
    """Symbols and answers, [length] each: the next symbol where it belongs to an asked value, else IGNORE."""
    kind = KINDS[name]
    values = rng.integers(kind.base, size=(kind.needles, kind.digits)).tolist()
    keys = np.resize(FIRST_KEY + rng.permutation(KEYS)[: kind.keys], kind.needles).tolist()
    asked = range(kind.asked) if kind.keys == 1 else rng.permutation(kind.needles)[: kind.asked]
    question, answers = [], []
    for i, which in enumerate(asked):
        head = [ASK, ALSO if i and kind.keys == 1 else keys[which]]
        question += head + values[which]
        answers += [IGNORE, *values[which], IGNORE]
    size = length - kind.needles * (2 + kind.digits) - len(question)
    noise = np.resize(SENTENCE, size) if name == "passkey" else FIRST_WORD + rng.integers(WORDS, size=size)
    cuts, text = np.sort(rng.integers(size + 1, size=kind.needles)), []
    for words, key, value in zip(np.split(noise, cuts), keys, values, strict=False):
        text += [*words.tolist(), NEEDLE, key, *value]
    text += noise[cuts[-1] :].tolist() + question
    return text, [IGNORE] * (length - len(question)) + answers


def draw(name: str | tuple[str, ...], rng: np.random.Generator, batch: int, length: int) -> Batch:
    """`batch` sequences [B, T] of one kind, or each of any of several kinds."""
    names = (name,) if isinstance(name, str) else name
    for each in names:
        one_of("kind", each, tuple(KINDS))
        shortest = KINDS[each].shortest
        check(isinstance(length, int) and length >= shortest, "length", length, f"{each} needs at least {shortest}")
    whole("batch", batch, 1, 100_000)
    whole("length", length, 1, 1_000_000)
    samples = [sample(names[i], rng, length) for i in rng.integers(len(names), size=batch)]
    x, y = (torch.tensor(part, dtype=torch.int64) for part in zip(*samples, strict=True))
    return Batch(x, y)
