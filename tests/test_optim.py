"""Optimizers as memories, through the public optimizer API: closed forms, torch.optim, limits, what they remember."""

import copy
import math

import pytest
import torch
from torch import nn

from nested_core.ops.level_update import fused, naive
from nested_core.ops.orthogonalize import iterate, newton_schulz
from nested_core.ops.orthogonalize import naive as polar
from nested_core.optim import (
    M3,
    OPTIMIZERS,
    AdaGrad,
    Adam,
    DeepMomentum,
    DeltaGradientDescent,
    DeltaMomentum,
    GradientDescent,
    LeastSquaresMemory,
    Momentum,
    Muon,
    build,
    window,
)

FULL_NS = dict(ns_steps=40, coefficients="cubic")
same = torch.testing.assert_close


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def orthogonal(n):
    return torch.linalg.qr(draw(n, n))[0]


def drive(kind, gradients, lr=0.1, watch=0, start=None, **options):
    """Give `gradients` to an optimizer one after the other; (optimizer, parameter, its changes over -lr)."""
    p = nn.Parameter(torch.zeros_like(gradients[0]) if start is None else start.clone())
    optimizer = kind([p], lr, **options)
    if watch:
        optimizer.watch(watch)
    writes = []
    for g in gradients:
        before = p.detach().clone()
        p.grad = g.clone()
        optimizer.step()
        writes.append((p.detach() - before) / -lr)
        p.grad.zero_()  # as zero_grad(set_to_none=False) does
    return optimizer, p, writes


def small_model(dtype=torch.float64):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Embedding(5, 4), nn.Conv1d(6, 15, 2), nn.Tanh(), nn.Flatten(), nn.Linear(45, 8), nn.Tanh(), nn.Linear(8, 2)
    ).to(dtype)


TOKENS = torch.tensor([[0, 1, 2, 3, 4, 0], [4, 3, 2, 1, 0, 1], [2, 2, 1, 3, 4, 4]])


def train(model, optimizer, steps, seed=0):
    target = draw(3, 2, seed=seed).to(next(model.parameters()).dtype)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = (model(TOKENS) - target).square().mean()
        loss.backward()
        optimizer.step()
    return loss.item()


# Momentum (2.2)


def test_momentum_window_of_the_paper():
    share = window(0.9, 100).cumsum(0)
    assert [int((share < part).sum()) + 1 for part in (0.5, 0.99)] == [7, 44]
    same(window(0.99, 458).sum().item(), 1 - 0.99**458, rtol=1e-12, atol=0)


def test_momentum_against_torch_and_closed_forms():
    gradients = [draw(3, 4, seed=i) for i in range(5)]
    _, p, _ = drive(Momentum, gradients, momentum=0.8)
    q = nn.Parameter(torch.zeros(3, 4, dtype=torch.float64))
    reference = torch.optim.SGD([q], lr=0.1, momentum=0.8)
    for g in gradients:
        q.grad = g
        reference.step()
    same(p, q)
    same(drive(Momentum, gradients, momentum=0.0)[2], drive(GradientDescent, gradients)[2])
    constant = drive(Momentum, [gradients[0]] * 6, momentum=0.8)[2]
    same(constant[-1], gradients[0] * (1 - 0.8**6) / (1 - 0.8))


def test_a_task_with_orthogonal_gradients_fades_the_old_one_by_alpha_to_the_n():
    u = orthogonal(4)
    gradients = [(1 + i) * u[:1] for i in range(3)] + [(2 + i) * u[1:2] for i in range(10)]
    _, _, writes = drive(Momentum, gradients)
    same(writes[-1] @ u[0], 0.9**10 * (writes[2] @ u[0]))


# Newton-Schulz and Muon (2.3)


def test_first_newton_schulz_step_is_eq_44_with_zeta_a_quarter_and_later_ones_are_not():
    for shape in ((3, 5), (5, 3), (1, 4)):
        g, zeta = draw(*shape), 0.25
        X = g
        for step in range(1, 4):
            X = X - zeta * (X - g + 2 * X @ (X.mT @ X - torch.eye(shape[1], dtype=X.dtype)))
            assert torch.allclose(X, iterate(g, step, "cubic")) == (step == 1)
    s = torch.tensor(0.5, dtype=torch.float64)
    o = s
    for _ in range(500):
        o = o - 0.25 * (o - s + 2 * o * (o * o - 1))
    assert abs(2 * o**3 - o - s) < 1e-12 and abs(o - 0.885) < 1e-3  # it pulls back to g


def test_cubic_maps_singular_values_and_keeps_the_vectors():
    U, V, s = orthogonal(4), orthogonal(6)[:, :4], torch.tensor([1.7, 1.0, 0.3, 0.0], dtype=torch.float64)
    same(iterate(U * s @ V.mT, 1, "cubic"), U * (1.5 * s - 0.5 * s**3) @ V.mT)
    ends = iterate(torch.diag(torch.tensor([1.7, 1.0, 0.01, 0.0, math.sqrt(3)], dtype=torch.float64)), 40, "cubic")
    same(ends.diagonal(), torch.tensor([1.0, 1.0, 1.0, 0.0, 0.0], dtype=torch.float64), atol=1e-6, rtol=0)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (1, 7), (7, 1), (1, 1), (2, 3, 5, 4)])
def test_newton_schulz_converges_to_the_polar_factor(shape):
    G = draw(*shape)
    U, _, Vh = torch.linalg.svd(G, full_matrices=False)
    same(polar(G), U @ Vh)
    same(newton_schulz(G, 40, "cubic"), U @ Vh, atol=1e-9, rtol=0)
    same(newton_schulz(1e-200 * G), newton_schulz(G))  # scale does not matter, even where squares underflow
    assert (torch.linalg.svdvals(newton_schulz(G, 8)) - 0.94).abs().max() < 0.28  # quintic: near 1, not at it


def test_newton_schulz_of_zero_and_of_half_precision():
    batch = torch.stack([torch.zeros(3, 2), draw(3, 2, dtype=torch.float32)])
    for form in (newton_schulz, polar):
        assert not form(batch)[0].any() and form(batch)[1].any()
        half = form(batch.bfloat16())
        assert half.dtype == torch.bfloat16 and not half[0].any()
        same(half.float(), form(batch.bfloat16().float()), atol=0.01, rtol=0)


# pitfall 14
def test_muon_writes_the_polar_factor_of_its_momentum():
    gradients = [draw(3, 5, seed=i) for i in range(4)]
    same(drive(Muon, gradients, **FULL_NS)[2][-1], polar(drive(Momentum, gradients)[2][-1]), atol=1e-9, rtol=0)


# Delta momentum and deep momentum (2.4)


def test_delta_momentum_erases_what_it_overwrites():
    g = torch.nn.functional.normalize(draw(1, 4), dim=1)
    m = draw(1, 4, seed=1)
    optimizer, p, _ = drive(DeltaMomentum, [g], lr=1.0, momentum=1.0)
    optimizer.state[p]["memory"] = m
    p.grad = g
    optimizer.step()
    new, z = optimizer.state[p]["memory"], orthogonal(4)[:, :1]
    same(new @ g.mT, torch.ones(1, 1, dtype=g.dtype))
    z = z - g.mT @ (g @ z)
    same(new @ z, m @ z)


# pitfall 14
def test_delta_momentum_is_the_printed_rule_and_momentum_on_orthogonal_gradients():
    gradients, m = [draw(2, 3, seed=i) for i in range(4)], torch.zeros(2, 3, dtype=torch.float64)
    for g in gradients:
        m = m @ (0.9 * torch.eye(3, dtype=g.dtype) - 0.1 * g.mT @ g) + g
    same(drive(DeltaMomentum, gradients)[2][-1], m)
    rows = list(orthogonal(4)[:, None])
    same(drive(DeltaMomentum, rows)[2], drive(Momentum, rows)[2])


@pytest.mark.parametrize("features", [lambda g: g, torch.tanh])
def test_valued_momentum_is_its_sum_and_delta_momentum_without_its_decay(features):
    P, gradients = draw(2, 2, seed=9), [draw(2, 3, seed=i) for i in range(5)]

    def value(g):  # eqs. 47 and 51
        return P @ features(g)

    valued = drive(Momentum, gradients, momentum=0.8, value=value)[2]
    same(valued[-1], sum(0.8 ** (4 - i) * P @ features(g) for i, g in enumerate(gradients)))
    for elementwise in (False, True):  # the decay that depends on the gradient has the factor lr
        options = dict(lr=1e-12, momentum=0.8, value=value, elementwise=elementwise)
        same(drive(DeltaMomentum, gradients, **options)[2], valued)
    assert not torch.allclose(drive(DeltaMomentum, gradients, momentum=0.8, value=value)[2][-1], valued[-1])
    plain = drive(Momentum, gradients, momentum=0.8)[2]
    same(drive(Momentum, gradients, momentum=0.8, value=lambda g: 1 * g)[2], plain)


@pytest.mark.parametrize("elementwise", [False, True])
def test_delta_momentum_answers_the_value_and_keeps_what_is_orthogonal(elementwise):
    """momentum = lr = 1, keys of norm 1 (the rows of g, or each of its numbers): m g^T = P, or m g = P g g, at once."""
    P, Q = draw(3, 3, seed=9), orthogonal(5)
    g = torch.tensor([[1.0, -1, 0, 1, 0]] * 3, dtype=Q.dtype) if elementwise else Q[:3]
    before = draw(3, 5, seed=4)  # a first step stores it
    options = dict(lr=1.0, momentum=1.0, value=lambda g: P @ g, elementwise=elementwise)
    m = drive(DeltaMomentum, [before, g], **options)[2]
    old, new = m
    same(old, P @ before)
    if elementwise:
        same(new * g, (P @ g) * g)
        same(new[g == 0], (old + P @ g)[g == 0])
    else:
        same(new @ g.mT, P)
        same(new @ Q[3:].mT, old @ Q[3:].mT)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("elementwise", [False, True])
def test_delta_momentum_is_stable_exactly_where_its_decay_is_below_1(momentum, elementwise):
    """|momentum - lr g^2| < 1. The printed decay has no lr, as if it were 1: it diverges from g^2 = 1 + momentum on."""
    for lr in (0.1, 1.0):
        squares = (1 + momentum) / lr * torch.tensor([0.02, 0.5, 0.98, 1.02, 1.2], dtype=torch.float64)
        # Numbers apart, or each the whole of a parameter: there both forms are the same.
        runs = [squares] if elementwise else list(squares[:, None])
        ends = [drive(DeltaMomentum, [s.sqrt()] * 600, lr=lr, momentum=momentum, elementwise=elementwise) for s in runs]
        last = torch.cat([writes[-1] for _, _, writes in ends])
        fixed = squares.sqrt() / (1 - momentum + lr * squares)
        assert (last.abs() < 10 * fixed).tolist() == [True, True, True, False, False]
        same(last[:2], fixed[:2])


@pytest.mark.parametrize("kind", [Momentum, DeltaMomentum])
def test_a_value_that_is_no_gradient_is_refused_and_nothing_is_written(kind):
    p, q = (nn.Parameter(draw(2, 3, seed=i)) for i in range(2))
    bad = {"shape": lambda g: g[:1], "nan": lambda g: g / (g != 3), "dtype": lambda g: g.float()}
    for name, value in bad.items():
        optimizer = kind([{"params": [p]}, {"params": [q], "value": value}], 0.1)
        p.grad, q.grad = torch.ones(2, 3).double(), torch.full((2, 3), 3.0).double()
        with pytest.raises(ValueError, match=r"^value: .*(give shape|nan or infinite|float32)"):
            optimizer.step()
        assert torch.equal(p, draw(2, 3)) and torch.equal(q, draw(2, 3, seed=1)) and not optimizer.state, name


def test_deep_momentum_without_a_network_is_momentum():
    gradients = [draw(2, 3, seed=i) for i in range(4)]
    same(drive(DeepMomentum, gradients, hidden=0)[2], drive(Momentum, gradients)[2])


def test_deep_momentum_learns_its_keys_and_recalls_gradients_like_the_present_one():
    a, b = draw(3, 4, seed=1), draw(3, 4, seed=2)
    optimizer, p, _ = drive(DeepMomentum, [a, b, b, b, a], watch=5, hidden=64)
    like, unlike = optimizer.memory_of_gradients(5)[0, [4, 3]] / torch.tensor([0.9**4, 0.9**3])
    assert like > 0.95 and unlike < 0.5
    state, group = optimizer.state[p], optimizer.param_groups[0]
    before = {**state}
    optimizer.observe(b, state, group)  # a step on <m(u), u>, m = -lr recall, beside the fade toward the start
    faded = before["K_start"] + 0.9 * (before["K"] - before["K_start"])
    gain = [(optimizer.recall(state["memory"], b, {**state, "K": K}, group)[0] * b).sum() for K in (faded, state["K"])]
    assert gain[1] > gain[0]


# Delta gradient descent and the least-squares memory (2.5, decision 15)


def linear_step(kind, x, lr, bias=False, start=None, loss=lambda y: y.square().sum() / 2, **options):
    layer = nn.Linear(x.shape[-1], 2, bias=bias, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(draw(2, x.shape[-1], seed=7) if start is None else start)
    before = copy.deepcopy(layer)
    optimizer = kind(layer, lr, **options)
    loss(layer(x)).backward()
    optimizer.step()
    return layer, before, optimizer


TARGET = draw(2, seed=9)


def pull(y):
    return (y - TARGET).square().sum() / 2


# pitfall 14
def test_delta_gradient_descent_is_the_closed_form_for_one_input():
    x, lr = draw(4), 0.3
    layer, before, _ = linear_step(DeltaGradientDescent, x, lr, loss=pull)
    W = before.weight
    delta = W @ x - TARGET
    rate = lr / (1 + lr * x.square().sum())
    same(layer.weight, W @ (torch.eye(4) - rate * torch.outer(x, x)) - rate * torch.outer(delta, x))
    inverse = torch.linalg.inv(torch.outer(x, x) + torch.eye(4) / lr)
    same(layer.weight, (torch.outer(-delta, x) + W / lr) @ inverse)  # before Sherman-Morrison
    power = lr * x.square().sum()
    same(layer.weight @ x, (W @ x - power * delta) / (1 + power))
    z = draw(4, seed=1)
    z = z - x * (x @ z) / (x @ x)
    same(layer.weight @ z, W @ z)


def test_limits_of_delta_gradient_descent():
    x = draw(4)
    layer, before, _ = linear_step(DeltaGradientDescent, x, 1e6, loss=pull)
    same(layer(x), TARGET - before(x), atol=1e-4, rtol=0)
    layer, before, _ = linear_step(DeltaGradientDescent, x, 1e-9, loss=pull)
    same(layer.weight, before.weight, atol=1e-7, rtol=0)
    layer, before, _ = linear_step(DeltaGradientDescent, x, 0.3, start=torch.zeros(2, 4), loss=pull)
    same(layer.weight, 0.3 / (1 + 0.3 * x.square().sum()) * torch.outer(TARGET, x))  # as gradient descent, eta'


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("shape", [(6, 3), (2, 3, 3), (2, 3), (3,)])
def test_delta_gradient_descent_of_a_batch_with_bias_is_the_optimum(shape, reduction):
    """The gradient of the objective, |W X^T - U|^2 / 2 + |W - W_t|^2 / (2 lr) with X (x, 1), vanishes at the result."""
    x, lr = draw(*shape), 0.3
    rows = x.numel() // 3 if reduction == "mean" else 1
    layer, before, _ = linear_step(
        DeltaGradientDescent, x, lr, bias=True, loss=lambda y: pull(y) / rows, reduction=reduction
    )
    X = torch.nn.functional.pad(x.reshape(-1, 3), (0, 1), value=1.0)
    W, old = (torch.cat([m.weight, m.bias[:, None]], 1) for m in (layer, before))
    U = TARGET - X @ old.mT
    same((W @ X.mT - U.mT) @ X / rows + (W - old) / lr, torch.zeros_like(W), atol=1e-10, rtol=0)


def test_inputs_are_kept_only_where_a_gradient_came_through():
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(inplace=True), nn.Linear(3, 2))
    layer, optimizer, x = model[0], DeltaGradientDescent(model, 0.1), draw(4, 5, 3, dtype=torch.float32)
    with torch.no_grad():
        model(x)
    model.eval()(x).sum().backward()
    model.train()(x)
    optimizer.zero_grad()
    assert not optimizer.seen
    y = layer(layer(x)) + layer(input=x[0])
    optimizer.zero_grad()  # between forward and backward it does no harm
    y.sum().backward()
    assert set(optimizer.seen) == {layer.weight} and optimizer.inputs(layer.weight).shape == (45, 4)
    layer.bias.grad = None  # a frozen bias is left alone
    assert optimizer.inputs(layer.weight).shape == (45, 3)
    bias = layer.bias.detach().clone()
    optimizer.step()
    assert not optimizer.seen and torch.equal(layer.bias, bias)
    optimizer.close()
    model(x).sum().backward()
    assert not optimizer.seen
    before = model[2].weight.detach().clone()
    optimizer.step()
    same(model[2].weight, before - 0.1 * model[2].weight.grad)  # nothing was read: gradient descent


def test_least_squares_memory_protects_answers_to_earlier_inputs():
    layer = nn.Linear(4, 2, dtype=torch.float64)
    optimizer = LeastSquaresMemory(layer, 0.1, damping=1e-6, period=2)
    old, new, kept = draw(4), draw(4, seed=1), []
    for x in (old, old, new, new, new):
        before, answer = copy.deepcopy(layer), layer(old).detach()
        optimizer.zero_grad()
        pull(layer(x)).backward()
        optimizer.step()
        kept.append((layer(old) - answer).norm().item() / pull(before(x)).item())
        same(optimizer.state[layer.weight]["step"], len(kept))
        if len(kept) <= 2:  # the first period is plain gradient descent
            same(layer.weight, before.weight - 0.1 * layer.weight.grad)
            same(layer.bias, before.bias - 0.1 * layer.bias.grad)
    assert max(kept[2:4]) < 1e-5 < 0.1 < kept[0]
    one = [torch.nn.functional.pad(x, (0, 1), value=1.0) for x in (old, old, new, new)]
    P = torch.linalg.inv(torch.eye(5) + sum(torch.outer(x, x) for x in one) / 1e-6)
    same(optimizer.state[layer.weight]["P"], P, atol=1e-5, rtol=0)


# Adam and AdaGrad (2.7)


def test_adam_and_adagrad_against_torch():
    for shape in ((3, 4), (5,), ()):
        gradients = [draw(*shape, seed=i) for i in range(6)]
        pairs = [(Adam, torch.optim.Adam, {})]
        if len(shape) < 2:
            pairs.append((AdaGrad, torch.optim.Adagrad, {"momentum": 0.0}))
        for ours, theirs, options in pairs:
            q = nn.Parameter(torch.zeros_like(gradients[0]))
            reference = theirs([q], lr=0.1)
            for g in gradients:
                q.grad = g
                reference.step()
            same(drive(ours, gradients, **options)[1], q)


def test_adagrad_and_undecayed_adam_are_the_optimal_memories():
    gradients = [draw(5, seed=i) for i in range(6)]
    g = torch.stack(gradients)
    for P, best in ((g.square().sum(0), g.sum(0)), (g.square().sum(0).sqrt(), g.sum(0) / g.square().sum(0).sqrt())):
        m = best.clone().requires_grad_()
        (slope,) = torch.autograd.grad((m * g - P).square().sum(), m)
        same(slope, torch.zeros(5, dtype=g.dtype), atol=1e-10, rtol=0)
    same(drive(AdaGrad, gradients)[2][-1], best, atol=1e-8, rtol=0)  # eq. 105
    undecayed = drive(Adam, gradients, beta1=1 - 1e-9, beta2=1 - 1e-9, eps=1e-12)[2][-1]
    same(undecayed * math.sqrt(6), best, atol=1e-5, rtol=0)


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (3, 3)])
def test_adagrad_of_a_matrix_is_eq_111(shape):
    gradients = [draw(*shape, seed=i) for i in range(6)]
    writes = drive(AdaGrad, gradients)[2]
    same(writes[0], polar(gradients[0]), atol=1e-6, rtol=0)  # as Muon's first
    wide = [g if shape[0] <= shape[1] else g.mT for g in gradients]
    best = writes[-1] if shape[0] <= shape[1] else writes[-1].mT
    H = sum(g @ g.mT for g in wide)
    size, Q = torch.linalg.eigh(H)
    same(Q * size.sqrt() @ Q.mT @ best, sum(wide))


# M3 (2.8)


def test_m3_slow_memory_waits_for_its_period_and_can_be_silenced():
    gradients = [draw(3, 4, seed=i) for i in range(10)]
    plain = drive(M3, gradients, period=4, slow_weight=0.0)[2]
    both = drive(M3, gradients, period=4)[2]
    same(both[:4], plain[:4])
    same(plain, drive(M3, gradients, period=100)[2])
    assert not torch.allclose(both[4], plain[4])
    p = nn.Parameter(torch.zeros(3, 4, dtype=torch.float64))
    optimizer, slow = M3([p], 0.1, period=4, beta3=0.9), [torch.zeros(3, 4, dtype=torch.float64)]
    for g in gradients:
        p.grad = g
        optimizer.step()
        slow.append(optimizer.state[p]["memory"][1])
    changed = [t for t in range(1, 11) if not torch.equal(slow[t], slow[t - 1])]
    assert changed == [5, 9]  # floor((10 - 1) / 4) times
    same(slow[10], 0.9 * sum(gradients[:8]))
    assert not plain[0].isnan().any()


def test_m3_under_a_constant_gradient_shrinks_by_the_root_of_time():
    writes = drive(M3, [draw(3, 5)] * 9, eps=1e-12, **FULL_NS)[2]
    for t, write in enumerate(writes, start=1):
        same(write, writes[0] / math.sqrt(t))


# What they remember


@pytest.mark.parametrize(
    ("kind", "options", "row"),
    [(GradientDescent, {}, 0), (Momentum, {}, 0), (Muon, {}, 0), (M3, {"period": 3}, 0), (M3, {"period": 3}, 1)],
)
def test_weights_of_linear_memories_are_what_a_changed_gradient_changes(kind, options, row):
    gradients, n = [draw(2, 3, seed=i) for i in range(8)], 8
    optimizer, _, _ = drive(kind, gradients, watch=n, **options)
    weights = optimizer.memory_of_gradients(n)
    assert weights.shape == (len(kind.memories), n)

    def recalled(changed):
        optimizer, p, writes = drive(kind, changed, **options)
        m = optimizer.state[p].get("memory")
        return writes[-1] if kind in (GradientDescent, Momentum) else m if kind is Muon else m[row]

    for i in range(n):
        g = gradients[-1 - i]
        changed = [*gradients]
        changed[-1 - i] = 2 * g
        same(recalled(changed) - recalled(gradients), weights[row, i] * g)
    if kind is Momentum:
        same(weights[0] * (1 - 0.9), window(0.9, n))
    if kind is M3:  # windows of 3 end after steps 3 and 6: the last two gradients are not in the slow memory yet
        expected = [[0.9] * 8, [0, 0] + [0.9] * 6]
        same(weights[row], torch.tensor(expected[row], dtype=torch.float64))


def test_weights_of_other_memories_are_measured_along_the_run():
    gradients = [draw(2, 3, seed=i) for i in range(4)]
    optimizer, _, _ = drive(DeltaMomentum, gradients, watch=4)
    term = gradients[0]
    for g in gradients[1:]:
        term = term @ (0.9 * torch.eye(3, dtype=g.dtype) - 0.1 * g.mT @ g)
    oldest = optimizer.memory_of_gradients(4)[0, 3]
    same(oldest, (term * gradients[0]).sum() / gradients[0].square().sum())
    assert oldest < 0.9**3  # erased, not only faded

    optimizer, _, _ = drive(Adam, [g.flatten() for g in gradients], watch=4)
    squares = torch.stack([0.999 ** (3 - i) * 0.001 * g.flatten().square() for i, g in enumerate(gradients)]).sum(0)
    scale = 1 / ((squares / (1 - 0.999**4)).sqrt() + 1e-8)
    for i, g in enumerate(reversed([g.flatten() for g in gradients])):
        own = 0.1 * 0.9**i / (1 - 0.9**4) * (scale * g * g).sum() / g.square().sum()
        same(optimizer.memory_of_gradients(4)[0, i], own)

    x = draw(4)
    _, _, optimizer = linear_step(DeltaGradientDescent, x, 0.3)
    layer = next(iter(optimizer.layers.values()))
    optimizer.watch(3)
    for _ in range(2):
        optimizer.zero_grad()
        pull(layer(x)).backward()
        optimizer.step()
    share = 1 / (1 + 0.3 * x.square().sum())
    same(optimizer.memory_of_gradients(3)[0], torch.stack([share, share * (share - 1), share * 0]))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_watched_terms_add_up_to_the_write(name):
    model = small_model()
    optimizer = build(name, model, 0.01, **({"period": 2} if name == "m3" else {}))
    optimizer.watch(10)
    if name == "delta_gradient_descent":
        nn.init.zeros_(model[-1].weight), nn.init.zeros_(model[-1].bias)  # nothing but gradients in it
    train(model, optimizer, 6)
    weights = optimizer.memory_of_gradients(10)
    assert weights.isfinite().all() and weights[:, 0].any() and not weights[:, 6:].any()
    p = model[-1].weight
    terms, gradients = optimizer._terms[p]
    state, group = optimizer.state[p], optimizer.param_groups[0]
    recalled = optimizer.recall(terms, gradients[0], state, group)
    if name == "delta_gradient_descent":
        same(-0.01 * terms[:, 0].sum(0), torch.cat([p, model[-1].bias[:, None]], 1))
    else:
        whole = optimizer.recall(state.get("memory", gradients[0]), gradients[0], state, group)
        same([x.sum(0) for x in recalled], list(whole))


# On any model


# pitfall 7
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_parameter_is_written_in_place_and_a_saved_state_goes_on_the_same(name, tmp_path):
    model = small_model(torch.float32)
    optimizer = build(name, model, 0.01, **({"period": 2} if name in ("m3", "least_squares") else {}))
    before = {n: (p, p.data_ptr(), p.detach().clone()) for n, p in model.named_parameters()}
    train(model, optimizer, 1)
    for n, p in model.named_parameters():
        old, place, value = before[n]
        assert p is old and p.data_ptr() == place and not torch.equal(p, value) and p.isfinite().all(), n
    train(model, optimizer, 4)
    torch.save([model.state_dict(), optimizer.state_dict()], tmp_path / "saved.pt")
    other = small_model(torch.float32)
    again = build(name, other, 0.5)
    for part, saved in zip((other, again), torch.load(tmp_path / "saved.pt"), strict=True):
        part.load_state_dict(saved)
    train(model, optimizer, 5), train(other, again, 5)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(p, q)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_zero_and_missing_gradients_and_closures(name):
    model = small_model()
    optimizer = build(name, model, 0.01)
    optimizer.watch(3)
    parameters = list(model.parameters())
    for p in parameters[1:]:
        p.grad = torch.zeros_like(p)
    before = [p.detach().clone() for p in parameters]

    def closure():
        assert torch.is_grad_enabled()
        return 3.0

    assert optimizer.step(closure) == 3.0
    assert all(torch.equal(p, b) for p, b in zip(parameters, before, strict=True))
    assert not optimizer.memory_of_gradients(3).any()
    train(model, optimizer, 2)
    assert all(p.isfinite().all() for p in parameters)


def least_squares(name, lr, options):
    """150 steps toward the targets W x, lr falling: (losses, weights found, W)."""
    x, W = draw(32, 3), draw(2, 3, seed=5)
    model = nn.Linear(3, 2, dtype=torch.float64)
    nn.init.zeros_(model.weight), nn.init.zeros_(model.bias)
    optimizer, losses = build(name, model, lr, **options), []
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, 150)
    for _ in range(150):
        optimizer.zero_grad()
        loss = (model(x) - x @ W.mT).square().sum(1).mean() / 2
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses, model.weight, W


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_all_solve_a_small_least_squares_problem(name):
    lr = {"deep_momentum": 0.1, "delta_momentum": 0.05, "adam": 0.1, "muon": 0.1}.get(name, 0.3)
    fading = {"adagrad": dict(momentum=0.9), "m3": dict(momentum=0.9, slow_weight=0.3)}
    losses, found, W = least_squares(name, lr, {"least_squares": dict(damping=10.0), **fading}.get(name, {}))
    if name == "delta_gradient_descent":  # answers are drawn toward -dL/dy: half of the target, and no further
        same(found, W / 2, atol=1e-3, rtol=0)
    else:
        assert losses[-1] < 1e-3 * losses[0]


@pytest.mark.parametrize("name", ["adagrad", "m3"])
def test_undecayed_sums_of_the_paper_swing_past_the_minimum(name):
    losses, _, _ = least_squares(name, 0.3, {})
    assert min(losses) < 0.03 * losses[0] and losses[-1] > 3 * min(losses)


@pytest.mark.parametrize(
    ("name", "field", "options"),
    [
        ("momentum", "lr", {"lr": 0.0}),
        ("momentum", "lr", {"lr": math.nan}),
        ("momentum", "momentum", {"momentum": 1.5}),
        ("adam", "beta2", {"beta2": 1.0}),
        ("adam", "eps", {"eps": 0}),
        ("muon", "coefficients", {"coefficients": "septic"}),
        ("muon", "ns_steps", {"ns_steps": 0}),
        ("m3", "period", {"period": 2.5}),
        ("m3", "slow_weight", {"slow_weight": -1}),
        ("deep_momentum", "hidden", {"hidden": -1}),
        ("delta_momentum", "elementwise", {"elementwise": 1}),
        ("momentum", "value", {"value": 2.0}),
        ("delta_gradient_descent", "reduction", {"reduction": "none"}),
        ("least_squares", "damping", {"damping": 0.0}),
        ("sgd", "optimizer", {}),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(name, field, options):
    options = {"lr": 0.1} | options
    with pytest.raises(ValueError, match=rf"^{field}: .*cannot be used; [^.]*\.?[^.]*\.$"):
        build(name, nn.Linear(2, 2), **options)


def test_other_refusals():
    layer = nn.Linear(2, 2)
    with pytest.raises(ValueError, match=r"^model: 'generator' cannot be used; give the nn\.Module"):
        DeltaGradientDescent(layer.parameters(), 0.1)
    optimizer = Momentum([{"params": [layer.weight], "lr": 0.2}, {"params": [layer.bias]}], 0.1)
    with pytest.raises(ValueError, match=r"^lr: -1 cannot be used"):
        optimizer.add_param_group({"params": [nn.Parameter(torch.ones(1))], "lr": -1})
    assert [group["lr"] for group in optimizer.param_groups] == [0.2, 0.1]
    with pytest.raises(ValueError, match=r"call watch\(steps\) first"):
        optimizer.memory_of_gradients(3)
    optimizer.watch(2, [layer.bias])
    with pytest.raises(ValueError, match="from 1 to 2"):
        optimizer.memory_of_gradients(3)


# The fused write of many levels


SHAPES = [(3, 5), (7,), (), (1, 1), (2, 3, 4), (0, 3)]
RATES, RETENTION = [0.1, 0.0, 0.3, 1.0, 0.0, 0.2], [1.0, 1.0, 0.9, 0.0, 0.5, 1.0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_fused_level_update_is_the_loop_and_leaves_what_is_not_due(dtype):
    results = []
    for form in (naive, fused):
        weights = [draw(*s, seed=i, dtype=dtype).requires_grad_() for i, s in enumerate(SHAPES)]
        gradients = [draw(*s, seed=9 + i, dtype=dtype) for i, s in enumerate(SHAPES)]
        weights[1].data[0] = -0.0
        old = copy.deepcopy((weights, gradients))
        form.level_update(weights, gradients, RATES, RETENTION)
        for i, (W, G) in enumerate(zip(weights, gradients, strict=True)):
            same(W, RETENTION[i] * old[0][i] - RATES[i] * old[1][i])
            assert torch.equal(G, old[1][i]) if i == 1 else not G.any()
        assert torch.equal(weights[1], old[0][1]) and weights[1][0].signbit()
        results.append(weights)
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_fused_restart_is_the_loop():
    results = []
    for form in (naive, fused):
        slow, fast = ([draw(*s, seed=k + i) for i, s in enumerate(SHAPES)] for k in (0, 9))
        old = copy.deepcopy((slow, fast))
        form.restart(slow, fast, 0.3)
        same(slow, [s + 0.3 * (f - s) for s, f in zip(*old, strict=True)])
        assert all(torch.equal(s, f) and s is not f for s, f in zip(slow, fast, strict=True))
        results.append(slow)
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))
    fused.restart([], [], 0.5), fused.level_update([], [], [], [])


@pytest.mark.parametrize("form", [naive, fused])
def test_level_updates_refuse_what_does_not_fit_before_they_write(form):
    def tensors():
        return [torch.ones(2, 3), torch.ones(4)]

    W, G = tensors(), tensors()
    for field, arguments in (
        ("gradients", (W, G[:1], [0.1, 0.1], [1.0, 1.0])),
        ("rates", (W, G, [0.1], [1.0, 1.0])),
        ("retention", (W, G, [0.1, 0.1], [1.0, 1.0, 1.0])),
        (r"gradients\[1\]", (W, [G[0], torch.ones(5)], [0.1, 0.1], [1.0, 1.0])),
        (r"gradients\[1\]", (W, [G[0], G[1].double()], [0.1, 0.1], [1.0, 1.0])),
    ):
        with pytest.raises(ValueError, match=f"^{field}: .*cannot be used; give "):
            form.level_update(*arguments)
    for field, arguments in (("fast", (W, G[:1], 0.5)), (r"fast\[0\]", (W, G[::-1], 0.5)), ("fraction", (W, G, 1.5))):
        with pytest.raises(ValueError, match=f"^{field}: .*cannot be used; give "):
            form.restart(*arguments)
    assert all(torch.equal(a, b) for a, b in zip(W + G, tensors() + tensors(), strict=True))
