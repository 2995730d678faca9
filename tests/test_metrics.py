"""Metrics against matrices worked out by hand."""

import math

import numpy as np
import pytest

from nested_core.metrics import (
    average_accuracy,
    average_incremental_accuracy,
    backward_transfer,
    forgetting,
    forward_transfer,
    learned_accuracy,
)

R = [[0.90, 0.20, 0.10], [0.95, 0.85, 0.15], [0.60, 0.75, 0.80]]
BEFORE = [0.10, 0.10, 0.10]


# pitfall 35
def test_worked_example():
    assert average_accuracy(R) == pytest.approx(0.7167, abs=1e-4)
    assert learned_accuracy(R) == pytest.approx(0.85)
    assert backward_transfer(R) == pytest.approx(-0.20)
    assert forward_transfer(R, BEFORE) == pytest.approx(0.075)
    assert forgetting(R) == pytest.approx(0.225)  # task 1 peaked after task 2
    assert average_incremental_accuracy(R) == pytest.approx(0.8389, abs=1e-4)


def test_bits_have_the_same_meaning_with_the_sign_flipped():
    bits = 5 - 4 * np.array(R)
    assert forgetting(bits, lower_is_better=True) == pytest.approx(4 * 0.225)
    assert backward_transfer(bits, lower_is_better=True) == pytest.approx(-4 * 0.20)
    assert forward_transfer(bits, 5 - 4 * np.array(BEFORE), lower_is_better=True) == pytest.approx(4 * 0.075)


# pitfall 34
def test_few_tasks_and_chance():
    for metric in (forgetting, backward_transfer, forward_transfer):
        assert math.isnan(metric([[0.9]]))
    assert forgetting([[0.9, 0.1], [0.7, 0.9]]) == pytest.approx(0.2)
    chance = np.full((4, 4), 0.1)
    assert (forgetting(chance), average_accuracy(chance)) == (0, pytest.approx(0.1))


# pitfall 35
def test_inputs_are_left_alone_and_checked():
    matrix = np.array(R)
    for _ in range(2):
        forgetting(matrix, lower_is_better=True)
    assert np.array_equal(matrix, R)
    with pytest.raises(ValueError, match="square matrix"):
        average_accuracy([0.1, 0.2])
