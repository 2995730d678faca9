"""The stories of demos/tasks/stories.py: every answer follows from the sentences, read once from front to back."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from demos.tasks import stories
from demos.tasks.stories import BOXES, PEOPLE, PLACES, STORY, THINGS
from demos.training import IGNORE
from nested_core.config import ConfigError


def read(words: list[str]) -> tuple[list[list[str]], list[list[str]]]:
    """Sentences and questions, three words each, without what lies between."""
    spoken = [word for word in words if word in STORY]
    triples = [spoken[i : i + 3] for i in range(0, len(spoken), 3)]
    return [t for t in triples if t[0] != "where"], [t for t in triples if t[0] == "where"]


def solve(sentences: list[list[str]], what: str) -> str:
    """Where somebody or something is: into its box, to who took it, to where that person went last."""
    for relation in ("in", "took", "went"):
        for a, verb, b in sentences if relation != "went" else reversed(sentences):
            holder, held = (a, b) if relation == "took" else (b, a)
            if verb == relation and held == what:
                what = holder
                break
    return what


@pytest.mark.parametrize("facts", stories.FACTS)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), more=st.integers(0, 200), moves=st.integers(4, 12))
def test_every_answer_follows_from_the_sentences(facts, seed, more, moves):
    length = stories.shortest(facts, moves) + more
    x, y = (part[0].tolist() for part in stories.draw(facts, np.random.default_rng(seed), 1, length, moves))
    words = stories.words(x).split()
    sentences, questions = read(words)
    assert len(x) == len(y) == length and sum(word not in STORY for word in words) == more
    assert words[-12:] == [word for question in questions for word in question]  # they come last
    asked = {1: PEOPLE, 2: THINGS, 3: THINGS}[facts]
    assert len({what for _, what, _ in questions}) == len(questions) == stories.ASKED
    for _, what, place in questions:
        assert what in asked and place in PLACES and solve(sentences, what) == place
    answers = [STORY[a] for a in y if a != IGNORE]
    assert answers == [place for _, _, place in questions]
    assert all(a == IGNORE or x[i + 1] == a for i, a in enumerate(y))
    verbs = Counter(verb for _, verb, _ in sentences)
    assert verbs == Counter(went=moves, took=4 * (facts > 1)) + Counter({"in": 4 * (facts > 2)})
    if facts == 3:
        assert {b for _, verb, b in sentences if verb == "took"} == set(BOXES)


def test_draws_repeat_mix_and_scatter_the_facts():
    first, again = (stories.draw((1, 2, 3), np.random.default_rng(3), 48, 256) for _ in range(2))
    assert torch.equal(first.x, again.x) and torch.equal(first.y, again.y)
    verbs = [{word for word in stories.words(x.tolist()).split() if word in ("took", "in")} for x in first.x]
    assert {len(found) for found in verbs} == {0, 1, 2}
    x = stories.draw(1, np.random.default_rng(4), 300, 336).x
    where = (x == stories.NUMBER["went"]).double().argmax(1).double()  # the first of 8 sentences
    assert float(where.min()) < 5 and 30 < float(where.mean()) < 45  # a ninth of 300 words before it
    answers = Counter(stories.draw(1, np.random.default_rng(5), 400, 60).y[:, -2].tolist())
    assert max(answers.values()) < 400 / 8 * 1.5  # no place is a good guess


WRONG = [(4, 2, 128), (3, 2, 59), (1, 0, 64), (1, 2, 64.5), ((1, 5), 2, 128), (1, 2, 64, 3), (1, 2, 64, 20)]


@pytest.mark.parametrize("arguments", WRONG)
def test_invalid_sizes_are_refused_in_one_sentence(arguments):
    facts, *sizes = arguments
    with pytest.raises(ConfigError, match=r"cannot be used; .*\.$"):
        stories.draw(facts, np.random.default_rng(0), *sizes)
