"""Invented languages, to be understood from glossed sentences only.

Nested Learning, 9.1 and figure 8, in miniature. A sentence has a subject, a verb, an object and a place. Each is one of
`words` in the common language; an invented language has a word of its own for every one of them, drawn from a pool of
foreign words, and a word order of its own. A text is written as field linguists write it down, each foreign word
followed by its translation:

    suli SHE kova HARBOUR mirt SEE tapo SHIP        eight symbols: foreign, common, foreign, common, ...

so who has read the dictionary off the earlier sentences can predict every translation. A foreign word has the same role
in all languages. Languages that are drawn together share no word.
"""

from dataclasses import dataclass

import numpy as np

from nested_core.config import check, whole

ROLES = 2
SENTENCE = 2 * ROLES  # symbols


def symbols(words: int, pool: int) -> int:
    return ROLES * (words + pool)


@dataclass(frozen=True)
class Language:
    """dictionary  [4, words]: the foreign word for every common one; order: which role stands first, second, ..."""

    dictionary: np.ndarray
    order: np.ndarray

    def translate(self, meanings: np.ndarray) -> np.ndarray:
        """Numbers of common words by role, [sentences, 4] -> symbols [8 sentences]."""
        words, roles = self.dictionary.shape[1], self.order
        meant = meanings[:, roles]
        return np.stack([self.dictionary[roles, meant], roles * words + meant], -1).reshape(-1)

    def text(self, rng: np.random.Generator, sentences: int) -> np.ndarray:
        """Symbols [8 sentences]; all words are equally frequent."""
        return self.translate(rng.integers(self.dictionary.shape[1], size=(sentences, ROLES)))

    def exam(self, rng: np.random.Generator) -> np.ndarray:
        """Symbols [8 words]: sentences in which every word occurs exactly once."""
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
