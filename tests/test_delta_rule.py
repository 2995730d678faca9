"""The gated delta rule and Titans' memory over sequences: plain loops against one-token rules, chunks against loops.

Then the two token mixers made of them: causal, one state per sample, and nothing that the optimizer cannot reach.
"""

import itertools

import pytest
import torch
from torch.nn import functional as F

from nested_core import memory
from nested_core.convolution import CausalConvolution
from nested_core.deltanet import DeltaNet
from nested_core.ops import delta_rule, titans_memory
from nested_core.ops.titans_memory import Anchored
from nested_core.state import detach
from nested_core.titans_memory import TitansMemory

B, H, CHUNK = 2, 2, 16


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def sequence(T, D=16, V=16, layers=1, seed=0):
    """q, k, v, eta, log alpha, log beta, and three memories; float64. Step sizes suit gradients at an anchor too."""
    g = generator(seed)

    def draw(*shape, scale=1.0):
        return torch.randn(*shape, generator=g, dtype=torch.float64) * scale

    def gate(low):
        return low + (1 - low) * torch.rand(B, H, T, generator=g, dtype=torch.float64)

    q, k, v = draw(B, H, T, D), F.normalize(draw(B, H, T, D), dim=-1), draw(B, H, T, V)
    memories = [draw(B, H, layers, V, D, scale=D**-0.5) for _ in range(3)]
    return [q, k, v, 0.3 * gate(0), gate(0.5).log(), gate(0).log(), *memories]


def delta_arguments(a):
    return [*a[:5], a[6][:, :, 0]]


def titans_call(form, a, chunk=CHUNK, offset=0):
    y, after = form(*a[:6], Anchored(*a[6:], offset), chunk)
    return y, *after[:3]


def gradients(outputs, a):
    """Of a sum of all outputs with fixed random weights, for every argument."""
    g = generator(1)
    loss = sum((x * torch.randn(x.shape, generator=g, dtype=x.dtype)).sum() for x in outputs)
    return torch.autograd.grad(loss, a, allow_unused=True, materialize_grads=True)


def assert_same(loop, fast):
    for i, (x, y) in enumerate(zip(loop, fast, strict=True)):
        scale = max(1.0, float(x.detach().abs().max()))
        assert float((x - y).detach().abs().max()) / scale < 1e-10, i


def leaves(a):
    return [x.clone().requires_grad_() for x in a]


SIZES = list(itertools.product((1, 7, 33, 64, 129), ((16, 16), (24, 10), (32, 48), (64, 32))))
CHUNKS = [(1, 0), (CHUNK, 0), (CHUNK, 11), (64, 0)]  # length, and tokens already read of the first


# pitfall 26
@pytest.mark.parametrize(("T", "size"), SIZES)
def test_delta_rule_in_chunks_equals_the_loop(T, size):
    a = leaves(delta_arguments(sequence(T, *size)))
    loop = delta_rule.naive(*a)
    expected = [*loop, *gradients(loop, a)]
    for chunk in (1, CHUNK, 64):
        fast = delta_rule.chunked(*a, chunk)
        assert_same(expected, [*fast, *gradients(fast, a)])


# pitfall 26
@pytest.mark.parametrize(("i", "T", "size"), [(i + i // 4, *both) for i, both in enumerate(SIZES)])
@pytest.mark.parametrize("layers", [1, 2])
def test_titans_memory_in_chunks_equals_the_loop(i, T, size, layers):
    """Chunks as in a Latin square, so that each meets every length and every size."""
    (D, V), (chunk, offset) = size, CHUNKS[i % 4]
    a = leaves(sequence(T, D, V if layers == 1 else D, layers))
    loop, fast = (titans_call(form, a, chunk, offset) for form in (titans_memory.naive, titans_memory.chunked))
    assert_same([*loop, *gradients(loop, a)], [*fast, *gradients(fast, a)])


# pitfall 11
@pytest.mark.parametrize("layers", [1, 2])
def test_gradients_of_the_specifications_by_finite_differences(layers):
    a = leaves(x[:1, :1] for x in sequence(3, 3, 3, layers))
    assert layers == 2 or torch.autograd.gradcheck(delta_rule.naive, delta_arguments(a))
    assert torch.autograd.gradcheck(lambda *a: titans_call(titans_memory.naive, a, chunk=2, offset=1), a)


def test_loops_equal_the_one_token_rules():
    """Read after the write; with chunk 1 the gradient of Titans' memory is that of the running memory."""
    a = sequence(7, 6, 4)
    q, k, v, eta, log_alpha, log_beta, M, _, S = a
    y, last = delta_rule.naive(*delta_arguments(a))
    z, anchor, final, momentum = titans_call(titans_memory.naive, [*a[:6], M, M, S], chunk=1)
    for b, h in itertools.product(range(B), range(H)):
        state, deep = M[b, h, 0], memory.Momentum(M[b, h, 0], S[b, h, 0])
        for t in range(7):
            gates = [float(x[b, h, t]) for x in (eta, log_alpha.exp(), log_beta.exp())]
            state = memory.delta_decay_first(state, k[b, h, t], v[b, h, t], *gates[:2])
            deep = memory.titans(deep, k[b, h, t], v[b, h, t], *gates)
            torch.testing.assert_close(y[b, h, t], state @ q[b, h, t])
            torch.testing.assert_close(z[b, h, t], deep.M @ q[b, h, t])
        torch.testing.assert_close(last[b, h], state)
        torch.testing.assert_close(final[b, h, 0], deep.M)
        torch.testing.assert_close(momentum[b, h, 0], deep.S)
    assert anchor is final


def test_the_deep_gradient_is_autograds():
    """One window of Titans' memory with beta = 0 and alpha = 1 is one step down the summed loss at the anchor."""
    a = sequence(5, 6, 6, layers=2)
    k, v, M = a[1], a[2], a[6].requires_grad_()
    W2, W1 = M.unbind(2)
    error = k + F.gelu(k @ W2.mT) @ W1.mT - v
    (gradient,) = torch.autograd.grad((a[3][..., None] * error.square()).sum() / 2, M)
    none = torch.zeros_like(a[4])
    _, after, _, _ = titans_call(titans_memory.naive, [*a[:4], none, none.log(), M, M, torch.zeros_like(M)], chunk=5)
    torch.testing.assert_close(after, M - gradient)


@pytest.mark.parametrize("split", [1, 15, 16, 20])
def test_carried_state_equals_one_long_call(split):
    a = sequence(37, layers=2)
    early, late = ([x[:, :, part] for x in a[:6]] for part in (slice(split), slice(split, None)))
    M = a[6][:, :, 0]
    y, last = delta_rule.chunked(*a[:5], M, CHUNK)
    y1, between = delta_rule.chunked(*early[:5], M, CHUNK)
    y2, end = delta_rule.chunked(*late[:5], between, CHUNK)
    assert_same([y, last], [torch.cat([y1, y2], dim=2), end])
    for form in (titans_memory.naive, titans_memory.chunked):
        y, whole = form(*a[:6], Anchored(*a[6:], 0), CHUNK)
        y1, between = form(*early, Anchored(*a[6:], 0), CHUNK)
        y2, end = form(*late, between, CHUNK)
        assert between.offset == split % CHUNK and end.offset == whole.offset == 37 % CHUNK
        assert_same([y, *whole[:3]], [torch.cat([y1, y2], dim=2), *end[:3]])


# pitfall 27
@pytest.mark.parametrize(("eta", "alpha"), list(itertools.product((0.0, 1.0), repeat=2)))
def test_gates_at_the_edge_and_zero_keys_stay_finite(eta, alpha):
    a = sequence(40)
    a[3] = torch.full_like(a[3], eta)
    a[4] = torch.full_like(a[4], alpha).log()
    mixed = torch.where(torch.arange(20) % 3 == 0, 0.5, alpha).log()  # inside and at the edge
    a[1][:, :, :10], a[4][:, :, 20:] = 0, mixed
    d = leaves(delta_arguments(a))
    loop, fast = delta_rule.naive(*d), delta_rule.chunked(*d, CHUNK)
    assert_same([*loop, *gradients(loop, d)], [*fast, *gradients(fast, d)])  # NaN is not the same
    a[3], a[5] = a[3] / CHUNK, a[4].flip(2)
    t = leaves(a)
    loop, fast = (titans_call(form, t) for form in (titans_memory.naive, titans_memory.chunked))
    assert_same([*loop, *gradients(loop, t)], [*fast, *gradients(fast, t)])


# pitfall 23
def test_a_pair_written_in_full_is_read_back_exactly():
    _, k, v, eta, log_alpha, M = delta_arguments(sequence(40))
    y, _ = delta_rule.chunked(k, k, v, torch.ones_like(eta), log_alpha, M, CHUNK)
    torch.testing.assert_close(y, v)


def test_the_convolution_is_torchs_with_its_past_carried():
    torch.manual_seed(0)
    layer, x = CausalConvolution(5), torch.randn(2, 9, 5)
    want = F.conv1d(F.pad(x.mT, (3, 0)), layer.weight, layer.bias, groups=5).mT
    first, recent = layer(x[:, :2], layer.start(2))
    second, recent = layer(x[:, 2:], recent)
    torch.testing.assert_close(torch.cat([first, second], dim=1), want)
    assert torch.equal(recent, x[:, -3:])


MIXERS = {
    "deltanet": lambda: DeltaNet(16, 2, 8),
    "titans": lambda: TitansMemory(16, 2, 8),
    "titans, two layers": lambda: TitansMemory(16, 2, 8, layers=2),
}


@pytest.fixture(params=MIXERS)
def mixer(request):
    torch.manual_seed(0)
    return MIXERS[request.param]().double()


def tokens(T, batch=3):
    return torch.randn(batch, T, 16, generator=generator(2), dtype=torch.float64)


def test_a_mixer_carries_its_state_over_every_split(mixer):
    x = tokens(21)
    y, whole = mixer(x)
    for split in range(1, 21):
        first, state = mixer(x[:, :split])
        second, end = mixer(x[:, split:], detach(state))
        assert_same([y], [torch.cat([first, second], dim=1)])
        for got, want in zip(end, whole, strict=True):
            torch.testing.assert_close(got, want)
    assert not any(x.requires_grad for x in detach(whole) if isinstance(x, torch.Tensor))


# pitfall 15, 16, 17, 18
def test_a_mixer_is_causal_reaches_far_back_and_keeps_samples_apart(mixer):
    jacobian = torch.autograd.functional.jacobian(lambda x: mixer(x)[0].sum((0, 2)), tokens(20, batch=1))[:, 0]
    influence = jacobian.abs().amax(-1)  # [t, s]
    assert float(influence.triu(1).max()) == 0
    assert float(influence.tril().masked_fill(torch.ones(20, 20).triu(1).bool(), 1).min()) > 0
    x, other = tokens(20), tokens(20)
    other[1:] += 1
    torch.testing.assert_close(mixer(x)[0][0], mixer(other)[0][0], atol=1e-12, rtol=0)
    with torch.inference_mode():
        torch.testing.assert_close(mixer(x)[0], mixer.eval()(x)[0], atol=0, rtol=0)


# pitfall 10, 13
def test_every_parameter_of_a_mixer_learns_and_can_be_stepped(mixer):
    optimizer = torch.optim.AdamW(mixer.parameters(), 1e-2)
    state, before = None, {name: p.detach().clone() for name, p in mixer.named_parameters()}
    for part in tokens(40).split(20, dim=1):
        y, state = mixer(part, state)
        (y - part).square().sum().backward()  # twice, with carried and detached state
        state = detach(state)
    for name, p in mixer.named_parameters():
        assert p.grad is not None and float(p.grad.abs().amax()) > 0, name
    optimizer.step()
    assert all(not torch.equal(p, before[name]) for name, p in mixer.named_parameters())


def test_gates_start_where_they_should_and_a_repeated_token_never_diverges(mixer):
    bias = mixer.gates.bias.detach()
    torch.testing.assert_close(bias[-2:].sigmoid(), torch.full_like(bias[-2:], 0.98))  # alpha of both heads
    assert not bias[:-2].any()  # eta, and beta where there is one: 0.5
    for scale in (1, 10, 100):
        with torch.no_grad():
            y, state = mixer.float()(scale * tokens(1).float().expand(3, 2000, 16))
        assert y.isfinite().all() and float(state.memory.abs().max()) < 100
