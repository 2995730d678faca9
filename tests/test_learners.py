"""What each mechanism does, in closed form."""

import pytest
import torch

from nested_core.config import LearnerConfig, Level, StreamConfig
from nested_core.least_squares import AssociativeReadout, InputMemory
from nested_core.memory import delta, hebbian
from nested_core.mlp import Block
from nested_core.ops.self_modifying import MEMORY
from nested_core.run import build
from nested_core.state import map_state
from nested_core.streams import open_stream

DIGITS = StreamConfig("permuted_digits", tasks=2, dwell=20, batch=8)


def data(n, d, seed=0):
    return torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_two_values_for_one_key():
    x, (v, w) = torch.nn.functional.normalize(data(1, 5)[0], dim=0), data(2, 3, seed=1)
    empty = torch.zeros(3, 5, dtype=torch.float64)
    torch.testing.assert_close(hebbian(hebbian(empty, x, v), x, w) @ x, v + w)
    torch.testing.assert_close(delta(delta(empty, x, v), x, w) @ x, w)
    other = torch.linalg.svd(x[None])[2][-1]
    torch.testing.assert_close(delta(hebbian(empty, other, v), x, w) @ other, v)


@pytest.mark.parametrize("windows", [[1] * 30, [7, 7, 16], [30], [3, 20, 7]])  # 20 and 30 exceed the 9 inputs
def test_the_associative_readout_always_holds_the_ridge_solution(windows):
    x, y = data(30, 9), data(30, 4, seed=1)
    memory, start = AssociativeReadout(9, 4), 0
    for n in windows:
        memory.write(x[start : start + n], y[start : start + n])
        start += n
    ridge = torch.linalg.solve(x.T @ x + torch.eye(9, dtype=x.dtype), x.T @ y).T
    torch.testing.assert_close(memory.W, ridge)


def test_the_least_squares_memory_keeps_answers_to_old_inputs():
    old, memory = data(4, 9), InputMemory(9, damping=1e-8)
    memory.store(old)
    gradient = data(5, 9, seed=1)
    write = memory.project(gradient)
    assert float((write @ old.T).abs().max()) < 1e-6
    new = torch.linalg.svd(old)[2][-1]  # orthogonal to every old input: written in full
    torch.testing.assert_close(write @ new, gradient @ new)
    torch.testing.assert_close(InputMemory(9, 1.0).project(gradient), gradient)  # nothing stored, nothing held back


@pytest.mark.parametrize("rule", ["sgd", "adam"])
def test_a_level_that_keeps_r_shrinks_by_r_at_every_write(rule):
    """Without a gradient (a rate of 1e-12) k writes leave r^k of the weights, and of what a slower level holds."""
    levels = (
        Level(1, 1e-12, retention=0.9),
        Level(3, 1e-12, retention=0.5),
        Level(4, 1e-12, paused=True, retention=0.1),
    )
    stream = open_stream(DIGITS, 0)
    learner = build(LearnerConfig("n", "mlp", rule, "nested", levels, width=12), stream, 0)
    start = learner.weights.vector.clone()
    seen = [learner.step(stream.batch(step), step) for step in (1, 2, 3)]
    torch.testing.assert_close(learner.slow[0], 0.5 * start)
    torch.testing.assert_close(learner.weights.vector, 0.5 * start)  # it restarted there
    torch.testing.assert_close(learner.slow[1], start)
    assert seen[0].change[0] == pytest.approx(0.1) and seen[2].change[1] == pytest.approx(0.5)
    learner.edit((Level(1, 1e-12, retention=0.2), *levels[1:]))
    learner.step(stream.batch(4), 4)
    torch.testing.assert_close(learner.weights.vector, 0.2 * 0.5 * start)
    torch.testing.assert_close(learner.slow[0], 0.5 * start)


def test_a_block_that_keeps_r_shrinks_features_and_readout():
    block = Block(5, 7, rate=0.3, damping=0.1, generator=torch.Generator().manual_seed(0))
    features, block.readout.W = block.features.clone(), data(10, 7)
    readout, nothing = block.readout.W.clone(), torch.zeros(4, 7, dtype=torch.float64)
    for _ in range(3):
        block.collect(torch.zeros_like(features), data(4, 6), nothing, torch.zeros(4, 10, dtype=torch.float64))
        block.write(0.8)
    torch.testing.assert_close(block.features, 0.8**3 * features)
    torch.testing.assert_close(block.readout.W, 0.8**3 * readout)


def test_nested_transfer_by_hand():
    """When its period ends a slower level moves a fraction toward the faster weights; all faster ones restart there."""
    levels = (Level(1, 0.1), Level(2, 0.25), Level(4, 0.5))
    stream = open_stream(DIGITS, 0)
    learner = build(LearnerConfig("n", "mlp", "sgd", "nested", levels, width=12), stream, 0)
    alone = build(LearnerConfig("s", "mlp", "sgd", "single", levels[:1], width=12), stream, 0)
    middle = slow = start = alone.weights.vector.clone()
    assert torch.equal(learner.weights.vector, start)
    for step in range(1, 5):
        learner.step(stream.batch(step), step)
        alone.step(stream.batch(step), step)  # the fast level between two restarts is the single loop
        if step % 2 == 0:
            middle = middle + 0.25 * (alone.weights.vector - middle)
            if step % 4 == 0:
                slow = slow + 0.5 * (middle - slow)
                middle = slow
            alone.weights.vector.copy_(middle)
        torch.testing.assert_close(learner.weights.vector, alone.weights.vector)
    torch.testing.assert_close(learner.slow[0], middle)
    torch.testing.assert_close(learner.slow[1], slow)


def test_one_window_is_one_step_on_the_summed_gradient():
    stream = open_stream(DIGITS, 0)
    learner = build(LearnerConfig("s", "mlp", "sgd", "single", (Level(3, 0.01),), width=12), stream, 0)
    start = learner.weights.vector.clone()
    total = torch.zeros_like(start)
    for step in range(1, 4):
        model = build(LearnerConfig("s", "mlp", "sgd", "single", (Level(3, 0.01),), width=12), stream, 0).model
        batch = stream.batch(step)
        loss = torch.nn.functional.cross_entropy(model(batch.x), batch.y)
        total += torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(model.parameters()))])
        learner.step(batch, step)
    clipped = total * min(1.0, 1.0 / float(total.norm()))
    torch.testing.assert_close(learner.weights.vector, start - 0.01 * clipped)


# pitfall 19
def test_testing_writes_nothing():
    levels = (Level(1, 1e-3), Level(2, 0.5))
    stream = open_stream(StreamConfig("languages", tasks=2, dwell=4, batch=2, length=16), 0)
    learner = build(LearnerConfig("n", "hope", "adam", "nested", levels, width=16, layers=1, chunk=4), stream, 0)
    learner.step(stream.batch(1), 1)

    def held():
        optimizer = [x for p in learner.optimizers[0].state.values() for x in p.values()]
        return [x.clone() for x in (learner.weights.vector, learner.weights.gradient, *learner.slow, *optimizer)]

    before, memory = held(), learner.memory()
    assert len(before) == 6
    for test in stream.tests:
        learner.score(test)
        learner.level_scores(test)
    assert all(torch.equal(a, b) for a, b in zip(before, held(), strict=True))
    assert (learner.memory() == memory).all()


def test_what_is_read_in_context_is_not_mixed_with_what_the_optimizer_writes():
    stream = open_stream(StreamConfig("languages", tasks=2, dwell=4, batch=2, length=16), 0)
    sizes = dict(width=16, layers=1, heads=2, chunk=4)
    changes = [
        build(LearnerConfig("s", "hope", "adam", "single", (Level(1, rate),), **sizes), stream, 0)
        .step(stream.batch(1), 1)
        .change
        for rate in (1e-6, 1.0)
    ]
    assert changes[0][0] == changes[1][0] > 0  # reading came first
    assert changes[1][1] > 100 * changes[0][1]


SMALL = dict(width=16, layers=1, heads=2, chunk=4)
CLOCKS = (Level(1, 1e-3), Level(3, 0.1))
LEARNERS = {
    "independent": LearnerConfig("n", "mlp", "least_squares", "independent", CLOCKS, width=12),
    "nested": LearnerConfig("n", "mlp", "adam", "nested", CLOCKS, width=12),
    "nested hope": LearnerConfig("n", "hope", "adam", "nested", CLOCKS, **SMALL),
    "sequential": LearnerConfig("n", "hope", "adam", "sequential", CLOCKS, **SMALL),
    "two layers": LearnerConfig("n", "hope", "adam", "nested", CLOCKS, **SMALL | {"layers": 2}),
    "an open window": LearnerConfig("n", "transformer", "adam", "single", CLOCKS[1:], **SMALL),
}


def grown(path, x):
    """The memory of the second layer with one number, of the last sample and head, that a norm behind it would hide."""
    if path != "state.1.memories.memory.0":
        return x
    x = x.detach().clone(memory_format=torch.contiguous_format)
    x.view(-1)[-1] = -1e20
    return x


def spoil(learner, batch, where):
    """Make the next loss, or its gradient alone, something that is not a number, or a number in a memory too large."""
    if where == "input":
        return batch._replace(x=torch.where(torch.arange(len(batch.x))[:, None] == 1, torch.inf, batch.x))
    plain = learner._loss

    def broken(batch):
        del learner._loss
        loss, *rest = plain(batch)
        if where == "memory":
            learner._state = map_state(grown, learner._state)
            return loss, *rest
        zero = next(learner.model.parameters()).square().sum() * 0
        return loss + (zero / 0 if where == "loss" else zero.sqrt()), *rest  # sqrt(0) has value 0, and no slope

    learner._loss = broken
    return batch


@pytest.mark.parametrize(
    ("name", "where"),
    [("independent", "input"), ("nested", "input"), ("two layers", "memory")]
    + [(name, where) for name in LEARNERS if name != "independent" for where in ("loss", "gradient")],
)
def test_a_step_that_diverges_leaves_the_learner_as_if_the_batch_had_not_come(name, where):
    text = StreamConfig("languages", tasks=2, dwell=20, batch=2, length=16)
    stream = open_stream(DIGITS if LEARNERS[name].model == "mlp" else text, 0)
    learner, other = (build(LEARNERS[name], stream, 0) for _ in range(2))
    for each in (learner, other):
        each.step(stream.batch(1), 1)
    seen, shown = learner.step(spoil(learner, stream.batch(2), where), 2), other.memory()
    assert seen.diverged and not seen.wrote.any() and not seen.change.any()
    assert len(seen.surprise) == len(learner.levels) and (learner.memory() == shown).all()
    for step in (3, 4):  # both levels write at step 3, from windows and moments without the broken batch
        mine, theirs = (each.step(stream.batch(step), step) for each in (learner, other))
        assert not mine.diverged and mine.online == theirs.online
        assert mine.change.tolist() == theirs.change.tolist() and (mine.wrote.any() or step == 4)
    assert (learner.memory() == other.memory()).all()
    assert [learner.score(test) for test in stream.tests] == [other.score(test) for test in stream.tests]


def test_a_memory_that_is_too_large_is_an_event_though_loss_and_gradients_are_as_they_should_be():
    stream = open_stream(StreamConfig("languages", tasks=2, dwell=20, batch=2, length=16), 0)
    learner = build(LEARNERS["two layers"], stream, 0)
    assert not learner.step(stream.batch(1), 1).diverged
    with torch.no_grad():
        learner.model.blocks[1].mixer.initial[0][:, MEMORY] *= 1e6  # of the second layer; its answer is normalised
    seen, before = learner.step(stream.batch(2), 2), learner.snapshot()
    assert seen.diverged and not seen.wrote.any() and 0 < seen.online < 10
    learner.step(stream.batch(3), 3)
    assert torch.equal(learner.snapshot(), before)
