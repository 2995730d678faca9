"""How a word becomes a vector, and the noise between facts.

A word is a unit vector that its letters alone determine: a few of the d numbers, drawn at random with a fixed seed, are
plus or minus one over the root of their count, the rest are 0. Few, so that a person sees in the picture of the memory
which cells a word reads and writes. Several words are the sum of their vectors at unit length: phrases that share words
are alike. Nothing is learned here; "peru" and "lima" are as far apart as any two words.
"""

from functools import lru_cache

import numpy as np

from nested_core.rng import generator

from . import facts

ACTIVE = 4  # numbers of a word's vector that are not 0
NOISE = (
    "rain wind cloud river stone leaf road bread door lamp chair table "
    "clock spoon paper wheel glass hat coat shoe bell rope boat sail"
).split()


@lru_cache(maxsize=4096)
def word(text: str, d: int) -> np.ndarray:
    """The unit vector [d] of one word."""
    rng = generator(0, f"word {text}")
    x = np.zeros(d)
    x[rng.permutation(d)[:ACTIVE]] = rng.choice([-1.0, 1.0], ACTIVE) / np.sqrt(ACTIVE)
    x.setflags(write=False)
    return x


def phrase(text: str, d: int) -> np.ndarray:
    """The unit vector [d] of one or more words; in the rare case that they cancel, that of the first."""
    parts = [word(w, d) for w in facts.words(text)]
    total = np.sum(parts, axis=0)
    size = np.linalg.norm(total)
    return total / size if size > 1e-9 else parts[0]


def turned(k: np.ndarray, toward: np.ndarray, cosine: float) -> np.ndarray:
    """The unit vector in the plane of both whose cosine with `toward` is given; k itself where they are parallel."""
    across = k - (k @ toward) * toward
    size = np.linalg.norm(across)
    return cosine * toward + np.sqrt(1 - cosine**2) * across / size if size > 1e-9 else k


def noise(seed: int, count: int) -> list[tuple[str, str]]:
    """`count` pairs of words that have nothing to do with the facts."""
    rng = generator(seed, "noise between facts")
    return [(NOISE[a], NOISE[b]) for a, b in rng.integers(len(NOISE), size=(count, 2))]
