"""Continuum memories as functions, and levels as clocks: who is written, when, with which data points."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nested_core.cms import ContinuumMemory
from nested_core.hope import Hope, HopeConfig
from nested_core.levels import Clock, Levels
from nested_core.ops.orthogonalize import newton_schulz
from nested_core.optim import Muon

CONFIG = HopeConfig(vocab_size=11, d_model=8, n_layers=1, n_heads=2, chunk=4, periods=(2, 4, 8), hidden=6)


def memory(variant, periods=(2, 4, 8)):
    torch.manual_seed(0)
    return ContinuumMemory(8, 6, periods, variant).double()


def numbers(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


# pitfall 6
def test_the_joins_by_hand_and_on_the_same_weights():
    """Eq. 70 and 74; nested is the chain, and differs only in where its weights come from (`test_streaming`)."""
    x, chain, side = numbers(2, 5, 8), memory("sequential"), memory("independent")
    side.load_state_dict(chain.state_dict(), strict=False)
    y = x
    for block in chain:
        y = y + F.gelu(block.norm(y) @ block.up.weight.T) @ block.down.weight.T
    torch.testing.assert_close(chain(x), y)
    assert torch.equal(memory("nested")(x), chain(x))
    mean = x + sum(F.gelu(block.norm(x) @ block.up.weight.T) @ block.down.weight.T for block in chain) / 3
    torch.testing.assert_close(side(x), mean)
    assert float((side(x) - chain(x)).detach().abs().max()) > 0.1


@pytest.mark.parametrize("only", [0, 1, 2])
def test_independent_with_one_weight_is_that_block_alone(only):
    x, side = numbers(2, 5, 8), memory("independent")
    with torch.no_grad():
        side.mix.copy_(F.one_hot(torch.tensor(only), 3))
    assert torch.equal(side(x), side[only](x))


@pytest.mark.parametrize("variant", ["sequential", "independent"])
def test_weights_given_for_a_sample_take_the_place_of_the_blocks_own(variant):
    x, cms, other = numbers(3, 5, 8), memory(variant), memory(variant)
    with torch.no_grad():
        for p in other[1].parameters():
            p.add_(0.1 * numbers(*p.shape, seed=1))
        other[1].norm.load_state_dict(cms[1].norm.state_dict())  # the norm stays slow
    before = {name: p.clone() for name, p in cms.named_parameters()}
    up, down = (torch.stack([W, V, W]) for W, V in zip(weights(cms[1]), weights(other[1]), strict=True))
    y = cms(x, (None, (up, down), None))
    torch.testing.assert_close(y[[0, 2]], cms(x)[[0, 2]])
    torch.testing.assert_close(y[1], other(x)[1])
    assert all(torch.equal(p, before[name]) for name, p in cms.named_parameters())


def weights(block):
    return block.up.weight.detach(), block.down.weight.detach()


def test_the_variants_in_hope():
    models = {v: Hope(replace(CONFIG, cms=v)) for v in ("sequential", "nested", "independent")}
    names = {v: {name for name, _ in m.named_parameters()} for v, m in models.items()}
    assert {"blocks.0.cms.0.norm.weight", "blocks.0.cms.2.up.weight", "blocks.0.cms.2.down.weight"} < names["nested"]
    assert names["sequential"] == names["nested"]
    assert names["independent"] - names["nested"] == {"blocks.0.cms.mix"}
    logits, _ = models["independent"](torch.arange(11)[None])
    logits.logsumexp(-1).sum().backward()
    assert all(p.grad is not None and float(p.grad.abs().max()) > 0 for p in models["independent"].parameters())
    with pytest.raises(ValueError, match=r"cms: 'parallel' cannot be used; choose one of"):
        replace(CONFIG, cms="parallel")


# Levels on their own.


# pitfall 1, 3
@pytest.mark.parametrize("cuts", [[1] * 17, [16, 1], [3, 3, 3, 3, 3, 2], [17]])
def test_each_level_takes_each_data_point_once_in_order_and_writes_floor_T_over_C_times(cuts):
    """Four levels; the gradient of data point t is the t-th unit vector, so weights and windows name their points."""
    periods, eye = (1, 2, 4, 12), torch.eye(17, dtype=torch.float64)
    levels = Levels([Clock(C, 1.0) for C in periods])
    state, count = levels.start([(torch.zeros(17, dtype=torch.float64),) for _ in periods]), [0, 0, 0, 0]
    for cut in cuts:
        end = state.position + cut
        while state.position < end:  # what the driver does: cut where a level is due
            n = min(levels.room(state.position), end - state.position)
            before, here = state, eye[state.position : state.position + n].sum(0)
            state, wrote = levels.advance(state, [(here * (i + 1),) for i in range(4)], n)
            for i, C in enumerate(periods):
                written = state.position // C * C  # points whose window has ended
                expected = -(i + 1) * eye[:written].sum(0)
                assert torch.equal(state.levels[i].weights[0], expected)
                assert torch.equal(state.levels[i].window[0], (i + 1) * eye[written : state.position].sum(0))
                changed = not torch.equal(state.levels[i].weights[0], before.levels[i].weights[0])
                assert changed == wrote[i]
                count[i] += changed
    assert count == [17, 8, 4, 1]


def test_a_level_has_its_own_optimizer_and_rate_0_never_writes():
    torch_weight = torch.nn.Parameter(numbers(3))
    sgd = torch.optim.SGD([torch_weight], lr=0.1, momentum=0.9)
    levels = Levels([Clock(2, 0.1, momentum=0.9), Clock(2, 0.0)])
    state = levels.start([(numbers(3),), (numbers(3),)])
    for t in range(8):
        g = numbers(3, seed=t)
        state, wrote = levels.advance(state, [(g,), (g,)], 1)
        assert wrote == (t % 2 == 1, False)
        torch_weight.grad = g if torch_weight.grad is None else torch_weight.grad + g
        if t % 2:
            sgd.step()
            torch_weight.grad = None
        torch.testing.assert_close(state.levels[0].weights[0], torch_weight.detach())
    assert torch.equal(state.levels[1].weights[0], numbers(3))


@pytest.mark.parametrize("differentiable", [False, True])
def test_a_level_writes_by_any_error_part(differentiable):
    """Muon, against the optimizer; and delta gradient descent, whose step needs the weights and what they read."""
    x, rate = numbers(5, seed=9), 0.3

    def delta(m, W):  # eq. 57: (W - rate m)(I + rate x x^T)^-1, as what `rate` times is taken from W
        return (m @ inverse) + (W - W @ inverse) / rate

    inverse = torch.linalg.inv(torch.eye(5, dtype=x.dtype) + rate * torch.outer(x, x))
    muon = nn.Parameter(numbers(3, 5))
    optimizer = Muon([muon], rate, momentum=0.9)
    clocks = [Clock(2, rate, 0.9, write=lambda m, _: newton_schulz(m)), Clock(2, rate, write=delta)]
    levels, W = Levels(clocks), numbers(3, 5)
    state, window = levels.start([(W,), (W,)]), torch.zeros(3, 5, dtype=x.dtype)
    for t in range(1, 7):
        g = numbers(3, 5, seed=t)
        state, wrote = levels.advance(state, [(g,), (g,)], 1, differentiable)
        window = window + g
        if t % 2 == 0:
            muon.grad = window
            optimizer.step()
            W, window = (W - rate * window) @ inverse, torch.zeros_like(W)
        assert wrote == (t % 2 == 0,) * 2
        torch.testing.assert_close(state.levels[0].weights[0], muon.detach())
        torch.testing.assert_close(state.levels[1].weights[0], W)
    torch.testing.assert_close(state.levels[0].momentum[0], optimizer.state[muon]["memory"])


@pytest.mark.parametrize("differentiable", [False, True])
def test_nested_levels_restart_from_what_the_slower_level_holds(differentiable):
    levels = Levels([Clock(1, 0.1), Clock(2, 0.0), Clock(2, 0.1), Clock(4, 0.1)], transfer=0.25)
    start = numbers(3)
    state = levels.start([(start,)] * 4)
    W, held = [start] * 4, [start] * 4
    for t in range(1, 9):
        g = [numbers(3, seed=10 * t + i) for i in range(4)]
        state, _ = levels.advance(state, [(x,) for x in g], 1, differentiable)
        W[0] = W[0] - 0.1 * g[0]
        if t % 2 == 0:  # the level that never writes stays out of the chain
            window = g[2] + numbers(3, seed=10 * (t - 1) + 2)
            W[2] = W[2] - 0.1 * window
            held[0] = held[0] + 0.25 * (W[0] - held[0])
            W[0] = held[0]
        if t % 4 == 0:
            held[2] = held[2] + 0.25 * (W[2] - held[2])
            W[2] = held[2]
        for i in (0, 2):
            torch.testing.assert_close(state.levels[i].weights[0], W[i])
            torch.testing.assert_close(state.levels[i].initial[0], held[i])
        if t % 2 == 0:
            assert torch.equal(state.levels[0].weights[0], state.levels[0].initial[0])
    assert state.levels[3].initial == () and torch.equal(state.levels[1].weights[0], start)


def test_levels_refuse_what_they_cannot_do_and_stay_as_they_were():
    for args, words in [
        ((-4, 0.1), "period: -4"),
        (("4", 0.1), "period: '4'"),
        ((4, "fast"), "rate: 'fast'"),
        ((4, float("nan")), "rate: nan"),
        ((4, 0.1, 1.5), "momentum: 1.5"),
        ((4, 0.1, 0.5, "muon"), "write: 'muon'"),
    ]:
        with pytest.raises(ValueError, match=words):
            Clock(*args)
    with pytest.raises(ValueError, match=r"periods: \(2, 3\).*multiples"):
        Levels([Clock(2, 0.1), Clock(3, 0.1)], transfer=0.5)
    levels = Levels([Clock(4, 0.1)])
    state, _ = levels.advance(levels.start([(numbers(3),)]), [(numbers(3, seed=1),)], 3)
    for gradients, points, words in [
        ([(numbers(3),)], 2, "a level is due after 1"),
        ([(numbers(3), numbers(3))], 1, r"gradients of every 4.*give the shapes \[\(3,\)\]"),
        ([(numbers(1),)], 1, r"gradients of every 4.*give the shapes \[\(3,\)\]"),
        ([(numbers(3) * float("nan"),)], 1, "gradients of every 4: 3 values that are nan or infinite cannot be used"),
        ([], 1, r"gradients, levels: \(0, 1\).*one for each of 1"),
        ([(numbers(3),)] * 2, 1, r"gradients, levels: \(2, 1\)"),
    ]:
        with pytest.raises(ValueError, match=words):
            levels.advance(state, gradients, points)
    with pytest.raises(ValueError, match=r"gradients, levels: \(1, 0\)"):
        levels.advance(state._replace(levels=()), [(numbers(3),)], 1)
    assert torch.equal(state.levels[0].weights[0], numbers(3)) and state.position == 3
    assert torch.equal(state.levels[0].window[0], numbers(3, seed=1))
