"""The self-modifying memory: every form equals the plain loop, and the loop is what the paper's equations say."""

import importlib.util
import itertools
import os

import pytest
import torch

from nested_core.ops import backend
from nested_core.ops.elementwise import inverse_norm, normalize
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
    choose,
    compute,
)  # fmt: skip
from nested_core.ops.self_modifying.common import ask, log_retention, step_size
from nested_core.ops.self_modifying.naive import naive

LENGTHS, WIDTHS = [1, 7, 33, 64, 129], [16, 24, 32, 64]
DEFAULT = Writing()
EVERY_OPTION = Writing(MEMORIES, "anchor", 6, momentum=True, read="after")
# The kernel in float64 is for Triton's interpreter, see conftest.
INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1" and importlib.util.find_spec("triton") is not None
KERNEL = pytest.mark.skipif(not INTERPRETED, reason="float64 is for Triton's interpreter")
FORMS = ["naive", "chunked", "fused", pytest.param("kernel", marks=KERNEL)]
FAST = "chunked fused kernel" if INTERPRETED else "chunked fused"


class Case:
    """Random arguments of one call, float64; `hidden` units make the memories deep. A `position` other than 0 is that
    of a carried state, whose anchor, memory and momentum then have nothing in common."""

    def __init__(self, T, D=16, hidden=0, writing=DEFAULT, B=2, H=2, dtype=torch.float64, position=0):
        generator = torch.Generator().manual_seed(T + D)
        M, self.writing, self.position = writing.memories, writing, position

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
        carried = [[draw(*layer.shape, scale=0.3) for layer in self.layers if position] for _ in range(2)]
        self.anchor, self.momentum = carried if writing.momentum else (carried[0], [])

    def state(self):
        layers = tuple(self.layers)
        still = tuple(map(torch.zeros_like, layers)) if self.writing.momentum else ()
        return MemoryState(tuple(self.anchor) or layers, layers, tuple(self.momentum) or still, self.position)

    def call(self, form, chunk=16, state=None, part=slice(None)):
        q = None if "q" in self.writing.adapt else self.q[:, :, part]
        state = self.state() if state is None else state
        return compute(self.x[:, :, part], q, state, Gates(*self.gates), self.writing, chunk, form)

    def results(self, form, chunk=16):
        """Outputs, final state and every gradient of a random read-out of all of them."""
        y, after = self.call(form, chunk)
        outputs = [y, *after.anchor, *after.memory, *after.momentum]
        generator = torch.Generator().manual_seed(1)
        loss = sum((o * torch.randn(o.shape, generator=generator, dtype=torch.float64).to(o)).sum() for o in outputs)
        leaves = [self.x, self.q, *self.layers, *self.gates, *self.anchor, *self.momentum]
        found = torch.autograd.grad(loss, leaves, allow_unused=True, materialize_grads=True)
        return [t.detach() for t in (*outputs, *found)]


def paired(lengths, widths, chunks):
    """Every length with every width; chunks as in a Latin square, so that each of them meets every width and length."""
    return [(T, D, chunks[(i + j) % len(chunks)]) for i, T in enumerate(lengths) for j, D in enumerate(widths)]


def agree(case, forms, chunk=16, tolerance=1e-10):
    """Each of the forms (names with spaces between) gives the loop's results, and finite ones: NaN agrees with none."""
    expected = case.results("naive", chunk)
    for form in forms.split():
        for i, (loop, fast) in enumerate(zip(expected, case.results(form, chunk), strict=True)):
            worst = float((loop - fast).abs().max()) / max(1.0, float(loop.abs().max()))
            assert worst < tolerance, (form, i, worst)


# pitfall 8, 26
@pytest.mark.parametrize(("T", "D", "chunk"), paired(LENGTHS, WIDTHS, (1, 7, 16, 64)))
def test_the_default_rule_equals_the_loop(T, D, chunk):
    agree(Case(T, D, B=1), "chunked fused", chunk)


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


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("split", [1, 5, 16, 20, 32])
@pytest.mark.parametrize("writing", [Writing(), Writing(main_chunk=6, momentum=True, gradient_at="anchor")])
def test_carried_state_equals_one_long_call(form, split, writing):
    case = Case(37, writing=writing, B=1)
    y, after = case.call(form)
    y1, between = case.call(form, part=slice(0, split))
    y2, end = case.call(form, state=between, part=slice(split, None))
    torch.testing.assert_close(torch.cat([y1, y2], dim=2), y, atol=1e-10, rtol=0)
    for a, b in zip(sum(end[:3], ()), sum(after[:3], ()), strict=True):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=0)
    assert end.position == after.position == 37


@pytest.mark.parametrize("hidden", [0, 6])
@pytest.mark.parametrize("writing", [Writing(), EVERY_OPTION])
def test_gradients_flow_through_a_state_carried_into_the_middle_of_a_chunk(hidden, writing):
    """Also into the anchor and the momentum, which are not the memory's: 11 tokens to the boundary, 16, and 3."""
    agree(Case(30, hidden=hidden, writing=writing, B=1, position=5), FAST)


def sequential(case):
    """Outputs and final memory of one head by eqs. 83-96 as printed, the inner gradient by autograd, no chunks."""
    layers, outputs = [layer.detach()[0, 0] for layer in case.layers], []
    eta_row, alpha_row, eta_bias, alpha_bias = (gate.detach()[0] for gate in case.gates)
    for x, q in zip(case.x.detach()[0, 0], case.q.detach()[0, 0], strict=True):
        layers = [layer.requires_grad_() for layer in layers]

        def memory(z, layers=layers):
            return ask(tuple(layers), z.expand(len(layers[0]), 1, -1))[:, 0]  # what each of them answers, [M, D]

        k, v = normalize(memory(x)[KEY]).detach(), memory(x)[VALUE]
        log_alpha = log_retention(alpha_row @ memory(x)[ALPHA] + alpha_bias, DEFAULT)
        eta = step_size(eta_row @ memory(x)[ETA] + eta_bias, log_alpha, DEFAULT)
        outputs.append(memory(q)[MEMORY])
        gradients = torch.autograd.grad((memory(k) - memory(v).detach()).square().sum() / 2, layers)
        changed = []
        for i, (W, gradient) in enumerate(zip(layers, gradients, strict=True)):
            z = (torch.nn.functional.gelu(layers[0] @ k) if i else k.expand(len(W), -1))[:, None]  # [M, 1, in]
            shorter = inverse_norm(z) if i else 1.0  # the key of the second layer is its input, of length 1 as well
            unit = z * shorter
            changed.append(log_alpha.exp() * W - eta * W @ unit.mT @ unit - eta * gradient * shorter)
        layers = [W.detach() for W in changed]
    return [torch.stack(outputs).detach(), *layers]


# pitfall 26
@pytest.mark.parametrize("hidden", [0, 6])
@pytest.mark.parametrize("gradient_at", ["running", "anchor"])
@pytest.mark.parametrize("form", FORMS)
def test_with_chunk_1_every_form_is_the_sequential_rule(form, gradient_at, hidden):
    """Anchor and running memory are then the same, in values and in every gradient."""
    case = Case(5, D=5, hidden=hidden, writing=Writing(gradient_at=gradient_at), B=1, H=1)
    y, after = case.call(form, chunk=1)
    for got, want in zip([y, *after.memory], sequential(case), strict=True):
        torch.testing.assert_close(got[0, 0], want, atol=1e-10, rtol=0)
    other = Case(5, D=5, hidden=hidden, writing=Writing(gradient_at="running"), B=1, H=1)
    for got, want in zip(case.results(form, chunk=1), other.results("naive", chunk=1), strict=True):
        torch.testing.assert_close(got, want, atol=1e-10, rtol=0)


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
@pytest.mark.parametrize("hidden", [0, 6])
@pytest.mark.parametrize("form", ["naive", "chunked"])
def test_the_anchor_of_a_token_is_the_memory_at_the_end_of_the_chunk_before(form, hidden):
    """xi(1..9) = 0,0,0,0,4,4,4,4,8 for chunks of 4."""
    case, memories, xi = Case(9, hidden=hidden), [], []
    state = case.state()
    for t in range(9):
        memories.append(state.memory)
        xi += [s for s, memory in enumerate(memories) if all(map(torch.equal, memory, state.anchor))]
        _, state = case.call(form, chunk=4, state=state, part=slice(t, t + 1))
    assert xi == [0, 0, 0, 0, 4, 4, 4, 4, 8]


@pytest.mark.parametrize("hidden", [0, 6])
@pytest.mark.parametrize("form", FORMS)
def test_within_a_chunk_keys_values_and_gates_are_those_of_its_start_and_only_reading_is_not(form, hidden):
    """In the first chunk it is all one whether the projections write themselves; the first token reads M_0."""
    case, still = (Case(16, hidden=hidden, writing=writing, B=1) for writing in (Writing(), Writing(("memory",))))
    y, static = case.call(form, chunk=8)[0], still.call(form, chunk=8)[0]
    assert ((y - static).abs().amax((0, 1, 3)) > 1e-9).tolist() == [False] * 9 + [True] * 7  # M_8 is the same, too
    torch.testing.assert_close(y[:, :, :1], ask(tuple(layer[:, :, MEMORY] for layer in case.layers), case.q[:, :, :1]))
    for T, learn in ((1, [MEMORY]), (2, list(range(5)))):  # what is read exactly depends on all of them at once
        (gradient,) = torch.autograd.grad(case.call(form, chunk=8, part=slice(T))[0].sum(), case.layers[:1])
        assert gradient.abs().amax((0, 1, 3, 4)).nonzero().flatten().tolist() == learn


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
@pytest.mark.parametrize("form", ["naive", "chunked"])
@pytest.mark.parametrize(
    ("writing", "left"),  # of what a chunk of four writes of one key finds under it, when nothing is written anew
    [
        (Writing(), lambda alpha, eta, s: (alpha - 2 * eta) ** 4),  # literal: erases twice
        (Writing(dgd=False), lambda alpha, eta, s: (alpha - eta) ** 4),
        (Writing(gradient_at="anchor"), lambda alpha, eta, s: (alpha - eta) ** 4 - eta * s(alpha - eta)),
        (Writing(dgd=False, gradient_at="anchor"), lambda alpha, eta, s: alpha**4 - eta * s(alpha)),  # 1 - 4 eta
    ],
)
def test_without_bounded_gates_a_repeated_key_diverges_exactly_when_the_rule_says(monkeypatch, form, writing, left):
    """Any alpha and eta, (0.5, 0.9) among them: both within (0, 1) is not enough, eta < (1 + alpha) / 2 is needed by
    the literal rule, and 4 eta < 2 by plain gradients at the chunk's start with alpha = 1."""
    grid = itertools.product((0.0, 0.5, 1.0), (0.1, 0.4, 0.6, 0.74, 0.76, 0.9))
    alpha, eta = torch.tensor(list(grid), dtype=torch.float64).unbind(1)
    module = f"nested_core.ops.self_modifying.{form}"
    monkeypatch.setattr(f"{module}.log_retention", lambda logit, _: shaped(alpha, logit).log().clamp(min=-100))
    monkeypatch.setattr(f"{module}.step_size", lambda logit, *_: shaped(eta, logit))
    case = Case(100, D=4, B=len(alpha), H=1, writing=writing._replace(adapt=("memory",)))
    with torch.no_grad():
        case.x[:] = 100 * case.x[:, :, :1]  # so long that its direction is exact
        case.layers[0][:, :, KEY] = torch.eye(4, dtype=torch.float64)
        case.layers[0][:, :, VALUE] = 0
        _, after = case.call(form, chunk=4)
        k = torch.nn.functional.normalize(case.x[:, 0, 0], dim=-1)[..., None]
        old, new = (layers[0][:, 0, MEMORY] @ k for layers in (case.layers, after.memory))
    factor = left(alpha, eta, lambda a: 1 + a + a**2 + a**3)
    torch.testing.assert_close(new, factor[:, None, None] ** 25 * old, atol=1e-10, rtol=1e-6)
    assert torch.equal(new.norm(dim=(1, 2)) > old.norm(dim=(1, 2)), factor.abs() > 1)
    if writing == DEFAULT:
        assert torch.equal(factor.abs() > 1, eta > (1 + alpha) / 2)


def shaped(gate, logit):
    """One number per sample in the shape of the logits [B, H] or [B, H, C]."""
    return gate.view(-1, *[1] * (logit.ndim - 1)).expand_as(logit)


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
    with torch.no_grad():
        y, after = case.call("fused", chunk=1)
    assert float(after.memory[0].abs().max()) < 20 and torch.isfinite(y).all()
    assert all(torch.isfinite(x).all() for x in case.results("fused", chunk=16))  # gradients, too


# pitfall 27
@pytest.mark.parametrize(("hidden", "forms"), [(0, FAST), (6, "chunked")])
@pytest.mark.parametrize(("eta", "alpha"), [*itertools.product([-torch.inf, torch.inf], repeat=2), (60.0, -60.0)])
def test_gates_at_their_ends_and_zero_keys_equal_the_loop(hidden, forms, eta, alpha):
    """eta 0 or its most, alpha 0 or 1: all finite, as `agree` asks."""
    case = Case(40, B=1, H=1, hidden=hidden)
    with torch.no_grad():
        case.gates[2].fill_(eta), case.gates[3].fill_(alpha)
        case.x[:, :, :10] = 0
    agree(case, forms)


# pitfall 27
@pytest.mark.parametrize(
    ("hidden", "eta", "alpha"),  # eta and alpha at their most together grow with random values, see `Writing`
    [(0, 0.0, 4.0), *itertools.product([0, 6], [-torch.inf, torch.inf], [-torch.inf]), (6, -torch.inf, torch.inf)],
)
def test_gradients_of_a_thousand_tokens_stay_finite(hidden, eta, alpha):
    case = Case(1000, B=1, H=1, hidden=hidden)
    with torch.no_grad():
        case.gates[2].fill_(eta), case.gates[3].fill_(alpha)
    assert all(torch.isfinite(x).all() for x in case.results("fused", chunk=64))


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


# pitfall 30
def test_the_form_that_is_named_is_the_one_that_runs(monkeypatch):
    cpu, gpu, single, half = torch.device("cpu"), torch.device("cuda"), torch.float32, torch.bfloat16

    def named(writing=DEFAULT, layers=1, device=cpu, dtype=single, D=64, chunk=32):
        return choose(device, dtype, D, layers, writing, chunk).name

    assert named() == "fused" and named(Writing(dgd=False)) == named(layers=2) == "chunked"
    assert named(Writing(gradient_at="running"), layers=2) == "naive"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    assert named(device=gpu, D=32) == named(device=gpu, dtype=half) == "kernel"
    assert named(device=gpu, chunk=256) == named(device=gpu, dtype=half, D=128, chunk=64) == "fused"
    with backend.use("naive"):
        assert named() == named(device=gpu) == "naive"


@pytest.mark.parametrize("writing", [Writing(), Writing(momentum=True, gradient_at="anchor")])
@pytest.mark.parametrize("form", ["naive", "chunked", "fused"])
def test_tokens_of_sixteen_bits_are_written_into_memories_of_thirty_two(form, writing):
    case = Case(20, writing=writing, dtype=torch.float32)
    y, _ = case.call(form)
    case.x, case.q = case.x.bfloat16(), case.q.bfloat16()
    with torch.autocast("cpu", torch.bfloat16):  # which must not reach the memories
        rounded, held = case.call(form)
    assert rounded.dtype == torch.bfloat16 and held.memory[0].dtype == torch.float32
    torch.testing.assert_close(rounded.float(), y, atol=0.1, rtol=0.05)
    case.x, case.q = case.x.float(), case.q.float()
    for exact, lifted in zip(case.call(form)[1].memory, held.memory, strict=True):
        torch.testing.assert_close(exact, lifted, atol=1e-6, rtol=0)  # only the tokens were rounded


def test_the_specification_is_the_loop_that_is_named():
    assert compute(*_arguments(), "naive")[0].equal(naive(*_arguments())[0])


def _arguments():
    case = Case(5)
    return case.x, case.q, case.state(), Gates(*case.gates), case.writing, 4


# pitfall 29, 30
@KERNEL
@pytest.mark.parametrize(
    ("T", "D", "chunk"),
    [*paired((33, 129), WIDTHS, (16, 32)), (1, 16, 1), (7, 24, 4), (64, 64, 64)],
)
def test_the_kernel_equals_the_loop_in_the_interpreter(T, D, chunk):
    """Every size of block, full and padded; a case without a whole chunk would not reach the kernel."""
    agree(Case(T, D, B=1, H=2 if T < 33 else 1), "kernel", chunk)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-3), (torch.bfloat16, 5e-2)])
@pytest.mark.parametrize(("T", "D", "chunk"), [(1, 16, 1), (33, 24, 16), (64, 32, 32), (129, 64, 16), (129, 64, 64)])
def test_the_kernel_equals_the_loop_on_a_gpu(T, D, chunk, dtype, tolerance):
    """Tokens in `dtype`, memories in float32, against the loop on a CPU in float64 with the same tokens."""
    case = Case(T, D)
    case.x, case.q = (t.detach().to(dtype).double().requires_grad_() for t in (case.x, case.q))
    expected = case.results("naive", chunk)
    case.x, case.q = (t.detach().to("cuda", dtype).requires_grad_() for t in (case.x, case.q))
    moved = ([t.detach().float().cuda().requires_grad_() for t in part] for part in (case.layers, case.gates))
    case.layers, case.gates = moved
    for loop, fast in zip(expected, case.results("kernel", chunk), strict=True):
        assert float((loop - fast.double().cpu()).abs().max()) < tolerance * max(1.0, float(loop.abs().max()))
