"""Facts told over and over: what the demo of levels reads as needles."""

import pytest
import torch

from demos.levels import ARMS, PARTS, symbols
from demos.tasks import corpora, facts
from nested_core.config import ConfigError
from nested_core.rng import generator


def test_short_sequences_are_about_few_keys_that_keep_their_values():
    batch, again = (facts.draw(generator(0, "x"), 64, 33) for _ in range(2))
    assert torch.equal(batch.x, again.x) and batch.x.shape == batch.y.shape == (64, 33)
    assert torch.equal(batch.x[:, 1:], batch.y[:, :-1])
    known = set()
    for row in torch.cat([batch.x[:, :1], batch.y], 1).tolist():
        found = {}
        for key, value in zip(row[0::2], row[1::2], strict=True):
            assert key < facts.KEYS <= value < facts.SYMBOLS and found.setdefault(key, value) == value
        assert len(found) <= facts.FEW[1]
        known |= set(found.items())
    assert len(known) > 2 * facts.KEYS  # values differ from sequence to sequence


def test_every_round_tells_every_fact_once():
    x = facts.rounds(generator(0, "x"), 3, 5)
    assert x.shape == (3, 5 * 2 * facts.KEYS)
    for row in x.tolist():
        rounds = [row[i : i + 2 * facts.KEYS] for i in range(0, len(row), 2 * facts.KEYS)]
        told = [dict(zip(r[0::2], r[1::2], strict=True)) for r in rounds]
        assert all(len(t) == facts.KEYS and t == told[0] for t in told)
        assert len({tuple(r) for r in rounds}) == len(rounds)  # never in the same order


def test_a_cipher_exchanges_letters_alone():
    alphabet, table = corpora.encoded()[0], corpora.cipher(generator(0, "x"))
    assert sorted(table) == list(range(len(alphabet)))
    moved = {alphabet[i] for i in range(len(alphabet)) if table[i] != i}
    assert 15 < len(moved) <= 26 and moved <= set("abcdefghijklmnopqrstuvwxyz")


@pytest.mark.parametrize("part", PARTS)
def test_streams_differ_by_seed_and_results_read_text_that_tuning_does_not(part):
    one, again, other = (symbols(part, seed, 256) for seed in (0, 0, 1))
    assert torch.equal(one, again) and not torch.equal(one, other) and one.shape[1] == 256
    if part == "Python":
        text = "".join(corpora.encoded()[0][i] for i in corpora.encoded()[1][part])
        rows = {
            seed: ["".join(corpora.encoded()[0][i] for i in r) for r in symbols(part, seed, 256)] for seed in (0, 9000)
        }
        cut = len(text) - len(text) // 10
        assert all(r in text[cut:] for r in rows[0]) and all(r in text[:cut] for r in rows[9000])


def test_levels_are_ordered_from_fast_to_slow():
    for periods in ARMS.values():
        writing = [C for C in periods if C]
        assert len(periods) == 3 and writing == sorted(writing)


def test_bad_sizes_are_one_sentence():
    with pytest.raises(ConfigError, match="length: 1 "):
        facts.draw(generator(0, "x"), 4, 1)
    with pytest.raises(ConfigError, match="count: 0"):
        facts.rounds(generator(0, "x"), 4, 0)
