"""The self-modifying memory: the plain loop against closed forms, the chunked form against the plain loop."""

import pytest
import torch

from nested_core.ops.self_modifying import ALPHA, ETA, KEY, MEMORIES, MEMORY, VALUE, Gates, chunked, naive
from nested_core.ops.self_modifying.common import log_alpha, step_size

ALL = torch.ones(5, dtype=torch.bool)


def arguments(T, D=8, B=2, H=3, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape, scale=1.0):
        return (torch.randn(*shape, generator=generator, dtype=torch.float64) * scale).requires_grad_()

    q = torch.nn.functional.normalize(
        torch.randn(B, H, T, D, generator=generator, dtype=torch.float64), dim=-1
    ).requires_grad_()
    return [draw(B, H, T, D), q, draw(B, H, 5, D, D, scale=D**-0.5), draw(H, D), draw(H, D), draw(H), draw(H)]


def call(form, a, adapt=ALL, chunk=16, offset=0, memory=None):
    return form(a[0], a[1], a[2], a[2] if memory is None else memory, Gates(*a[3:]), adapt, chunk, offset)


@pytest.mark.parametrize("T", [1, 7, 33, 64])
@pytest.mark.parametrize(
    "adapt", [ALL, torch.tensor([True, False, True, False, True]), torch.tensor([False, True, True, True, False])]
)
def test_chunked_equals_the_loop_in_outputs_state_and_gradients(T, adapt):
    results = []
    for form in (naive, chunked):
        a = arguments(T)
        outputs = call(form, a, adapt)
        generator = torch.Generator().manual_seed(1)
        loss = sum((x * torch.randn(x.shape, generator=generator, dtype=x.dtype)).sum() for x in outputs)
        gradients = torch.autograd.grad(loss, a, allow_unused=True, materialize_grads=True)
        results.append([x.detach() for x in (*outputs, *gradients)])
    for name, loop, fast in zip(["y", "anchor", "memory", "dx", "dq", "dM", *["dgate"] * 4], *results, strict=True):
        scale = max(1.0, float(loop.abs().max()))
        assert float((loop - fast).abs().max()) / scale < 1e-10, name


@pytest.mark.parametrize("form", [naive, chunked])
@pytest.mark.parametrize("split", [1, 5, 16, 20, 32])
def test_carried_state_equals_one_long_call(form, split):
    a = arguments(37)
    y, anchor, memory = call(form, a)
    first = [a[0][:, :, :split], a[1][:, :, :split], *a[2:]]
    y1, anchor1, memory1 = call(form, first)
    rest = [a[0][:, :, split:], a[1][:, :, split:], anchor1, *a[3:]]
    y2, anchor2, memory2 = call(form, rest, offset=split % 16, memory=memory1)
    torch.testing.assert_close(torch.cat([y1, y2], dim=2), y, atol=1e-10, rtol=0)
    torch.testing.assert_close(anchor2, anchor, atol=1e-10, rtol=0)
    torch.testing.assert_close(memory2, memory, atol=1e-10, rtol=0)


@pytest.mark.parametrize("form", [naive, chunked])
def test_one_write_reads_back_as_the_literal_rule_says(form):
    """M k becomes (alpha - 2 eta) M k + eta M v; what is orthogonal to k only decays; the read precedes the write."""
    a = arguments(1, B=1, H=1)
    x, q, M = a[0][0, 0, 0], a[1][0, 0, 0], a[2][0, 0]
    k = torch.nn.functional.normalize(M[KEY] @ x, dim=0)
    v = M[VALUE] @ x
    log = log_alpha(a[4][0] @ (M[ALPHA] @ x) + a[6][0])
    alpha, eta = log.exp(), step_size(a[3][0] @ (M[ETA] @ x) + a[5][0], log)
    y, _, after = call(form, a, chunk=1)
    for i in range(len(MEMORIES)):
        torch.testing.assert_close(
            after[0, 0, i] @ k, (alpha - 2 * eta) * (M[i] @ k) + eta * (M[i] @ v), atol=1e-5, rtol=1e-5
        )
    z = torch.linalg.svd(k[None])[2][-1]  # orthogonal to k
    torch.testing.assert_close(after[0, 0, MEMORY] @ z, alpha * (M[MEMORY] @ z))
    torch.testing.assert_close(y[0, 0, 0], M[MEMORY] @ q)


def test_the_step_size_is_bounded_so_that_a_repeated_key_never_diverges():
    logits = torch.linspace(-40, 40, 81, dtype=torch.float64)
    log = log_alpha(logits)[:, None]
    factor = log.exp() - 2 * step_size(logits[None], log)
    assert float(factor.min()) >= -1 and float((factor - log.exp()).max()) <= 0


@pytest.mark.parametrize("bias", [-60.0, 60.0])
def test_extreme_gates_and_zero_keys_stay_finite(bias):
    a = arguments(40)
    with torch.no_grad():
        a[6].fill_(bias)
        a[5].fill_(bias)
        a[0][:, :, :10] = 0
    outputs = call(chunked, a)
    gradients = torch.autograd.grad(sum(x.sum() for x in outputs), a)
    assert all(torch.isfinite(x).all() for x in (*outputs, *gradients))


def test_gradients_of_the_specification_by_finite_differences():
    a = arguments(5, D=3, B=1, H=1)
    assert torch.autograd.gradcheck(lambda *args: call(naive, list(args), chunk=2), a)
