"""Invented languages: texts and exams are in their language, and nothing tells their words but the text itself."""

import numpy as np
import pytest
import torch

from demos import novel_languages as demo
from demos.tasks import invented
from nested_core.config import ConfigError
from nested_core.rng import generator
from nested_core.streaming import begin
from nested_core.trace import Trace

WORDS, POOL = 5, 16


def entries(text):
    """(foreign, common) of every word of a text."""
    return list(zip(text[0::2].tolist(), text[1::2].tolist(), strict=True))


def role(symbol):
    common = invented.ROLES * WORDS
    return symbol // WORDS if symbol < common else (symbol - common) // POOL


@pytest.mark.parametrize("seed", range(20))
def test_texts_keep_to_the_dictionary_and_the_word_order(seed):
    rng = generator(seed, "x")
    found = invented.languages(rng, 3, WORDS, POOL)
    owned = [set(language.dictionary.ravel().tolist()) for language in found]
    assert len(set.union(*owned)) == sum(map(len, owned)) == 3 * invented.ROLES * WORDS  # no word in two languages
    for language, mine in zip(found, owned, strict=True):
        used = int(rng.integers(1, WORDS + 1))
        text = language.text(rng, 40, used)
        assert text.shape == (40 * invented.SENTENCE,) and text.max() < invented.symbols(WORDS, POOL)
        meaning = {}
        for i, (foreign, common) in enumerate(entries(text)):
            assert foreign in mine and meaning.setdefault(foreign, common) == common
            assert role(foreign) == role(common) == language.order[i % invented.ROLES]
        assert len(set(meaning.values())) == len(meaning) <= invented.ROLES * used  # one to one
        exam = entries(language.exam(rng))
        assert sorted(c for _, c in exam) == list(range(invented.ROLES * WORDS)) and {f for f, _ in exam} == mine
        assert meaning.items() <= dict(exam).items()


def test_languages_differ_and_a_seed_repeats_them():
    drawn = [[x for s in range(200) for x in invented.languages(generator(s, "x"), 1, WORDS, POOL)] for _ in range(2)]
    assert all(np.array_equal(a.dictionary, b.dictionary) for a, b in zip(*drawn, strict=True))
    meant = {(f, c) for x in drawn[0] for f, c in entries(x.exam(generator(0, "y")))}
    assert len(meant) == invented.ROLES * WORDS * POOL  # any foreign word can mean any word of its role
    assert {tuple(x.order) for x in drawn[0]} == {(0, 1), (1, 0)}


def test_bad_sizes_are_one_sentence():
    rng = generator(0, "x")
    with pytest.raises(ConfigError, match="pool: 9 "):
        invented.languages(rng, 2, 5, 9)
    with pytest.raises(ConfigError, match="count: 0 "):
        invented.languages(rng, 0, 5, 9)
    (language,) = invented.languages(rng, 1, 5, 9)
    with pytest.raises(ConfigError, match="used: 6 "):
        language.text(rng, 3, 6)
    with pytest.raises(ConfigError, match="sentences: 0 "):
        language.text(rng, 0)


def test_every_text_is_read_first_once_and_second_once():
    texts, exams = demo.material(3, quick=True)
    half = demo.PAIRS
    for part in (texts, [x.transpose(0, 1) for x in exams]):
        assert torch.equal(part[0][:half], part[1][half:]) and torch.equal(part[0][half:], part[1][:half])
    for text, exam in zip(texts, exams, strict=True):
        for told, asked in zip(text.numpy(), exam.transpose(0, 1).numpy(), strict=True):
            known = dict(entries(told))
            assert all(known.items() <= dict(entries(e)).items() for e in asked)


def test_an_exam_counts_right_translations():
    class Knows(torch.nn.Module):
        """Says common word 0 whatever it reads."""

        blocks = ()

        def forward(self, x, state, fast):
            return torch.eye(demo.COMMON + 9)[torch.zeros_like(x)], None

    model = demo.build("hope", demo.HopeConfig(invented.symbols(demo.WORDS, demo.POOL), 8, 1, 1, 16), 0)
    state = begin(model, 2 * demo.PAIRS, demo.Rule())
    exams = demo.material(0, quick=True)[1][0]
    assert demo.examine(Knows(), state, exams) == pytest.approx(1 / demo.COMMON)  # every word is asked once


def test_claims_are_paired_differences_in_what_is_left_of_language_1():
    score = {"3 extra": 0.9, "2 extra": 0.7, "1 extra": 0.4, "in context": 0.2, "fastest alone": 0.95}
    alone = {"3 extra": 1.0, "2 extra": 0.8, "1 extra": 0.7, "in context": 0.8, "fastest alone": 1.0}
    rows = []
    for seed in range(3):
        for arm in demo.ARMS:
            channels = {
                "probe_step": np.array([0, 4, 8]), "online": np.zeros(8), "task": np.zeros(8),
                "diverged": np.zeros(8), "seconds": np.ones(8),
                "score": np.array([[0.1, 0.1], [alone[arm], 0.1], [score[arm] + seed / 100, 0.8]]),
            }  # fmt: skip
            meta = {
                "parameters": 1,
                "state": 1,
                "multiply_adds": 1,
                "steps": 8,
                "levels": [],
                "tasks": list(demo.TASKS),
            }
            trace = Trace(meta, channels)
            rows += demo.measure(demo.Job("novel_languages", demo.PART, arm, seed), trace)
    found = {c.id: c for c in demo.claims(rows)}
    assert found["keeps"].measured == pytest.approx(0.7) and found["keeps"].verdict == "reproduced"
    assert found["collapse"].measured == pytest.approx(0.59)
    assert found["2_extra_vs_1_extra"].measured == pytest.approx(0.3)
    assert found["3_extra_vs_fastest_alone"].verdict == "not reproduced"
    assert found["alone_1_extra"].measured == pytest.approx(-0.1)
    assert found["recovers"].measured == pytest.approx(0.7 - 0.59 / 2)
