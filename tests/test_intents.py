"""Utterances for class-incremental learning, and the frozen network that reads them."""

from collections import Counter

import numpy as np
import pytest
import torch

from demos.backbone import D, Encoder, InContext, Reader
from demos.tasks.classes import CLASSES, PARTS
from demos.tasks.intents import (
    ACTIONS,
    FILLERS,
    INTENTS,
    KINDS,
    NUMBER,
    OBJECTS,
    VOCABULARY,
    draw,
    phrases,
    split,
    utterance,
)
from nested_core.config import ConfigError, LearnerConfig, Level
from nested_core.streams.base import Batch


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("classes", [2, 7, 10, 40, 50])
def test_a_split_leaves_every_action_and_object_for_pre_training(classes):
    new, other = split(rng(classes), classes)
    assert len(new) == len(set(new)) == classes and sorted(new + other) == sorted(INTENTS)
    for i, names in enumerate((ACTIONS, OBJECTS)):
        used = Counter(intent[i] for intent in new)
        assert max(used.values()) <= -(-classes // 10) + 1 and {intent[i] for intent in other} == set(names)
    assert split(rng(classes), classes) == (new, other) != split(rng(classes + 1), classes)


def test_training_and_test_utterances_share_only_the_words_of_their_intent():
    fillers = {kind: {w for text in FILLERS[kind].values() for w in text.split()} for kind in ("train", "test")}
    assert not fillers["train"] & fillers["test"]
    for intent in INTENTS[::7]:
        said = {k: [utterance(rng(i), intent, k) for i in range(60)] for k in KINDS}
        assert not {tuple(u) for u in said["train"]} & {tuple(u) for u in said["test"]}
        for kind, other in (("train", "test"), ("test", "train")):
            assert all(not fillers[other] & set(words) for words in said[kind])
        for kind in KINDS:
            for words in said[kind]:
                text = f" {' '.join(words)} "
                assert any(f" {p} " in text for p in phrases(intent[0], kind))
                assert any(f" {p} " in text for p in phrases(intent[1], kind))
                assert 4 <= len(words) <= 18 and set(words) <= set(VOCABULARY)


def test_generic_text_lacks_the_rare_words():
    common = {w for name in ACTIONS | OBJECTS for p in phrases(name, "generic") for w in p.split()}
    rare = {w for name in ACTIONS | OBJECTS for p in phrases(name, "train") for w in p.split()} - common
    generic = {w for i, intent in enumerate(INTENTS * 3) for w in utterance(rng(i), intent, "generic")}
    stream = {w for i, intent in enumerate(INTENTS * 3) for w in utterance(rng(i), intent, "train")}
    assert len(rare) >= 20 and not rare & generic and len(rare & stream) > 15


def test_draws_are_numbers_of_words_and_reproducible():
    a, b = draw(rng(3), INTENTS[5], "test", 4), draw(rng(3), INTENTS[5], "test", 4)
    assert len(a) == 4 and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
    assert [NUMBER[w] for w in utterance(rng(3), INTENTS[5], "test")] == a[0].tolist()


@pytest.mark.parametrize(
    ("call", "words"),
    [(lambda: split(rng(), 51), "classes: 51 .*2 to 50"), (lambda: split(rng(), 1), "classes: 1 "),
     (lambda: draw(rng(), ("book", "moon"), "train", 3), "intent: .*action and an object"),
     (lambda: draw(rng(), INTENTS[0], "exam", 3), "kind: 'exam'"),
     (lambda: draw(rng(), INTENTS[0], "test", 0), "n: 0 ")],
)  # fmt: skip
def test_a_bad_size_is_one_sentence(call, words):
    with pytest.raises(ConfigError, match=words):
        call()


def test_a_reader_answers_from_its_context_as_it_was_trained():
    torch.manual_seed(0)
    reader, x, y = Reader(6, 5), torch.randn(7, 6), torch.randint(5, (7,))
    for n in (0, 1, 4):
        found = reader.answer(x[:n], y[:n], x[n:])
        for i, query in enumerate(x[n:]):
            row = torch.cat([x[:n], query[None]])[None]
            torch.testing.assert_close(
                found[i], reader(row, torch.cat([y[:n], y[:1]])[None])[0, -1], rtol=1e-4, atol=1e-5
            )
    torch.testing.assert_close(reader.features(x)[2:3], reader.features(x[2:3]), rtol=1e-4, atol=1e-5)


def test_an_encoded_utterance_does_not_depend_on_its_neighbours():
    torch.manual_seed(0)
    encoder, said = Encoder(), [draw(rng(i), INTENTS[i], "train", 1)[0] for i in range(5)]
    together = encoder(said)
    assert together.shape == (5, D)
    for alone, x in zip(said, together, strict=True):
        torch.testing.assert_close(encoder([alone])[0], x, rtol=1e-4, atol=1e-5)
    assert float(encoder.loss(said, list(INTENTS[:5]), rng()).detach()) > 0


def test_the_context_holds_the_latest_examples_of_every_class_and_no_weight_moves():
    torch.manual_seed(0)
    reader = Reader(3, 4)
    config = LearnerConfig("icl", "mlp", "sgd", "single", (Level(1, 1.0, paused=True),))
    learner, before = InContext(config, reader, 6, 0), [p.clone() for p in reader.parameters()]
    x = torch.arange(60.0).view(20, 3)
    for step, start in enumerate(range(0, 20, 5), 1):
        labels = torch.tensor([0, 0, 1, 2, 2]) if start < 15 else torch.tensor([2, 2, 2, 2, 0])
        learner.step(Batch(x[start : start + 5], labels), step)
    held, labels = learner.context()
    assert labels.tolist() == [0, 1, 2, 0, 1, 2] and held[:, 0].tolist() == [33, 21, 51, 57, 36, 54]
    assert all(torch.equal(p, q) for p, q in zip(before, reader.parameters(), strict=True))
    assert learner.memory().shape == (1, 6, 3) and 0 <= learner.score(Batch(x, labels.repeat(4)[:20])) <= 1


@pytest.mark.parametrize(("part", "tasks"), [("digits", 5), ("intents", 10)])
def test_classes_arrive_in_groups_that_never_return_and_the_world_is_another(part, tasks):
    stream, world, encoder = PARTS[part](3, True, lambda share: None)
    groups = [set(b.y.tolist()) for b in stream.train]
    assert len(groups) == tasks and sorted(c for g in groups for c in g) == list(range(CLASSES[part]))
    assert [set(b.y.tolist()) for b in stream.tests] == groups and (encoder is None) == (part == "digits")
    batch = stream.batch(1 + stream.config.dwell)
    assert set(batch.y.tolist()) <= groups[1] and batch.x.shape == (16, stream.size)
    held_out = {tuple(row) for b in stream.tests for row in b.x.tolist()}
    shown = {tuple(row) for x in [*world(rng()), *(b.x for b in stream.train)] for row in x.tolist()}
    assert len(held_out & shown) <= 0.01 * len(held_out)
