"""EWC, replay and joint training against what is known in closed form."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from demos.baselines import Ewc, Joint, Replay, Reservoir
from nested_core.config import Level, RunConfig, StreamConfig
from nested_core.mlp import MLP
from nested_core.nest import GradientLevels
from nested_core.presets import single_loop
from nested_core.run import build, run
from nested_core.streams import open_stream
from nested_core.streams.base import Batch

DIGITS = StreamConfig("permuted_digits", tasks=3, dwell=4, batch=8)
SINGLE = replace(single_loop(DIGITS), width=12)


class Bowl(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(3, dtype=torch.float64))


class QuadraticEwc(Ewc):
    """Loss: half of x (w - y)^2."""

    def _loss(self, batch):
        return 0.5 * (batch.x * (self.model.w - batch.y).square()).sum(), 0.0, 0


def test_ewc_ends_where_loss_and_penalties_balance():
    config = replace(SINGLE, levels=(Level(1, 0.2),))
    learner = QuadraticEwc(GradientLevels(config, Bowl(), 0), open_stream(DIGITS, 0), 0, strength=3.0)
    fishers = iter(torch.tensor([[1.0, 0.0, 2.0], [0.5, 1.0, 0.0]], dtype=torch.float64))
    learner.fisher = lambda x, draws: next(fishers)
    anchors, first = [], Batch(*torch.tensor([[2.0, 1.0, 1.0], [1.0, -1.0, 0.3]], dtype=torch.float64))
    for step in range(1, 9):  # the visits end after 4 and 8 steps
        learner.step(first, step)
        if step in (4, 8):
            anchors.append(learner.weights.vector.clone())
    F = torch.tensor([[1.0, 0.0, 2.0], [0.5, 1.0, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(learner.curvature, F.sum(0))
    torch.testing.assert_close(learner.pull, F[0] * anchors[0] + F[1] * anchors[1])
    a, b = torch.tensor([[1.0, 4.0, 0.5], [-2.0, 1.0, 5.0]], dtype=torch.float64)
    learner.stream = open_stream(replace(DIGITS, dwell=6_000), 0)  # no further end of a task
    for step in range(9, 150):
        learner.step(Batch(a, b), step)
    expected = (a * b + 3.0 * (F[0] * anchors[0] + F[1] * anchors[1])) / (a + 3.0 * F.sum(0))
    torch.testing.assert_close(learner.weights.vector, expected, rtol=1e-6, atol=1e-6)


def test_the_fisher_of_a_read_out_is_known():
    mlp = MLP(2, 3, torch.Generator().manual_seed(0), classes=4)
    learner = Ewc(GradientLevels(SINGLE, mlp, 0), open_stream(DIGITS, 0), 0, 1.0)
    x = torch.tensor([[0.5, -1.0], [1.0, 0.3]], dtype=torch.float64)
    found = learner.weights.view(learner.fisher(x.repeat(2000, 1), torch.Generator().manual_seed(1)), "readout")
    hidden = (torch.cat([x, torch.ones(2, 1, dtype=torch.float64)], 1) @ mlp.features.detach().T).relu()
    p = mlp(x).detach().softmax(1)
    expected = ((p * (1 - p))[:, :, None] * hidden.square()[:, None]).mean(0)
    torch.testing.assert_close(found, expected, rtol=0.1, atol=0.01)
    assert not learner.weights.gradient.any()


def test_a_reservoir_holds_every_sample_with_the_same_chance():
    size, offered, times = 5, 30, 3000
    counts = np.zeros(offered)
    for seed in range(times):
        reservoir = Reservoir(size, np.random.default_rng(seed))
        for part in torch.arange(offered).split(4):
            reservoir.offer(Batch(part, part))
        held = [int(x) for x, _ in reservoir.held]
        assert len(set(held)) == size
        counts[held] += 1
    p = size / offered
    assert (abs(counts - times * p) < 5 * (times * p * (1 - p)) ** 0.5).all()


def test_replay_mixes_half_and_half_and_joint_mixes_all_tasks():
    stream, batches = open_stream(DIGITS, 0), []

    class Watched(Replay):
        def step_on(self, mixed, batch, step):
            batches.append((mixed, batch))
            return super().step_on(mixed, batch, step)

    replay = Watched(build(SINGLE, stream, 0), stream, 0, size=20)
    seen: list[list[float]] = []
    for step in range(1, 9):
        batch = stream.batch(step)
        replay.step(batch, step)
        mixed = batches[-1][0]
        assert mixed.x.shape == batch.x.shape
        if step > 1:
            assert torch.equal(mixed.x[:4], batch.x[:4]) and all(row in seen for row in mixed.x[4:].tolist())
        seen += batch.x.tolist()
    joint = Joint(build(SINGLE, stream, 0), stream, 0)
    parts = [{tuple(row) for row in train.x.tolist()} for train in stream._train]
    total = np.zeros(3, int)
    for step in range(1, 4):
        rows = [tuple(row) for row in joint.mixed(step).x.tolist()]
        counts = np.array([sum(row in part for row in rows) for part in parts])
        assert len(rows) == 8 and counts.max() - counts.min() <= 1
        total += counts
    assert (total == 8).all()


@pytest.mark.parametrize("kind", [Ewc, Replay, Joint])
@pytest.mark.parametrize("text", [False, True])
def test_they_learn_in_a_run_and_are_tested_without_writing(kind, text):
    on = StreamConfig("languages", tasks=2, dwell=3, batch=2, length=16) if text else DIGITS
    config = replace(single_loop(on), width=16 if text else 12, layers=1, chunk=8, levels=(Level(1, 0.01),))
    made = []

    def make(config, stream, seed):
        made.append(kind(build(config, stream, seed), stream, seed, *((1.0,) if kind is Ewc else ())))
        return made[-1]

    trace = run(RunConfig(on, config, probe_every=3), 0, make=make)
    assert trace.finished and trace["wrote"].all() and not trace["diverged"].any()
    assert trace.meta["state"] >= made[0].state > 0 or kind is Joint
    before = made[0].weights.vector.clone()
    made[0].score(open_stream(on, 0).tests[0])
    assert torch.equal(made[0].weights.vector, before)
    assert run(RunConfig(on, config, probe_every=3), 0, make=make).same_events(trace)
