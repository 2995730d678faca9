"""Three corpora of symbols: English, Python source, and a synthetic language whose best prediction is known exactly.

English, Python  the documentation and the standard library that every Python carries, lower-cased, in one alphabet;
                 the last tenth of each is held out (`nested_core.streams.text`)
topics           a language has several topics, each a Markov chain of its own over the same symbols; the topic is
                 hidden, and changes at times. What follows what must be learned; which topic it is must be inferred
                 in context, again and again. The chance of every next symbol given all before it, for who knows the
                 language, follows exactly from the forward algorithm: no model can do better on average
"""

from functools import cache

import numpy as np
import torch

from nested_core.config import check, whole
from nested_core.rng import generator
from nested_core.streams.base import Batch
from nested_core.streams.text import ALPHABET, english, python_source

TOPICS = "topics"
PARTS = ("English", "Python", TOPICS)
# Rows of the chains are drawn from a Dirichlet distribution of this concentration: a few likely symbols in each.
KINDS, SYMBOLS, CONCENTRATION = 8, 16, 0.1
SWITCH = 1 / 32  # chance, at a symbol, that the topic is drawn anew


@cache
def encoded() -> tuple[str, dict[str, np.ndarray]]:
    """The alphabet, its last symbol standing for all rare characters, and both texts as symbols."""
    texts = {"English": english().lower(), "Python": python_source().lower()}
    characters, counts = np.unique(list("".join(texts.values())), return_counts=True)
    common = sorted(characters[np.argsort(-counts, kind="stable")[:ALPHABET]])
    code = {c: i for i, c in enumerate(common)}
    symbols = {name: np.array([code.get(c, len(common)) for c in text]) for name, text in texts.items()}
    return "".join(common) + "\N{REPLACEMENT CHARACTER}", symbols


def size(part: str) -> int:
    """Number of symbols."""
    check(part in PARTS, "part", part, "choose one of " + ", ".join(PARTS))
    return SYMBOLS if part == TOPICS else len(encoded()[0])


def draw(part: str, language: int, rng: np.random.Generator, batch: int, length: int, held_out: bool = False) -> Batch:
    """Sequences of `length` symbols [B, T] and, one ahead, what has to be predicted. `language`: seed of the topics."""
    size(part)
    whole("batch", batch, 1, 100_000)
    whole("length", length, 2, 10_000)
    symbols = topics(language, rng, batch, length + 1) if part == TOPICS else text(part, rng, batch, length, held_out)
    windows = torch.tensor(symbols)
    return Batch(windows[:, :-1].contiguous(), windows[:, 1:].contiguous())


def text(part: str, rng: np.random.Generator, batch: int, length: int, held_out: bool) -> np.ndarray:
    """[B, T + 1] windows of a text, of its last tenth or of the rest."""
    symbols = encoded()[1][part]
    cut = len(symbols) - len(symbols) // 10
    symbols = symbols[cut:] if held_out else symbols[:cut]
    check(length < len(symbols), "length", length, f"give less than the {len(symbols)} symbols of the text")
    return symbols[rng.integers(len(symbols) - length, size=batch)[:, None] + np.arange(length + 1)]


@cache
def chances(language: int) -> np.ndarray:
    """[topic, from, to] the chances of the next symbol in a language, which is named by its seed."""
    return generator(language, "topics").dirichlet(np.full(SYMBOLS, CONCENTRATION), size=(KINDS, SYMBOLS))


def topics(language: int, rng: np.random.Generator, batch: int, length: int) -> np.ndarray:
    """[B, length] symbols; the first topic and symbol are uniform."""
    below = chances(language).cumsum(-1)
    below /= below[..., -1:]
    topic, found = rng.integers(KINDS, size=batch), [rng.integers(SYMBOLS, size=batch)]
    for _ in range(length - 1):
        topic = np.where(rng.random(batch) < SWITCH, rng.integers(KINDS, size=batch), topic)
        found.append((rng.random((batch, 1)) >= below[topic, found[-1]]).sum(-1))
    return np.stack(found, 1)


def best_bits(language: int, batch: Batch) -> np.ndarray:
    """[B, T] bits of every predicted symbol of topics under the exact prediction."""
    x, y = batch.x.numpy(), batch.y.numpy()
    belief, bits = np.full((len(x), KINDS), 1 / KINDS), np.empty(x.shape)
    for t in range(x.shape[1]):
        joint = (belief * (1 - SWITCH) + SWITCH / KINDS) * chances(language)[:, x[:, t], y[:, t]].T
        bits[:, t] = -np.log2(joint.sum(-1))
        belief = joint / joint.sum(-1, keepdims=True)
    return bits


def cipher(rng: np.random.Generator) -> np.ndarray:
    """[symbols] what each symbol of a text becomes when the letters a to z are exchanged for one another at random."""
    alphabet = encoded()[0]
    letters = np.array([alphabet.index(c) for c in "abcdefghijklmnopqrstuvwxyz"])
    table = np.arange(len(alphabet))
    table[letters] = rng.permutation(letters)
    return table
