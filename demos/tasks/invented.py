"""Invented languages to be translated into a common one, from examples only.

Nested Learning, 9.1 and figure 8, in miniature. A sentence says who does what to whom. The common language has `words`
subjects, verbs and objects, always in this order. An invented language has a word of its own for each of them, drawn
from a pool of foreign words, and a word order of its own. A text is sentences with their translations:

    kova mirt suli = she sees it .      eight symbols: three foreign words, "=", three common ones, "."

so that after "=" every next word can be translated by who has read the dictionary off the earlier sentences. Foreign
words of one role are never used in another one. Languages drawn together share no word.
"""

from dataclasses import dataclass

import numpy as np

from nested_core.config import check, whole

ROLES, SENTENCE = 3, 8  # subject, verb, object; symbols of a sentence with its translation
EQUALS, STOP = 0, 1
ANSWERS = (4, 5, 6)  # where the translation stands in a sentence


def symbols(words: int, pool: int) -> int:
    return 2 + ROLES * (words + pool)


@dataclass(frozen=True)
class Language:
    """dictionary  [3, words]: the foreign word for each common one; order: which role stands first, second, third."""

    dictionary: np.ndarray
    order: np.ndarray

    def text(self, rng: np.random.Generator, sentences: int) -> np.ndarray:
        """Symbols [8 sentences]; words are equally frequent by chance."""
        return self.translate(rng.integers(self.dictionary.shape[1], size=(sentences, ROLES)))

    def translate(self, meanings: np.ndarray) -> np.ndarray:
        """What is meant, [sentences, 3] numbers of common words by role -> symbols [8 sentences]."""
        foreign = np.stack([self.dictionary[role, meanings[:, role]] for role in self.order], 1)
        common = 2 + np.arange(ROLES) * self.dictionary.shape[1] + meanings
        n = len(meanings)
        marks = np.full((2, n, 1), EQUALS)
        marks[1] = STOP
        return np.concatenate([foreign, marks[0], common, marks[1]], 1).reshape(-1)

    def all_words(self, rng: np.random.Generator) -> np.ndarray:
        """Meanings [words, 3] in which every word occurs exactly once."""
        return np.stack([rng.permutation(self.dictionary.shape[1]) for _ in range(ROLES)], 1)


def languages(rng: np.random.Generator, count: int, words: int, pool: int) -> list[Language]:
    """`count` languages of `words` words a role, without a common foreign word, from a pool of `pool` a role."""
    whole("count", count, 1, 1000)
    whole("words", words, 2, 10_000)
    whole("pool", pool, 2, 100_000)
    check(count * words <= pool, "pool", pool, f"{count} languages of {words} words need at least {count * words}")
    first = 2 + ROLES * words
    picks = np.stack([first + role * pool + rng.permutation(pool)[: count * words] for role in range(ROLES)])
    parts = picks.reshape(ROLES, count, words).transpose(1, 0, 2)
    return [Language(part, rng.permutation(ROLES)) for part in parts]
