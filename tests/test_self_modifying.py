"""The self-modifying memory: every form equals the plain loop, and the loop is what the paper's equations say."""

import itertools
import os

import pytest
import torch

from nested_core.ops import backend
from nested_core.ops.self_modifying import (
    ALPHA,
    ETA,
    KEY,
    MEMORIES,
    MEMORY,
    STATIC_QUERY,
    VALUE,
    Gates,
    MemoryState,
    Writing,
    compute,
)  # fmt: skip
from nested_core.ops.self_modifying.common import ask, log_retention, step_size
from nested_core.ops.self_modifying.fused import covers
from nested_core.ops.self_modifying.naive import naive

LENGTHS = [1, 7, 33, 64, 129]
DEFAULT = Writing()


class Case:
    """Random arguments of one call, float64; `hidden` units make the memories deep."""

    def __init__(self, T, D=16, hidden=0, writing=DEFAULT, B=2, H=2, dtype=torch.float64):
        generator = torch.Generator().manual_seed(T + D)
        M, self.writing = writing.memories, writing

        def draw(*shape, scale=1.0):
            values = torch.randn(*shape, generator=generator, dtype=torch.float64) * scale
            return values.to(dtype).requires_grad_()

        self.q = torch.nn.functional.normalize(draw(B, H, T, D).detach(), dim=-1).requires_grad_()
        self.x = draw(B, H, T, D, scale=0.5)
        if hidden:
            self.layers = [draw(B, H, M, hidden, D, scale=D**-0.5), draw(B, H, M, D, hidden, scale=0.5 * hidden**-0.5)]
        else:
            self.layers = [draw(B, H, M, D, D, scale=D**-0.5)]
        self.gates = [draw(H, D), draw(H, D), draw(H), draw(H)] + ([draw(H)] if writing.momentum else [])

    def state(self):
        layers = tuple(self.layers)
        return MemoryState(layers, layers, tuple(map(torch.zeros_like, layers)) if self.writing.momentum else (), 0)

    def call(self, form, chunk=16, state=None, part=slice(None)):
        q = None if "q" in self.writing.adapt else self.q[:, :, part]
        state = self.state() if state is None else state
        return compute(self.x[:, :, part], q, state, Gates(*self.gates), self.writing, chunk, form)

    def results(self, form, chunk=16):
        """Outputs, final state and every gradient of a random read-out of all of them."""
        y, after = self.call(form, chunk)
        outputs = [y, *after.anchor, *after.memory, *after.momentum]
        generator = torch.Generator().manual_seed(1)
        loss = sum((o * torch.randn(o.shape, generator=generator, dtype=torch.float64)).sum() for o in outputs)
        leaves = [self.x, self.q, *self.layers, *self.gates]
        found = torch.autograd.grad(loss, leaves, allow_unused=True, materialize_grads=True)
        return [t.detach() for t in (*outputs, *found)]


def agree(case, form, chunk=16, tolerance=1e-10):
    for i, (loop, fast) in enumerate(zip(case.results("naive", chunk), case.results(form, chunk), strict=True)):
        worst = float((loop - fast).abs().max()) / max(1.0, float(loop.abs().max()))
        assert worst < tolerance, (form, i, worst)


# pitfall 8, 26
@pytest.mark.parametrize("T", LENGTHS)
@pytest.mark.parametrize("form", ["chunked", "fused"])
def test_the_default_rule_equals_the_loop(form, T):
    agree(Case(T), form)
    agree(Case(T, D=24), form, chunk=7)


OPTIONS = list(
    itertools.product(
        [0, 6], ["auto", "running", "anchor"], [0, 12], [True, False], [True, False], [True, False], ["before", "after"]
    )
)


@pytest.mark.parametrize(
    "first, adapt", list(enumerate([STATIC_QUERY, MEMORIES, ("k", "eta", "memory"), ("v", "alpha")]))
)
def test_every_combination_of_options_equals_the_loop(first, adapt):
    """Deep and linear, both gradient points, two chunk lengths, with and without each part. Every third combination,
    from another one for each set of memories: all of them, and in each set every pair of options."""
    for hidden, gradient_at, main_chunk, dgd, retention, momentum, read in OPTIONS[first::3]:
        writing = Writing(adapt, gradient_at, main_chunk, dgd, retention, momentum, read)
        agree(Case(9, D=5, hidden=hidden, writing=writing, B=1), "chunked", chunk=4)


@pytest.mark.parametrize("form", ["naive", "chunked", "fused"])
@pytest.mark.parametrize("split", [1, 5, 16, 20, 32])
@pytest.mark.parametrize("writing", [Writing(), Writing(main_chunk=6, momentum=True, gradient_at="anchor")])
def test_carried_state_equals_one_long_call(form, split, writing):
    case = Case(37, writing=writing)
    y, after = case.call(form)
    y1, between = case.call(form, part=slice(0, split))
    y2, end = case.call(form, state=between, part=slice(split, None))
    torch.testing.assert_close(torch.cat([y1, y2], dim=2), y, atol=1e-10, rtol=0)
    for a, b in zip(sum(end[:3], ()), sum(after[:3], ()), strict=True):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=0)
    assert end.position == after.position == 37


def gates_of(case, M):
    """k, v, alpha and eta of the first token, from the equations."""
    x, (eta_row, alpha_row, eta_bias, alpha_bias) = case.x[0, 0, 0], (g[0] for g in case.gates[:4])
    k = torch.nn.functional.normalize(M[KEY] @ x, dim=0)
    log = log_retention(alpha_row @ (M[ALPHA] @ x) + alpha_bias, case.writing)
    return k, M[VALUE] @ x, log.exp(), step_size(eta_row @ (M[ETA] @ x) + eta_bias, log, case.writing)


# pitfall 23
@pytest.mark.parametrize(
    ("writing", "factor"),
    [
        (Writing(), 2),  # reading a: erases twice
        (Writing(dgd=False), 1),  # reading c, for one token the same as b
        (Writing(gradient_at="anchor"), 2),
    ],
)
def test_one_write_reads_back_as_the_rule_says(writing, factor):
    """M k becomes (alpha - factor eta) M k + eta M v; what is orthogonal to k only decays; reading comes first."""
    case = Case(1, B=1, H=1, writing=writing)
    M = case.layers[0][0, 0]
    k, v, alpha, eta = gates_of(case, M)
    for form in ("naive", "chunked", "fused"):
        y, after = case.call(form, chunk=1)
        new = after.memory[0][0, 0]
        for i in range(5):
            torch.testing.assert_close(
                new[i] @ k, (alpha - factor * eta) * (M[i] @ k) + eta * (M[i] @ v), atol=1e-5, rtol=1e-5
            )
        z = torch.linalg.svd(k[None])[2][-1]  # orthogonal to k
        torch.testing.assert_close(new[MEMORY] @ z, alpha * (M[MEMORY] @ z), atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(y[0, 0, 0], M[MEMORY] @ case.q[0, 0, 0])


def test_reading_after_the_write_recalls_it():
    case = Case(1, B=1, H=1, writing=Writing(read="after"))
    y, after = case.call("naive")
    torch.testing.assert_close(y[0, 0, 0], after.memory[0][0, 0, MEMORY] @ case.q[0, 0, 0])


def test_a_chunk_in_closed_form():
    """M_end = M D_1 ... D_C - sum_j eta_j G_j D_{j+1} ... D_C, gradients G taken at the chunk's start (eq. 90)."""
    C, case = 4, Case(4, D=5, B=1, H=1, writing=Writing(gradient_at="anchor"))
    M, eye = case.layers[0][0, 0], torch.eye(5, dtype=torch.float64)
    made = []
    for t in range(C):
        one = Case(1, D=5, B=1, H=1)
        one.x, one.gates = case.x[:, :, t : t + 1], case.gates
        made.append(gates_of(one, M))
    _, after = case.call("chunked", chunk=C)
    for i in range(5):
        want, D = M[i], [alpha * eye - eta * torch.outer(k, k) for k, _, alpha, eta in made]
        for t, (k, v, _, eta) in enumerate(made):
            want = want @ D[t] - eta * torch.outer(M[i] @ k - M[i] @ v, k)
        torch.testing.assert_close(after.memory[0][0, 0, i], want, atol=1e-5, rtol=1e-5)


# pitfall 25
def test_what_a_token_is_made_from_is_what_stood_at_the_start_of_its_chunk():
    """xi(1..9) = 0,0,0,0,4,4,4,4,8 for chunks of 4: the anchor moves after tokens 4 and 8 only."""
    case, moved = Case(9), []
    state = case.state()
    for t in range(9):
        before = state.anchor[0]
        _, state = case.call("naive", chunk=4, state=state, part=slice(t, t + 1))
        moved.append(not torch.equal(state.anchor[0], before))
    assert [t + 1 for t, m in enumerate(moved) if m] == [4, 8]
    y, _ = Case(9, writing=Writing(gradient_at="anchor")).call("chunked", chunk=16)
    assert torch.isfinite(y).all()


# pitfall 40
@pytest.mark.parametrize("hidden", [0, 6])
def test_without_writes_the_layer_is_its_initial_state(hidden):
    """eta = 0 and alpha = 1: nothing changes, and every output is the static network's."""
    case = Case(20, hidden=hidden)
    with torch.no_grad():
        for gate in case.gates[:2]:
            gate.zero_()
        case.gates[2].fill_(-1e4)
        case.gates[3].fill_(1e4)
    y, after = case.call("fused")
    torch.testing.assert_close(y, ask(tuple(layer[:, :, MEMORY] for layer in case.layers), case.q))
    assert all(torch.equal(a, b) for a, b in zip(after.memory, case.layers, strict=True))


def test_forgetting_everything_wipes_the_memory_in_one_step():
    case = Case(1)
    with torch.no_grad():
        case.gates[0].zero_(), case.gates[1].zero_()
        case.gates[2].fill_(-1e4), case.gates[3].fill_(-1e4)
    _, after = case.call("fused", chunk=1)
    assert float(after.memory[0].detach().abs().max()) < 1e-30


def test_frozen_memories_do_not_change_and_each_adapting_one_does():
    for hidden in (0, 6):
        writing = Writing(("k", "memory"))
        case = Case(20, hidden=hidden, writing=writing)
        _, after = case.call("fused")
        for old, new in zip(case.layers, after.memory, strict=True):
            changed = [not torch.equal(old[:, :, i], new[:, :, i]) for i in range(5)]
            assert changed == [True, False, False, False, True]


def test_the_step_size_is_bounded_so_that_a_repeated_key_never_diverges():
    logits = torch.linspace(-40, 40, 81, dtype=torch.float64)
    log = log_retention(logits, Writing())[:, None]
    factor = log.exp() - 2 * step_size(logits[None], log, Writing())
    assert float(factor.min()) >= -1 and float((factor - log.exp()).max()) <= 0
    plain = log.exp() - step_size(logits[None], log, Writing(dgd=False))
    assert float(plain.min()) >= 0


# pitfall 32
@pytest.mark.parametrize("alpha", [0.0, 2.0, 60.0])
@pytest.mark.parametrize("eta", [-2.0, 2.0, 60.0])
def test_a_thousand_writes_of_one_key_stay_bounded(alpha, eta):
    case = Case(1000, D=4, B=1, H=1)
    with torch.no_grad():
        case.x[:] = case.x[:, :, :1]
        case.gates[0].zero_(), case.gates[1].zero_()
        case.gates[2].fill_(eta), case.gates[3].fill_(alpha)
        case.layers[0][:, :, [KEY, VALUE]] = torch.eye(4, dtype=torch.float64)
    y, after = case.call("fused", chunk=1)
    assert float(after.memory[0].detach().abs().max()) < 20 and torch.isfinite(y).all()


# pitfall 27
@pytest.mark.parametrize("bias", [-torch.inf, -60.0, 60.0, 1e4])
@pytest.mark.parametrize("form", ["naive", "chunked", "fused"])
def test_gates_at_their_ends_and_zero_keys_stay_finite(form, bias):
    case = Case(40, B=1)
    with torch.no_grad():
        case.gates[3].fill_(bias)
        case.gates[2].fill_(max(bias, -1e4))
        case.x[:, :, :10] = 0
    results = case.results(form)
    assert all(torch.isfinite(x).all() for x in results)


# pitfall 11
@pytest.mark.parametrize(
    ("hidden", "writing"),
    [(0, Writing()), (3, Writing()), (0, Writing(MEMORIES, "anchor", momentum=True, read="after"))],
)
def test_gradients_of_the_specification_by_finite_differences(hidden, writing):
    case = Case(4, D=3, B=1, H=1, hidden=hidden, writing=writing)
    leaves = [case.x, case.q, *case.layers, *case.gates]

    def call(*_):
        y, after = case.call("naive", chunk=2)
        return y, *after.memory

    used = leaves if "q" not in writing.adapt else [leaves[0], *leaves[2:]]
    assert torch.autograd.gradcheck(call, used, atol=1e-5)


def test_the_chunked_form_can_be_differentiated_twice_and_the_fused_says_that_it_cannot():
    case = Case(16, D=4)
    y, _ = case.call("chunked", chunk=8)
    (first,) = torch.autograd.grad(y.square().sum(), case.layers, create_graph=True)
    assert torch.autograd.grad(first.square().sum(), case.x)[0].abs().max() > 0
    y, _ = case.call("fused", chunk=8)
    (first,) = torch.autograd.grad(y.square().sum(), case.layers, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.square().sum().backward()


# pitfall 30
def test_the_choice_of_a_form_says_why_and_can_be_overridden(monkeypatch):
    assert backend.choose("cpu").name == "fused" and "CPU" in backend.choose("cpu").reason
    with backend.use("naive"):
        assert backend.choose("cpu").name == "naive"
    monkeypatch.setenv("NESTED_OPS", "chunked")
    assert backend.choose("cpu") == ("chunked", "asked for by NESTED_OPS")
    monkeypatch.setenv("NESTED_OPS", "fastest")
    with pytest.raises(ValueError, match="NESTED_OPS: 'fastest'"):
        backend.choose("cpu")
    case = Case(3)
    assert covers(case.state(), Writing(), 16) and not covers(case.state(), Writing(dgd=False), 16)


def test_the_specification_is_the_loop_that_is_named():
    assert compute(*_arguments(), "naive")[0].equal(naive(*_arguments())[0])


def _arguments():
    case = Case(5)
    return case.x, case.q, case.state(), Gates(*case.gates), case.writing, 4


# pitfall 29
@pytest.mark.skipif(os.environ.get("TRITON_INTERPRET") != "1", reason="float64 is for Triton's interpreter")
@pytest.mark.parametrize(("T", "D", "chunk"), [(1, 16, 16), (7, 24, 4), (33, 32, 16), (64, 64, 32), (129, 16, 64)])
def test_the_kernel_equals_the_loop_in_the_interpreter(T, D, chunk):
    pytest.importorskip("triton")
    agree(Case(T, D, B=1), "kernel", chunk)
