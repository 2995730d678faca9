"""Associative memories against closed forms, Nested Learning sections 2 and 5; all in float64."""

import math

import pytest
import torch
from torch.nn import functional as F

from nested_core.memory import (
    MEMORIES,
    Deep,
    Momentum,
    Pairs,
    ask_deep,
    attend,
    delta,
    delta_decay_beside,
    delta_decay_first,
    hebbian,
    keep,
    mlp,
    oja,
    omega,
    titans,
)

OUT, D = 3, 5  # a value and a key differ in size wherever a rule allows it


def draw(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def unit(*shape, seed=0):
    return F.normalize(draw(*shape, seed=seed), dim=-1)


M, K, V, ETA, ALPHA = draw(OUT, D), unit(D, seed=1), draw(OUT, seed=2), 0.3, 0.8
ACROSS = torch.linalg.svd(K[None])[2][-1]  # orthogonal to K


def minimum(objective, at):
    """The gradient of the objective vanishes there."""
    at = at.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(objective(at), at)
    torch.testing.assert_close(gradient, torch.zeros_like(at), atol=1e-12, rtol=0)


def test_a_gradient_step_is_a_proximal_step():
    """W - eta u x^T minimises <W x, u> + |W - W_t|^2 / (2 eta)."""
    after = hebbian(M, K, -V, ETA)
    minimum(lambda W: (W @ K) @ V + (W - M).square().sum() / (2 * ETA), after)


def test_many_gradient_steps_are_one_step_on_their_sum():
    """Follow the regularised leader: the last W minimises <sum of gradients, W> + |W - W_1|^2 / (2 eta)."""
    W, total = M, torch.zeros_like(M)
    for x, y in zip(draw(7, D), draw(7, OUT), strict=True):
        gradient = torch.outer(W @ x - y, x)  # made by the running W
        total, W = total + gradient, delta(W, x, y, ETA)
    minimum(lambda at: (total * at).sum() + (at - M).square().sum() / (2 * ETA), W)


def test_the_exact_proximal_step_of_the_delta_rule_has_a_smaller_step():
    x = 2 * K
    after = delta(M, x, V, ETA / (1 + ETA * float(x @ x)))
    minimum(lambda W: (W @ x - V).square().sum() / 2 + (W - M).square().sum() / (2 * ETA), after)


def test_linear_attention_is_a_sum_over_the_past_and_orthonormal_keys_recall_exactly():
    keys, values, q = draw(4, D), draw(4, OUT), draw(D, seed=3)
    state = sharp = torch.zeros(OUT, D, dtype=torch.float64)
    orthonormal = torch.linalg.qr(draw(D, D)).Q
    for i in range(4):
        state, sharp = hebbian(state, keys[i], values[i]), hebbian(sharp, orthonormal[i], values[i])
    torch.testing.assert_close(state @ q, sum(values[i] * (keys[i] @ q) for i in range(4)))
    torch.testing.assert_close(sharp @ orthonormal[:4].T, values.T)
    torch.testing.assert_close(hebbian(M, K, V, ETA, ALPHA), ALPHA * M + ETA * V[:, None] * K)


@pytest.mark.parametrize("window", [None, 3])
def test_attention_is_torch_attention_and_the_weighted_mean_is_its_minimiser(window):
    keys, values, q = draw(6, D), draw(6, OUT), draw(D, seed=3)
    pairs = MEMORIES["attention"].start(OUT, D)
    for k, v in zip(keys, values, strict=True):
        pairs = keep(pairs, k, v, window)
    seen = slice(-(window or 6), None)
    want = F.scaled_dot_product_attention(q[None, None], keys[None, seen], values[None, seen])[0, 0]
    torch.testing.assert_close(attend(pairs, q), want)
    similarity = (keys[seen] @ q / math.sqrt(D)).exp()
    minimum(lambda at: (similarity * (values[seen] - at).square().sum(1)).sum(), attend(pairs, q))
    assert attend(Pairs(keys[:0], values[:0]), q).tolist() == [0] * OUT


def test_delta_reads_back_what_it_wrote_and_leaves_the_rest():
    after = delta(M, K, V, ETA)
    torch.testing.assert_close(after @ K, (1 - ETA) * (M @ K) + ETA * V)
    torch.testing.assert_close(delta(M, K, V) @ K, V)
    torch.testing.assert_close(after @ ACROSS, M @ ACROSS)


# pitfall 28
def test_both_orders_of_decay_and_error():
    eye, write = torch.eye(D, dtype=torch.float64), ETA * torch.outer(V, K)
    first, beside = (rule(M, K, V, ETA, ALPHA) for rule in (delta_decay_first, delta_decay_beside))
    torch.testing.assert_close(first, ALPHA * M @ (eye - ETA * torch.outer(K, K)) + write)
    torch.testing.assert_close(beside, M @ (ALPHA * eye - ETA * torch.outer(K, K)) + write)
    torch.testing.assert_close(first @ K, ALPHA * (1 - ETA) * (M @ K) + ETA * V)
    torch.testing.assert_close(beside @ K, (ALPHA - ETA) * (M @ K) + ETA * V)
    for after in (first, beside):
        torch.testing.assert_close(after @ ACROSS, ALPHA * (M @ ACROSS))
    for rule in (delta_decay_first, delta_decay_beside):
        torch.testing.assert_close(rule(M, K, V, ETA, 1.0), delta(M, K, V, ETA))


def test_oja_is_half_a_gradient_step():
    at = M.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(-2 * (at @ K) @ V + (at.T @ V).square().sum(), at)
    torch.testing.assert_close(oja(M, K, V, ETA, ALPHA), ALPHA * M - ETA * gradient / 2)


def test_omega_learns_from_a_window_of_pairs():
    state = alone = MEMORIES["omega"].start(OUT, D)._replace(M=M)
    want = M
    keys, values = unit(5, D), draw(5, OUT)
    for i in range(5):
        at = state.M.clone().requires_grad_()
        past = slice(max(0, i - 2), i + 1)
        (gradient,) = torch.autograd.grad((keys[past] @ at.T - values[past]).square().sum() / 2, at)
        state = omega(state, keys[i], values[i], ETA, ALPHA, window=3)
        torch.testing.assert_close(state.M, ALPHA * at.detach() - ETA * gradient)
        alone, want = omega(alone, keys[i], values[i], ETA, window=1), delta(want, keys[i], values[i], ETA)
        torch.testing.assert_close(alone.M, want)


def test_a_deep_memory_takes_a_gradient_step_and_erases_along_what_each_layer_saw():
    state = Deep(draw(D, 4, seed=3), draw(4, D, seed=4))
    v = draw(D, seed=5)
    W1, W2 = (W.clone().requires_grad_() for W in state)
    g1, g2 = torch.autograd.grad((ask_deep(Deep(W1, W2), K) - v).square().sum() / 2, (W1, W2))
    h = F.normalize(F.gelu(state.W2 @ K), dim=0)
    after = mlp(state, K, v, ETA, ALPHA)
    for got, W, x, gradient in ((after.W1, state.W1, h, g1), (after.W2, state.W2, K, g2)):
        eye = torch.eye(len(x), dtype=torch.float64)
        torch.testing.assert_close(got, W @ (ALPHA * eye - ETA * torch.outer(x, x)) - ETA * gradient)


def test_titans_without_momentum_is_the_delta_rule_with_decay_beside_and_momentum_repeats_a_surprise():
    start = Momentum(M, torch.zeros_like(M))
    torch.testing.assert_close(titans(start, K, V, ETA, ALPHA).M, delta_decay_beside(M, K, V, ETA, ALPHA))
    first = titans(start, K, V, ETA, ALPHA, 0.9)
    second = titans(first, ACROSS, first.M @ ACROSS, ETA, ALPHA, 0.9)  # no surprise of its own
    torch.testing.assert_close(second.M, ALPHA * first.M + 0.9 * first.S)


@pytest.mark.parametrize("name", MEMORIES)
def test_every_memory_in_the_table_learns_a_pair(name):
    memory, v = MEMORIES[name], draw(D, seed=5)
    state = memory.start(D, D)
    before = float((memory.ask(state, K) - v).norm())
    after = float(
        (memory.ask(memory.write(state, K, v, **({} if name == "attention" else {"eta": 0.1})), K) - v).norm()
    )
    assert after < before
