"""The five tasks of MAD: every answer can be found by a rule, from what stands before the question alone."""

import numpy as np
import pytest
import torch

from demos.tasks import mad
from nested_core.config import ConfigError
from nested_core.rng import generator


def rows(task, seed=0, batch=64):
    x, y = mad.draw(task, 7, generator(seed, "batch"), batch)
    return zip(x.tolist(), y.tolist(), strict=True)


@pytest.mark.parametrize("task", mad.TASKS)
def test_draws_repeat_and_stay_within_the_alphabet(task):
    a, b, other = (mad.draw(task, 7, generator(seed, "batch"), 8) for seed in (0, 0, 1))
    assert torch.equal(a.x, b.x) and torch.equal(a.y, b.y) and not torch.equal(a.x, other.x)
    assert a.x.shape == a.y.shape == (8, mad.TASKS[task][1].length)
    assert int(a.x.min()) >= 0 and int(a.x.max()) < mad.symbols(task)
    asked = a.y[a.y != mad.IGNORE]
    assert len(asked) > 8 and int(asked.min()) >= 0 and int(asked.max()) < mad.symbols(task)


@pytest.mark.parametrize("task", mad.TASKS)
def test_chance_is_what_guessing_one_answer_gets(task):
    answers = mad.draw(task, 7, generator(0, "batch"), 2000).y.flatten()
    counts = torch.bincount(answers[answers != mad.IGNORE])
    assert abs(float(counts.max() / counts.sum()) - mad.chance(task)) < 0.15 * mad.chance(task) + 0.01


def test_compression_asks_for_every_symbol_but_the_last():
    size = mad.TASKS["compression"][1]
    for x, y in rows("compression"):
        assert y == [*x[:-1], mad.IGNORE] and x[-1] == size.items and max(x[:-1]) < size.items


def test_recall_is_answered_by_the_pair_seen_before():
    for x, y in rows("recall"):
        found = {}
        for i in range(0, len(x), 2):
            assert y[i] == found.get(x[i], mad.IGNORE) and y[i + 1] == mad.IGNORE
            assert found.setdefault(x[i], x[i + 1]) == x[i + 1]  # a key keeps its value


def test_fuzzy_recall_is_answered_by_the_string_seen_before():
    items, repeats, lengths = mad.TASKS["fuzzy recall"][1].items, 0, set()
    for x, y in rows("fuzzy recall"):
        found, i = {}, 0
        while i < len(x):
            spans = []
            for belongs in (lambda s: s < items, lambda s: s >= items):
                start = i
                while i < len(x) and belongs(x[i]):
                    i += 1
                spans.append((start, i))
            (a, b), (_, c) = spans
            key, value, asked = tuple(x[a:b]), x[b:c], y[max(b - 1, 0) : c - 1]
            if key in found and value:
                assert asked == value == found[key][: len(value)]  # the end of a sequence may cut a value
                repeats += 1
                lengths |= {len(key), len(value)}
            else:
                assert set(asked) <= {mad.IGNORE}
                found[key] = value
    assert repeats > 64 and lengths == {1, 2, 3}


def test_selective_copy_asks_for_what_was_no_blank_in_order():
    size = mad.TASKS["selective copy"][1]
    for x, y in rows("selective copy"):
        now = x.index(size.items + 1)
        copied = [s for s in x[:now] if s != size.items]
        assert len(copied) == size.copied and y[now : now + size.copied] == copied
        assert set(y[:now] + y[now + size.copied :]) == {mad.IGNORE} and set(x[now + 1 :]) == {size.items}


def test_memorisation_hides_values_that_never_change():
    known, size = {}, mad.TASKS["memorisation"][1]
    for seed in (0, 1):
        for x, y in rows("memorisation", seed):
            for i in range(0, len(x), 2):
                assert x[i] < size.items and x[i + 1] == mad.symbols("memorisation") - 1 and y[i] == mad.IGNORE
                assert known.setdefault(x[i], y[i + 1]) == y[i + 1]
    assert len(set(known.values())) == mad.VALUES
    other = mad.draw("memorisation", 8, generator(0, "batch"), 64)
    assert (
        np.mean(
            [
                known.get(k, -1) == v
                for k, v in zip(other.x[:, ::2].flatten().tolist(), other.y[:, 1::2].flatten().tolist(), strict=True)
            ]
        )
        < 0.2
    )


def test_bad_input_is_one_sentence():
    with pytest.raises(ConfigError, match=r"task: 'copy'.*recall"):
        mad.draw("copy", 0, generator(0, "x"), 4)
    with pytest.raises(ConfigError, match="batch: 0"):
        mad.draw("recall", 0, generator(0, "x"), 0)


def test_the_decoder_sees_the_last_state_alone():
    decoder, x = mad.Decoder(6, 4, 5), torch.randn(2, 4, 6)
    other = x.clone()
    other[:, :-1] = 0
    assert decoder(x).shape == (2, 4, 5) and torch.equal(decoder(x), decoder(other))
    assert not torch.equal(decoder(x)[:, 0], decoder(x)[:, 1])
