"""The corpora of the language-modelling demo: held-out text is not trained on, the best prediction is exact."""

from itertools import product

import numpy as np
import pytest
import torch

from demos.tasks import corpora
from nested_core.config import ConfigError
from nested_core.rng import generator
from nested_core.streams.base import Batch


@pytest.mark.parametrize("part", corpora.PARTS)
def test_targets_are_one_ahead_and_draws_repeat(part):
    first, again, other = (corpora.draw(part, 3, generator(seed, "batch", 1), 4, 50) for seed in (3, 3, 4))
    assert first.x.shape == first.y.shape == (4, 50) and first.x.dtype == torch.int64
    assert torch.equal(first.x[:, 1:], first.y[:, :-1])
    assert torch.equal(first.x, again.x) and not torch.equal(first.x, other.x)
    assert int(first.x.min()) >= 0 and int(first.y.max()) < corpora.size(part)


@pytest.mark.parametrize("part", ["English", "Python"])
def test_held_out_text_is_the_last_tenth(part):
    alphabet, symbols = corpora.encoded()
    text = "".join(alphabet[i] for i in symbols[part])
    assert len(set(alphabet)) == len(alphabet) and len(text) > 100_000 and text == text.lower()
    cut = len(text) - len(text) // 10
    for held_out, where in ((True, text[cut:]), (False, text[:cut])):
        batch = corpora.draw(part, 0, generator(0, "x"), 50, 200, held_out)
        assert all("".join(alphabet[i] for i in row) in where for row in batch.x.tolist())


def test_the_best_prediction_sums_over_all_histories(monkeypatch):
    """Against the definition: the chance of a string is a sum over every course that the topic can take."""
    monkeypatch.setattr(corpora, "KINDS", 2)
    monkeypatch.setattr(corpora, "SYMBOLS", 3)
    corpora.chances.cache_clear()
    P, x = corpora.chances(5), np.array([0, 2, 1, 1, 0])

    def chance(string):
        total = 0.0
        for course in product(range(2), repeat=len(string)):  # the topic before the first symbol, and at each later one
            here = 1 / 2
            for t in range(1, len(string)):
                stays = corpora.SWITCH / 2 + (1 - corpora.SWITCH) * (course[t] == course[t - 1])
                here *= stays * P[course[t], string[t - 1], string[t]]
            total += here
        return total

    bits = corpora.best_bits(5, Batch(torch.tensor(x[None, :-1]), torch.tensor(x[None, 1:])))[0]
    expected = [-np.log2(chance(x[: t + 2]) / chance(x[: t + 1])) for t in range(len(x) - 1)]
    np.testing.assert_allclose(bits, expected, rtol=1e-10)
    corpora.chances.cache_clear()


def test_nobody_does_better_than_the_best_prediction():
    batch = corpora.draw("topics", 1, generator(1, "x"), 300, 100)
    x, y, best = batch.x.numpy(), batch.y.numpy(), corpora.best_bits(1, batch)
    counts = np.full((corpora.SYMBOLS, corpora.SYMBOLS), 1e-3)
    np.add.at(counts, (x.ravel(), y.ravel()), 1)  # fitted to the very text that it predicts
    alone = -np.log2((counts / counts.sum(1, keepdims=True))[x, y])
    assert alone.mean() - best.mean() > 1  # context is worth more than a bit
    assert best[:, :2].mean() - best[:, 20:].mean() > 0.3  # the topic is found in context
    known = -(corpora.chances(1) * np.log2(corpora.chances(1).clip(1e-300))).sum(-1).mean()
    assert best.mean() > known  # who is told the topic knows more


def test_bad_sizes_are_one_sentence():
    rng = generator(0, "x")
    for arguments, words in [
        (("French", 0, rng, 4, 10), "part: 'French'.*English"),
        (("English", 0, rng, 0, 10), "batch: 0"),
        (("topics", 0, rng, 4, 1), "length: 1"),
        (("Python", 0, rng, 4, 10**6), "length: 1000000"),
    ]:
        with pytest.raises(ConfigError, match=words):
            corpora.draw(*arguments)
