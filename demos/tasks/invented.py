"""Invented languages, to be understood from glossed sentences only.

Nested Learning, 9.1 and figure 8, in miniature. A sentence is a verb and its object, each one of `words` in the common
language. An invented language has a word of its own for every one of them, drawn from a pool of foreign words, and a
word order of its own. A text is written as field linguists write it down, each foreign word with its translation:

    mirt SEE tapo SHIP        four symbols: foreign, common, foreign, common

so who has read the dictionary off the earlier sentences can predict every translation. A foreign word has the same role
in all languages, but its meaning is drawn anew for each. Languages that are drawn together share no foreign word.
"""

from dataclasses import dataclass

import numpy as np

from nested_core.config import check, whole

ROLES = 2
SENTENCE = 2 * ROLES  # symbols


def symbols(words: int, pool: int) -> int:
    """Number of symbols: the common words of each role first, then the foreign ones."""
    return ROLES * (words + pool)


@dataclass(frozen=True)
class Language:
    """dictionary  [2, words]: the foreign word for every common one; order: which role stands first, and second"""

    dictionary: np.ndarray
    order: np.ndarray

    def translate(self, meanings: np.ndarray) -> np.ndarray:
        """Numbers of common words by role, [sentences, 2] -> symbols [4 sentences]."""
        words, roles = self.dictionary.shape[1], self.order
        meant = meanings[:, roles]
        return np.stack([self.dictionary[roles, meant], roles * words + meant], -1).reshape(-1)

    def text(self, rng: np.random.Generator, sentences: int, used: int | None = None) -> np.ndarray:
        """Symbols [4 sentences]; `used` words of each role (default: all) are equally frequent, the others absent."""
        words = self.dictionary.shape[1]
        whole("sentences", sentences, 1, 10**6)
        used = words if used is None else used
        whole("used", used, 1, words)
        some = np.stack([rng.permutation(words)[:used] for _ in range(ROLES)], 1)
        return self.translate(np.take_along_axis(some, rng.integers(used, size=(sentences, ROLES)), 0))

    def exam(self, rng: np.random.Generator) -> np.ndarray:
        """Symbols [4 words]: sentences in which every word occurs exactly once, so that none tells another."""
        return self.translate(np.stack([rng.permutation(self.dictionary.shape[1]) for _ in range(ROLES)], 1))


def languages(rng: np.random.Generator, count: int, words: int, pool: int) -> list[Language]:
    """`count` languages of `words` words a role, no foreign word in two of them, from a pool of `pool` a role."""
    whole("count", count, 1, 1000)
    whole("words", words, 2, 10_000)
    whole("pool", pool, 2, 100_000)
    check(count * words <= pool, "pool", pool, f"{count} languages of {words} words need at least {count * words}")
    start = ROLES * words
    picks = np.stack([start + role * pool + rng.permutation(pool)[: count * words] for role in range(ROLES)])
    return [Language(part, rng.permutation(ROLES)) for part in picks.reshape(ROLES, count, words).swapaxes(0, 1)]
