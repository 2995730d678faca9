"""The haystacks of demos/tasks/needle.py: what is asked stands in them, once, and nowhere else."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from demos.tasks import needle
from demos.training import IGNORE
from nested_core.config import ConfigError

FIXED = {"needles": {"passkey": 1, "number": 1, "uuid": 1, "multi-key": 4, "multi-query": 4, "multi-value": 2}}


def needles(x: list[int], digits: int) -> list[tuple[int, list[int]]]:
    """(key, value) of every needle, in order."""
    return [(x[i + 1], x[i + 2 : i + 2 + digits]) for i, symbol in enumerate(x) if symbol == needle.NEEDLE]


def answers(x: list[int], y: list[int], digits: int) -> list[tuple[int, list[int]]]:
    """(what was asked, answer) of every question, in order; after each answered symbol the answer itself follows."""
    found = []
    for i, symbol in enumerate(x):
        if symbol == needle.ASK:
            assert x[i + 2 : i + 2 + digits] == y[i + 1 : i + 1 + digits] and y[i] == IGNORE
            found.append((x[i + 1], y[i + 1 : i + 1 + digits]))
    assert sum(a != IGNORE for a in y) == digits * len(found)
    return found


@pytest.mark.parametrize("name", needle.KINDS)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), more=st.integers(0, 200))
def test_every_answer_stands_in_the_haystack(name, seed, more):
    kind = needle.KINDS[name]
    length = kind.shortest + more
    x, y = (part[0].tolist() for part in needle.draw(name, np.random.default_rng(seed), 1, length))
    assert len(x) == len(y) == length and min(x) >= 0 and max(x) < needle.SYMBOLS
    hidden, asked = needles(x, kind.digits), answers(x, y, kind.digits)
    assert len(hidden) == FIXED["needles"][name] and len(asked) == kind.asked
    assert all(digit < kind.base for _, value in hidden for digit in value)
    if name == "multi-value":  # both have one key, and are asked for in the order in which they stand
        assert len({key for key, _ in hidden}) == 1 and asked[0][0] == hidden[0][0] and asked[1][0] == needle.ALSO
        assert [value for _, value in asked] == [value for _, value in hidden]
    else:
        assert len(dict(hidden)) == len(hidden) and len(dict(asked)) == len(asked)
        assert all(dict(hidden)[key] == value for key, value in asked)
    noise = [s for s in x if needle.FIRST_WORD <= s < needle.NEEDLE]
    assert len(noise) == more  # everything else belongs to needles and questions
    if name == "passkey":
        assert noise == np.resize(needle.SENTENCE, more).tolist()


def test_batches_are_reproducible_mix_kinds_and_spread_needles():
    first, again = (needle.draw(tuple(needle.KINDS), np.random.default_rng(5), 64, 128) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    asked = set((first.y != IGNORE).sum(1).tolist())
    assert asked == {kind.asked * kind.digits for kind in needle.KINDS.values()}
    where = (needle.draw("number", np.random.default_rng(6), 400, 112).x == needle.NEEDLE).int().argmax(1).double()
    assert abs(float(where.mean()) - 50) < 6 and float(where.min()) < 5 and float(where.max()) > 95


@pytest.mark.parametrize("arguments", [("hay", 2, 64), ("uuid", 2, 19), ("uuid", 0, 64), ("uuid", 2, 2.5)])
def test_invalid_sizes_are_refused_in_one_sentence(arguments):
    name, batch, length = arguments
    with pytest.raises(ConfigError, match=r"cannot be used; .*\.$"):
        needle.draw(name, np.random.default_rng(0), batch, length)
