"""When levels write: the plan by hand, and the weights that really change."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from nested_core.clock import due, schedule, writes
from nested_core.config import LearnerConfig, Level, StreamConfig
from nested_core.run import build
from nested_core.streams import open_stream

DIGITS = StreamConfig("permuted_digits", tasks=2, dwell=20, batch=8)
TEXT = StreamConfig("languages", tasks=2, dwell=20, batch=2, length=16)
SMALL = dict(width=16, layers=1, heads=2, chunk=4)


def test_the_plan_by_hand():
    assert schedule(8, (1, 2, 3)).astype(int).T.tolist() == [
        [1] * 8,
        [0, 1, 0, 1, 0, 1, 0, 1],
        [0, 0, 1, 0, 0, 1, 0, 0],
    ]
    assert [due(step, 4) for step in range(1, 6)] == [False, False, False, True, False]
    assert (writes(17, 4), writes(3, 4), writes(9, 2)) == (4, 0, 4)


def parts(learner):
    """Copies of what each level holds, in the order of its config's levels."""
    if learner.config.variant == "independent":
        return [torch.cat([b.features.flatten(), b.readout.W.flatten()]) for b in learner.blocks]
    if learner.config.variant == "sequential":
        return [part.clone() for part, _ in learner.parts]
    return [x.clone() for x in (learner.weights.vector, *learner.slow)]


LEARNERS = {
    "independent": LearnerConfig(
        "n", "mlp", "least_squares", "independent", (Level(1, 0.3), Level(2, 0.3), Level(4, 0.3)), width=12
    ),
    "nested": LearnerConfig("n", "mlp", "sgd", "nested", (Level(1, 0.1), Level(2, 0.5), Level(4, 0.5)), width=12),
    "sequential": LearnerConfig(
        "n", "hope", "adam", "sequential", (Level(1, 1e-3), Level(2, 1e-3), Level(4, 1e-3)), **SMALL
    ),
    "single": LearnerConfig("n", "transformer", "adam", "single", (Level(2, 1e-3),), **SMALL),
}


# pitfall 2, 37
@pytest.mark.parametrize("variant", LEARNERS)
def test_weights_change_exactly_when_their_level_is_due(variant):
    config = LEARNERS[variant]
    stream = open_stream(TEXT if config.model != "mlp" else DIGITS, 0)
    learner = build(config, stream, 0)
    changed, recorded = [], []
    for step in range(1, 10):
        before = parts(learner)
        seen = learner.step(stream.batch(step), step)
        changed.append([not torch.equal(a, b) for a, b in zip(before, parts(learner), strict=True)])
        recorded.append(seen.wrote[-len(config.levels) :])
    periods = [level.period for level in config.levels]
    counts = np.sum(changed, axis=0).tolist()
    assert counts == [9 // period for period in periods]  # 9 steps, period 2: 4 writes
    assert np.array_equal(changed, schedule(9, tuple(periods)))
    assert np.array_equal(recorded, changed)


@pytest.mark.parametrize("variant", ["independent", "nested", "sequential"])
def test_a_paused_level_never_changes_and_its_trace_is_flat(variant):
    config = LEARNERS[variant]
    config = replace(config, levels=(config.levels[0], replace(config.levels[1], paused=True), config.levels[2]))
    stream = open_stream(TEXT if config.model != "mlp" else DIGITS, 0)
    learner = build(config, stream, 0)
    before = parts(learner)[1]
    seen = [learner.step(stream.batch(step), step) for step in range(1, 9)]
    assert torch.equal(parts(learner)[1], before)
    paused = len(learner.levels) - 2
    assert not any(s.wrote[paused] or s.change[paused] for s in seen)
    assert sum(s.wrote[-1] for s in seen) == 2


# pitfall 1
def test_every_level_learns_from_each_sample_once_and_in_order():
    """Four levels, every sample tagged by its own constant input: what each level stores is its window, in order."""
    levels = tuple(Level(period, 0.3) for period in (1, 2, 4, 8))
    stream = open_stream(DIGITS, 0)
    learner = build(LearnerConfig("n", "mlp", "least_squares", "independent", levels, width=16), stream, 0)
    stored = [[] for _ in levels]
    for tags, block in zip(stored, learner.blocks, strict=True):
        block.inputs.store = lambda means, tags=tags: tags.extend(means[:, 0].tolist())
    for step in range(1, 17):
        batch = stream.batch(step)
        batch.x[:] = step
        learner.step(batch, step)
    assert all(tags == list(map(float, range(1, 17))) for tags in stored)
