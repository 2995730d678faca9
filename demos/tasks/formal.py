"""Formal languages as a question at every symbol: what does the string so far allow?

Nested Learning, 9.5 and table 5 (the benchmark of Irie et al. 2023, after Bhattamishra et al. 2020). A model reads
members of the language, one after another in one sequence, and answers a yes/no question (shuffle-2: one of four
answers). Every prefix of a sequence is an example of its own length. Questions are asked only where both answers are
equally frequent, so that guessing is right half of the time; for a^n b^n and a^n b^n c^n, wherever a counter decides.

parity     bits; is the number of ones so far even?
(aa)*      a's with up to two breaks; could the string end here?
(abab)*    abab... with up to two breaks; asked at every b: could the string end here?
a^n b^n    asked at every b: is the string complete?
a^n b^n c^n  asked at every b: are there as many b's as a's; at every c: is the string complete?
shuffle-2  two kinds of brackets, each balanced by itself; which of them are open?
"""

from collections.abc import Callable

import numpy as np
import torch

from nested_core.config import check, whole
from nested_core.streams.base import Batch

IGNORE = -100
Sample = tuple[np.ndarray, np.ndarray]  # symbols [T], answers [T] with IGNORE where nothing is asked


def parity(rng: np.random.Generator, T: int) -> Sample:
    bits = rng.integers(2, size=T)
    return bits, np.cumsum(bits) % 2


def repeated(unit: str, ask: str) -> Callable[[np.random.Generator, int], Sample]:
    """Members of (unit)*, with up to two breaks, symbol 2; asked at the symbol `ask`."""
    letters = np.array(["ab".index(c) for c in unit])

    def sample(rng: np.random.Generator, T: int) -> Sample:
        breaks = np.sort(rng.choice(np.arange(1, T), size=rng.integers(0, 3), replace=False))
        since = np.arange(T) - np.concatenate([[0], breaks + 1])[np.searchsorted(breaks, np.arange(T))]
        x = letters[since % len(unit)]
        x[breaks] = 2
        y = np.where(x == "ab".index(ask), ((since + 1) % len(unit) == 0).astype(int), IGNORE)
        return x, y

    return sample


def counted(kinds: int) -> Callable[[np.random.Generator, int], Sample]:
    """a^n b^n (kinds = 2) or a^n b^n c^n (3), n from 1 to a fifth of the sequence, one member after another."""

    def sample(rng: np.random.Generator, T: int) -> Sample:
        x, y = [], []
        while len(x) < T:
            n = int(rng.integers(1, max(2, T // 5) + 1))
            for symbol in range(kinds):
                x += [symbol] * n
                y += [IGNORE] * n if symbol == 0 else [0] * (n - 1) + [1]
        return np.array(x[:T]), np.array(y[:T])

    return sample


def shuffle_2(rng: np.random.Generator, T: int) -> Sample:
    """Symbols ( ) [ ] as 0 to 3; answers: nothing open, round open, square open, both open."""
    open_, x, y = [0, 0], [], []
    for _ in range(T):
        kind = int(rng.integers(2))
        closes = open_[kind] > 0 and rng.random() < 0.5
        open_[kind] += -1 if closes else 1
        x.append(2 * kind + closes)
        y.append((open_[0] > 0) + 2 * (open_[1] > 0))
    return np.array(x), np.array(y)


LANGUAGES: dict[str, Callable[[np.random.Generator, int], Sample]] = {
    "parity": parity,
    "(aa)*": repeated("aa", "a"),
    "(abab)*": repeated("abab", "b"),
    "a^n b^n": counted(2),
    "a^n b^n c^n": counted(3),
    "shuffle-2": shuffle_2,
}
SYMBOLS = 4  # the same alphabet and answers for all


def draw(language: str, rng: np.random.Generator, batch: int, length: int, asked_from: int = 0) -> Batch:
    """`batch` sequences [B, T]; nothing is asked before position `asked_from`."""
    check(language in LANGUAGES, "language", language, "choose one of " + ", ".join(LANGUAGES))
    whole("batch", batch, 1, 100_000)
    whole("length", length, 4, 100_000)
    whole("asked_from", asked_from, 0, length - 1)
    samples = [LANGUAGES[language](rng, length) for _ in range(batch)]
    x, y = (torch.tensor(np.stack(part), dtype=torch.int64) for part in zip(*samples, strict=True))
    y[:, :asked_from] = IGNORE
    return Batch(x, y)
