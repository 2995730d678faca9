"""Bad input is one sentence that names the argument, what came and what is allowed, and it changes nothing."""

import re

import pytest
import torch
from torch import nn

from nested_core import memory
from nested_core.attention import Attention
from nested_core.boundary import check_finite
from nested_core.cms import ContinuumMemory
from nested_core.deltanet import DeltaNet
from nested_core.hope import Hope, HopeConfig
from nested_core.least_squares import AssociativeReadout, InputMemory
from nested_core.memory import MEMORIES
from nested_core.ops import delta_rule, level_update, orthogonalize, self_modifying, titans_memory
from nested_core.ops.self_modifying import Gates, MemoryState, Writing
from nested_core.ops.titans_memory import Anchored
from nested_core.optim import OPTIMIZERS, build
from nested_core.state import State, map_state
from nested_core.titans import SelfModifyingTitans
from nested_core.titans_memory import TitansMemory

NAN, INF = float("nan"), float("inf")
FINITE = "2 values that are nan or infinite cannot be used; give finite numbers"
LAYERS = {
    "attention": lambda d=16: Attention(d, 2),
    "deltanet": lambda d=16: DeltaNet(d, 2, 4),
    "titans memory": lambda d=16: TitansMemory(d, 2, 4),
    "self-modifying titans": lambda d=16: SelfModifyingTitans(d, 2, 4),
}


def numbers(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def spoiled(x, n=2):
    """x with n values that are not numbers."""
    x = x.detach().clone(memory_format=torch.contiguous_format)
    x.view(-1)[:n] = torch.tensor([NAN, INF] * n, dtype=x.dtype)[:n]
    return x


def refused(words, call, *args, **kwargs):
    with pytest.raises(ValueError, match=words) as error:
        call(*args, **kwargs)
    assert re.fullmatch(r"[^\n]* cannot be used; [^\n]*\.", str(error.value)), error.value


def leaves(state):
    found = []
    map_state(lambda _, x: found.append(x), state)
    return [x for x in found if isinstance(x, torch.Tensor)]


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_refuses_what_does_not_fit_and_the_state_stays(name):
    torch.manual_seed(0)
    layer, x = LAYERS[name]().double(), numbers(2, 5, 16)
    y, state = layer(x)
    before = [t.clone() for t in leaves(state)]
    for bad, words in [
        (spoiled(x), f"x: {FINITE}"),
        (spoiled(x, 1), "x: 1 value that is nan or infinite"),
        (x[0], r"x: \(5, 16\) .*give shape \[B, T, 16\], all at least 1"),
        (x[:, :, :7], r"x: \(2, 5, 7\) .*give shape \[B, T, 16\]"),
        (x[:, :0], r"x: \(2, 0, 16\) .*all at least 1"),
        (x.float(), r"x: 'torch.float32' .*give torch.float64"),
        (x.long(), "x: 'torch.int64' .*floating-point"),
        (x.to("meta"), "x: 'on meta' .*move it to cpu"),
    ]:
        refused(words, layer, bad, state)
        refused(words, layer, bad)
    _, foreign = LAYERS[name](32).double()(numbers(2, 5, 32))
    _, single = LAYERS[name]()(x.float())
    for bad, words in [
        (map_state(lambda _, t: spoiled(t) if isinstance(t, torch.Tensor) else t, state), FINITE),
        (layer(x[:1])[1], r"give float64 \[2, "),  # of one sample
        (foreign, r"give float64 \[2, "),
        (single, r"'float32 .*give float64"),
        ((1, 2), "state: 'tuple' .*of an earlier call"),
        (map_state(lambda _, t: t.to("meta") if isinstance(t, torch.Tensor) else t, state), "'on meta' .*cpu"),
    ]:
        refused(words, layer, x, bad)
    assert all(torch.equal(a, b) for a, b in zip(before, leaves(state), strict=True))
    torch.testing.assert_close(layer(x)[0], y)
    assert len(layer.forward(spoiled(x))) == 2  # what models call: there a number that is none is an event


def test_a_continuum_memory_refuses_what_does_not_fit():
    cms, x = ContinuumMemory(8, 6, (1, 4)).double(), numbers(2, 5, 8)
    fast = tuple(W.detach().expand(2, *W.shape) for W in (cms[0].up.weight, cms[0].down.weight))
    torch.testing.assert_close(cms(x, (fast, None)), cms(x))
    for args, words in [
        ((spoiled(x),), f"x: {FINITE}"),
        ((x[..., :7],), r"x: \(2, 5, 7\) .*give shape \[8\]"),
        ((x.float(),), "x: 'torch.float32'"),
        ((x, (fast,)), "fast: 1 .*pair or None for each of 2"),
        ((x, (None, (fast[0], spoiled(fast[1])))), rf"fast\[1\]\[1\]: {FINITE}"),
        ((x, (None, (fast[0][:1], fast[1]))), r"fast\[1\]\[0\]: \(1, 6, 8\) .*give shape \[2, 6, 8\]"),
    ]:
        refused(words, cms, *args)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Attention(16, 16), r"n_heads: 16 .*divisor of d_model / 2 = 8"),
        (lambda: Attention(16, 0), "n_heads: 0"),
        (lambda: DeltaNet(16, 3, 4), "n_heads: 3 .*divisor of d_model = 16"),
        (lambda: DeltaNet(16, 2, -4), "chunk: -4"),
        (lambda: TitansMemory(16, 3, 4), "n_heads: 3 .*divisor of d_model = 16"),
        (lambda: TitansMemory(16, 2, 0), "chunk: 0"),
        (lambda: TitansMemory(16, 2, 4, layers=3), "layers: 3"),
        (lambda: SelfModifyingTitans(16, 3, 4), "n_heads: 3 .*divisor of d_model = 16"),
        (lambda: SelfModifyingTitans(16, 2, 2.5), "chunk: 2.5"),
        (lambda: SelfModifyingTitans(-16, 2, 4), "d_model: -16"),
        (lambda: ContinuumMemory(8, 6, (1, -4)), "periods: -4"),
        (lambda: ContinuumMemory(8, 6, (4, 1)), r"periods: \(4, 1\) .*fast"),
        (lambda: ContinuumMemory(8, 6, ()), r"periods: \(\)"),
        (lambda: ContinuumMemory(8, 6, (1,), "parallel"), "variant: 'parallel'"),
        (lambda: HopeConfig(11, 16, 1, 16, 4, mixer="attention"), "n_heads: 16 .*d_model / 2 = 8"),
    ],
)
def test_a_layer_of_impossible_size_is_not_made(make, words):
    refused(words, make)


def test_a_model_with_broken_weights_goes_on_and_its_state_elsewhere_is_refused():
    """Divergence is an event of training (test_run, test_streaming), so nothing raises inside of a model."""
    model = Hope(HopeConfig(11, 16, 1, 2, 4))
    tokens = torch.zeros(2, 3, dtype=torch.int64)
    _, state = model(tokens)
    away = map_state(lambda _, t: t.to("meta") if isinstance(t, torch.Tensor) else t, state)
    refused("state.*: 'on meta' .*move it to cpu", model, tokens, away)
    with torch.no_grad():
        model.embed.weight.fill_(NAN)
    assert not model(tokens)[0].isfinite().any()


@pytest.mark.parametrize("mixer", ["titans", "attention"])
def test_a_model_refuses_a_state_or_weights_that_are_none_of_its_own_and_reads_on_from_a_nan(mixer):
    config = HopeConfig(11, 16, 2, 2, 4, (1, 4), hidden=6, mixer=mixer)
    model, tokens = Hope(config), torch.zeros(2, 3, dtype=torch.int64)
    _, state = model(tokens)
    other = Hope(config).double()(tokens)[1]
    one = state.layers[0]
    for layers, words in [
        (other.layers, "state.*: 'float64 .*give float32"),
        ((one, other.layers[1]), r"state\.1\..*: 'float64 .*give float32"),  # not the first layer only
        ((), "state: .*same options"),
        ((one,), "state: .*same options"),
        ((one, (1, 2)), "state: .*same options"),
        (map_state(lambda _, t: t[:1] if isinstance(t, torch.Tensor) else t, state.layers), r"give float32 \[2, "),
        (map_state(lambda _, t: t if isinstance(t, torch.Tensor) else -1, state.layers), "position: -1"),
    ][: 6 if mixer == "attention" else 7]:
        refused(words, model, tokens, State(layers, config, 2))
    block = model.blocks[0].cms[0]
    pair = tuple(W.detach().expand(2, *W.shape) for W in (block.up.weight, block.down.weight))
    own = (pair, None)
    torch.testing.assert_close(model(tokens, state, (own, (None, None)))[0], model(tokens, state)[0])
    for fast, words in [
        ((own,), "fast: .*each of 2 layers"),
        ((own, (None,)), "fast: .*for each of 2 blocks"),
        ((own, None), "fast: .*each of 2 layers"),
        ((own, (pair[:1], None)), r"fast\[1\]\[0\]: .*earlier call"),
        ((own, (None, (pair[0], pair[0]))), r"fast\[1\]\[1\]\.1: 'float32 \[2, 6, 16\]' .*give float32 \[2, 16, 6\]"),
        ((own, (None, (pair[0], pair[1].double()))), r"fast\[1\]\[1\]\.1: 'float64"),
    ]:
        refused(words, model, tokens, state, fast)
    sick = map_state(lambda _, t: spoiled(t) if isinstance(t, torch.Tensor) else t, state)
    logits, after = model(tokens, sick)
    assert not logits.isfinite().all() and after.batch == 2


def delta_arguments():
    q, k, v = numbers(3, 2, 1, 5, 4).unbind(0)
    return [q, k, v, torch.full((2, 1, 5), 0.5).double(), torch.zeros(2, 1, 5).double(), numbers(2, 1, 4, 4)]


@pytest.mark.parametrize("form", ["naive", "chunked"])
def test_sequence_rules_refuse_what_does_not_fit(form):
    call, chunk = getattr(delta_rule, form), [4] if form == "chunked" else []
    good = delta_arguments()
    call(*good, *chunk)
    never = [*good[:4], torch.full_like(good[4], -INF), good[5]]
    assert call(*never, *chunk)[0].isfinite().all()  # the log of retention 0
    for i, name in enumerate(("q", "k", "v", "eta", "log_alpha", "memory")):
        args = [*good[:i], spoiled(good[i]), *good[i + 1 :]]
        refused(f"{name}: .* nan or infinite", call, *args, *chunk)
        args[i] = good[i][:1]
        if i:
            refused(rf"{name}: \(1, .*give shape \[2, 1, ", call, *args, *chunk)
    refused("k: 'torch.float32'", call, good[0], good[1].float(), *good[2:], *chunk)
    titans, S = getattr(titans_memory, form), numbers(2, 1, 1, 4, 4)
    start, tokens = Anchored(S, S, S, 0), [*good[:5], good[4]]
    titans(*tokens, start, 4)
    refused(f"state.momentum: {FINITE}", titans, *tokens, start._replace(momentum=spoiled(S)), 4)
    refused(f"v: {FINITE}", titans, *tokens[:2], spoiled(good[2]), *tokens[3:], start, 4)
    refused("chunk: 0", titans, *tokens, start, 0)


@pytest.mark.parametrize("form", ["naive", "chunked", "fused"])
def test_the_self_modifying_memory_refuses_what_does_not_fit(form):
    x, q, M = numbers(2, 1, 5, 4), numbers(2, 1, 5, 4, seed=1), numbers(2, 1, 5, 4, 4)
    gates = Gates(numbers(1, 4), numbers(1, 4), numbers(1), numbers(1))
    state = MemoryState((M,), (M,), (), 0)

    def call(x=x, q=q, state=state, writing=Writing(), chunk=4, form=form):  # noqa: B008  it is immutable
        return self_modifying.compute(x, q, state, gates, writing, chunk, form)

    call()
    for changed, words in [
        ({"x": spoiled(x)}, f"x: {FINITE}"),
        ({"q": spoiled(q)}, f"q: {FINITE}"),
        ({"q": q[:, :, :3]}, r"q: \(2, 1, 3, 4\) .*give shape \[2, 1, 5, 4\]"),
        ({"q": None}, "q: 'None'"),
        ({"state": state._replace(memory=(spoiled(M),))}, rf"memory\[0\]: {FINITE}"),
        ({"state": state._replace(anchor=(M[:1],))}, r"anchor\[0\]: \(1, 1, 5, 4, 4\) .*give shape \[2, 1, 5, 4, 4\]"),
        ({"writing": Writing(momentum=True)}, "momentum: '0 layers'"),
        ({"writing": Writing(read="never")}, "read: 'never'"),
        ({"chunk": -1}, "chunk: -1"),
        ({"form": "fastest"}, "form: 'fastest'"),
    ]:
        refused(words, call, **changed)


def test_writes_and_orthogonalization_refuse_what_is_no_number():
    W = [numbers(2, 3), numbers(4)]
    before = [x.clone() for x in W]
    for G, rates, words in [
        ([W[0], spoiled(W[1])], [0.1, 0.1], rf"gradients\[1\]: {FINITE}"),
        (W, [0.1, NAN], "rates: "),
    ]:
        refused(words, level_update.level_update, W, G, rates, [1.0, 1.0])
    refused(rf"fast\[0\]: {FINITE}", level_update.restart, W, [spoiled(W[0]), W[1]], 0.5)
    assert all(torch.equal(a, b) for a, b in zip(before, W, strict=True))
    for name in ("naive", "newton_schulz"):
        refused(f"G: {FINITE}", getattr(orthogonalize, name), spoiled(W[0]))
        refused(r"G: \(4,\) .*give shape \[m, n\]", getattr(orthogonalize, name), W[1])
    refused("steps: 0", orthogonalize.newton_schulz, W[0], 0)


RULES = {
    "delta, decay first": (memory.delta_decay_first, "gated delta, decay first"),
    "oja": (memory.oja, "oja"),
    "attention": (memory.keep, "attention"),
    "omega": (memory.omega, "omega"),
    "mlp": (memory.mlp, "mlp"),
    "titans": (memory.titans, "titans"),
}


@pytest.mark.parametrize("name", RULES)
def test_memories_refuse_pairs_that_do_not_fit(name):
    rule, kind = RULES[name]
    state, k, v = MEMORIES[kind].start(4, 4), numbers(4), numbers(4, seed=1)
    rule(state, k, v)
    refused(f"k: {FINITE}", rule, state, spoiled(k), v)
    refused(f"v: {FINITE}", rule, state, k, spoiled(v))
    refused(r"k: \(3,\) .*give shape \[4\]", rule, state, k[:3], v)
    if kind != "attention":
        refused("eta: nan", rule, state, k, v, eta=NAN)
        refused(FINITE, rule, map_state(lambda _, x: spoiled(x) if x.numel() else x, state), k, v)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_refuses_a_gradient_that_is_no_number_and_stays_as_it_was(name):
    torch.manual_seed(0)
    model, other = (nn.Linear(3, 2, dtype=torch.float64) for _ in range(2))
    other.load_state_dict(model.state_dict())
    mine, theirs = build(name, model, 0.01), build(name, other, 0.01)
    for step in range(3):
        for each, optimizer in ((model, mine), (other, theirs)):
            optimizer.zero_grad()
            each(numbers(4, 3, seed=step)).square().mean().backward()
        if step == 1:
            kept = model.bias.grad.clone()
            model.bias.grad[0] = INF  # the last of its parameters: none may be written before it is seen
            refused("gradient: 1 value that is nan or infinite.*lower the rate", mine.step)
            model.bias.grad.copy_(kept)
        mine.step(), theirs.step()
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_an_optimizer_would_write_is_looked_at_on_every_device(name, monkeypatch):
    """The tensors say that they are on a GPU, because the look must not ask where they are; and it waits once."""
    model, waits = nn.Linear(3, 2), []
    optimizer, plain = build(name, model, 0.01), torch.Tensor.__float__
    model(torch.ones(4, 3)).sum().backward()
    before = [p.detach().clone() for p in model.parameters()]
    monkeypatch.setattr(torch.Tensor, "device", property(lambda _: torch.device("cuda")))
    monkeypatch.setattr(torch.Tensor, "__float__", lambda x: (waits.append(1), plain(x))[1])
    optimizer.seen = {}  # only the gradients are looked at here
    optimizer.refuse()
    assert len(waits) == 1
    model.bias.grad[1] = NAN
    refused("gradient: 1 value that is nan or infinite", optimizer.step)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)) and not optimizer.state


@pytest.mark.parametrize("name", ["delta_gradient_descent", "least_squares"])
def test_an_input_that_is_no_number_is_refused_before_any_layer_is_written(name):
    """Gradients may be finite all the same: somebody replaced the nan in them."""
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2))
    optimizer = build(name, model, 0.01)
    model(spoiled(torch.ones(4, 3), 1)).sum().backward()
    for p in model.parameters():
        p.grad.nan_to_num_(0)
    before = [p.detach().clone() for p in model.parameters()]
    refused("input: .* nan or infinite", optimizer.step)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_least_squares_memories_refuse_what_would_stay_in_them():
    x, y = numbers(4, 3), numbers(4, 2, seed=1)
    memory, readout = InputMemory(3, 0.1), AssociativeReadout(3, 2)
    memory.store(x), readout.write(x, y)
    held = [t.clone() for t in (memory.P, readout.inputs.P, readout.W)]
    for bad, words in [
        (spoiled(x), f"x: {FINITE}"),
        (x.float(), "x: 'torch.float32' .*give torch.float64"),
        (x[:, :2], r"x: \(4, 2\) .*give shape \[n, 3\]"),
    ]:
        refused(words, memory.store, bad)
        refused(words, readout.write, bad, y)
    refused(f"y: {FINITE}", readout.write, x, spoiled(y))
    refused(r"y: \(4, 1\) .*give shape \[4, 2\]", readout.write, x, y[:, :1])
    assert all(torch.equal(a, b) for a, b in zip(held, (memory.P, readout.inputs.P, readout.W), strict=True))
    for damping in (-1, 0, NAN, "much"):
        refused("damping: .*above 0", InputMemory, 3, damping)
    refused("size: 0", InputMemory, 0, 0.1), refused("outputs: -1", AssociativeReadout, 3, -1)


def test_a_sum_that_overflows_is_no_reason_to_refuse():
    check_finite("x", torch.full((3,), 3e38))
    check_finite("x", torch.zeros(0))
