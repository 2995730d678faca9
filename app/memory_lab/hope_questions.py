"""What the page and the worker of the trained memory say to each other. No torch here.

A stream is statements of symbols: "is", key, value; noise; and at its end "?", key, whose value must be answered. Words
have no meaning to the model: the first key that is taught gets the first key symbol, and so on.
"""

from dataclasses import dataclass

import numpy as np

from nested_core.config import check, whole
from nested_core.phrase import phrase

from .facts import Fact, words

KEYS = VALUES = 16
NOISE = 16
IS, ASK = 0, 1
SYMBOLS = 2 + KEYS + VALUES + NOISE
STEPS, BATCH = 800, 64  # of training
FEW, GAP, FAR = 6, 3, 16  # most facts, noise between them, and noise before the questions that it is trained on
TESTS = (16, 200)  # noise tokens before the questions of the tests


@dataclass(frozen=True)
class Train:
    """Train a small Hope to answer such streams; the seed says which."""

    seed: int = 0
    steps: int = STEPS

    def __post_init__(self) -> None:
        whole("seed", self.seed, 0, 2**31 - 1)
        whole("steps", self.steps, 1, 20_000)


@dataclass(frozen=True)
class Read:
    """Let the trained Hope read these facts, and ask it."""

    train: Train
    facts: tuple[Fact, ...]
    gap: int
    distance: int
    question: str

    def __post_init__(self) -> None:
        fix = phrase("a trained Hope has symbols for 1 to {most} of them", most=KEYS)
        check(1 <= len(self.facts) <= KEYS, phrase("facts"), len(self.facts), fix)
        whole("gap", self.gap, 0, 20)
        whole("distance", self.distance, 0, 400)

    @property
    def names(self) -> tuple[list[str], list[str]]:
        """Keys and values, each once, in the order in which they are taught."""
        keys = {" ".join(words(fact.key)): fact.key for fact in reversed(self.facts)}
        values = dict.fromkeys(fact.value for fact in self.facts)
        order = dict.fromkeys(" ".join(words(fact.key)) for fact in self.facts)
        return [keys[key] for key in order], list(values)


@dataclass(frozen=True)
class Reading:
    """What the worker read. T tokens of the stream, F facts; a question is "?" and its key, after the last token.

    eta, keep  [T] the gates that the memory made itself: step size and retention
    parts      [T + 1] what each token's write gives to what the memory reads for the question; the last is the memory's
               learned initial state. They sum to `read`, the length of what is read
    answers    [VALUES] probability of each value symbol for the question
    steps      [n] tokens after which every fact was asked, and recall [n, F]: probability of its own value
    """

    fact: np.ndarray  # [T] the fact a token belongs to, -1 for noise and for the question's mark, the last token
    tokens: tuple[str, ...]
    eta: np.ndarray
    keep: np.ndarray
    parts: np.ndarray
    read: float
    answers: np.ndarray
    steps: np.ndarray
    recall: np.ndarray


def stream(read: Read) -> tuple[list[int], list[int], list[str]]:
    """(symbols, fact or -1, text) of every token of a lesson."""
    keys, values = read.names
    places = {" ".join(words(key)): i for i, key in enumerate(keys)}
    rng = np.random.default_rng(0)
    symbols, fact, text = [], [], []
    for i, (key, value) in enumerate((f.key, f.value) for f in read.facts):
        place = places[" ".join(words(key))]
        symbols += [IS, 2 + place, 2 + KEYS + values.index(value)]
        fact += [i] * 3
        text += ["is", key, value]
        for _ in range(read.gap if i + 1 < len(read.facts) else read.distance):
            noise = int(rng.integers(NOISE))
            symbols.append(2 + KEYS + VALUES + noise)
            fact.append(-1)
            text.append(f"noise {noise + 1}")
    return symbols, fact, text
