"""Streams without end: exact windows, any split, samples apart, constant memory, divergence as an event."""

import copy
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from nested_core.hope import Hope, HopeConfig
from nested_core.stacking import Stacked, stack, summed_cross_entropy
from nested_core.state import map_state, tensors
from nested_core.streaming import Rule, meta_loss, stream
from nested_core.transformer import Transformer, TransformerConfig

HOPE = HopeConfig(vocab_size=7, d_model=8, n_layers=2, n_heads=2, chunk=3, periods=(2, 4, 8), hidden=5)
RULE = Rule(rates=(0.05, 0.05, 0.05))
MODELS = {
    "sequential": (HOPE, RULE),
    "nested": (replace(HOPE, cms="nested"), RULE),
    "independent": (replace(HOPE, cms="independent"), replace(RULE, momentum=0.5)),
    "one frozen": (HOPE, replace(RULE, rates=(0.05, 0, 0.05), periods=(3, 4, 7), piece=5)),
    "hope-attention": (replace(HOPE, mixer="attention"), RULE),
    "transformer": (TransformerConfig(7, 8, 2, 2), Rule(rates=(0.05,), periods=(4,))),
    "titans, reading only": (TransformerConfig(7, 8, 2, 2, mixer="titans", chunk=3), Rule(piece=4)),
}


def build(config):
    torch.manual_seed(0)
    return (Hope if isinstance(config, HopeConfig) else Transformer)(config).double()


def tokens(B, T, seed=0):
    return torch.randint(7, (B, T), generator=torch.Generator().manual_seed(seed))


def losses(readings):
    return torch.cat([reading.losses for reading in readings], dim=1)


def plain_losses(model, x):
    logits, _ = model(x[:, :-1])
    return F.cross_entropy(logits.flatten(0, 1), x[:, 1:].flatten(), reduction="none").view(len(x), -1).detach()


def by_hand(model, x, periods, rate):
    """One sample, one model whose own weights are overwritten, one window after another: eq. 71 with plain loops."""
    model, found = copy.deepcopy(model), []
    groups = [[p for n, p in model.named_parameters() if f"cms.{i}." in n and "norm" not in n] for i in range(3)]
    windows = [[torch.zeros_like(p) for p in group] for group in groups]
    state, start = None, 0
    for i in range(1, x.shape[1] + 1):
        if not any(i % C == 0 for C in periods):
            continue
        inputs, targets = x[:, max(start - 1, 0) : i - 1], x[:, max(start, 1) : i]  # predictions of start + 1 .. i
        if targets.shape[1]:
            logits, state = model(inputs, state)
            loss = F.cross_entropy(logits[0], targets[0], reduction="none")
            found.append(loss.detach())
            state = state.detach()
            gradients = torch.autograd.grad(loss.sum(), [p for group in groups for p in group])
            for total, g in zip([w for window in windows for w in window], gradients, strict=True):
                total += g
        for C, group, window in zip(periods, groups, windows, strict=True):
            if i % C == 0:
                for p, g in zip(group, window, strict=True):
                    p.data -= rate * g
                    g.zero_()
        start = i
    return torch.cat(found), groups


# pitfall 5, 8
@pytest.mark.parametrize("periods", [(1, 3, 6), (2, 4, 8), (3, 4, 20)])
def test_a_window_is_one_step_of_gradient_descent_on_its_summed_loss(periods):
    """Period 1: descent at every token. New weights are first used for token i + 1. T < C: nothing is written."""
    model, x = build(HOPE), tokens(2, 12)
    readings = list(stream(model, x, rule=replace(RULE, periods=periods)))
    for sample in range(2):
        expected, groups = by_hand(model, x[sample : sample + 1], periods, 0.05)
        torch.testing.assert_close(losses(readings)[sample], expected, atol=1e-12, rtol=0)
        for level, group in zip(readings[-1].state.levels.levels, groups, strict=True):
            for W, p in zip(level.weights, group, strict=True):
                torch.testing.assert_close(W[sample], p.detach(), atol=1e-12, rtol=0)
    same = (losses(readings) - plain_losses(model, x)).abs().amax(0) < 1e-12  # of tokens 2, 3, ...
    assert same.tolist()[: periods[0]] == [True] * (periods[0] - 1) + [periods[0] == 1]
    if periods[2] == 20:  # nothing written, all of it pending
        level = readings[-1].state.levels.levels[2]
        assert torch.equal(level.weights[0][0], model.blocks[0].cms[2].up.weight)
        assert float(level.window[0].abs().max()) > 0


def test_weights_change_exactly_when_their_level_is_due():
    model = build(replace(HOPE, periods=(1, 2, 4, 12)))
    rule, before = Rule(rates=(0.05,) * 4), None
    wrote, changed = [], []
    for reading in stream(model, tokens(2, 17), rule=rule):
        after = [level.weights[0] for level in reading.state.levels.levels]
        before = [W[None].expand_as(V) for W, V in zip(ups(model), after, strict=True)] if before is None else before
        changed.append([not torch.equal(a, b) for a, b in zip(after, before, strict=True)])
        wrote.append(reading.wrote)
        assert ((reading.change > 0) == torch.tensor(changed[-1])).all()
        before = after
    assert torch.tensor(wrote).sum(0).tolist() == [17, 8, 4, 1]
    assert torch.tensor(changed).sum(0).tolist() == [16, 8, 4, 1]  # no prediction of the first token: a write of size 0


def ups(model):
    return [block.up.weight for block in model.blocks[0].cms]


# pitfall 3, 20
@pytest.mark.parametrize("name", MODELS)
def test_a_stream_may_be_cut_anywhere(name):
    (config, rule), x = MODELS[name], tokens(2, 17)
    model = build(config)
    whole = list(stream(model, x, rule=rule))
    for cuts in [[i] for i in range(1, 17)] + [list(range(1, 17))]:  # in two at every token; one token at a time
        parts, state, found = torch.tensor_split(x, cuts, dim=1), None, []
        for part in parts:
            found += stream(model, iter([part]), state, rule)
            state = found[-1].state
        torch.testing.assert_close(losses(found), losses(whole), atol=1e-10, rtol=0)
        assert sum(torch.tensor(r.wrote) for r in found).tolist() == sum(torch.tensor(r.wrote) for r in whole).tolist()
        for a, b in zip(tensors(state), tensors(whole[-1].state), strict=True):
            torch.testing.assert_close(a, b, atol=1e-10, rtol=0)


# pitfall 4, 19
@pytest.mark.parametrize("name", MODELS)
def test_rates_of_0_are_the_plain_model_and_reading_writes_nothing(name):
    config, rule = MODELS[name]
    model, x = build(config), tokens(2, 19)
    before = {n: p.clone() for n, p in model.state_dict().items()}
    still = list(stream(model, x, rule=replace(rule, rates=(0,) * len(rule.rates))))
    assert torch.equal(losses(still), losses(model.stream(x, rule=replace(rule, rates=()))))
    torch.testing.assert_close(losses(still), plain_losses(model, x), atol=1e-12, rtol=0)
    assert not any(any(reading.wrote) or reading.change.any() for reading in still)
    list(stream(model, x, rule=rule))
    assert all(torch.equal(p, before[n]) for n, p in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


def test_writing_while_reading_lowers_the_loss():
    x, model = tokens(2, 8).repeat(1, 12), build(HOPE)
    still, writing = (losses(stream(model, x, rule=rule))[:, -8:].mean() for rule in (Rule(), RULE))
    assert float(writing) < 0.7 * float(still)


def test_a_frozen_level_is_flat_and_the_others_write():
    config, rule = MODELS["one frozen"]
    readings = list(stream(build(config), tokens(2, 19), rule=rule))
    assert readings[-1].state.levels.levels[1].weights == ()  # the model's own
    assert torch.tensor([r.wrote for r in readings]).sum(0).tolist() == [6, 0, 2]
    assert not any(r.change[:, 1].any() for r in readings)


# pitfall 17
@pytest.mark.parametrize("name", MODELS)
def test_one_sample_cannot_influence_another(name):
    config, rule = MODELS[name]
    model, x = build(config), tokens(3, 19)
    other = torch.cat([x[:1], tokens(2, 19, seed=5)])
    first, second = list(stream(model, x, rule=rule)), list(stream(model, other, rule=rule))
    torch.testing.assert_close(losses(second)[0], losses(first)[0], atol=1e-12, rtol=0)
    for a, b in zip(tensors(second[-1].state), tensors(first[-1].state), strict=True):
        torch.testing.assert_close(a[0], b[0], atol=1e-12, rtol=0)


# pitfall 6
def test_the_variants_differ_on_the_same_weights_and_nested_restarts_exactly():
    x, found = tokens(2, 16), {}
    for variant in ("sequential", "nested", "independent"):
        model = build(replace(HOPE, cms=variant))
        found[variant] = list(stream(model, x, rule=replace(RULE, transfer=0.0)))
    for a, b in [("sequential", "nested"), ("sequential", "independent"), ("nested", "independent")]:
        assert float((losses(found[a]) - losses(found[b])).abs().max()) > 1e-4
    restarted = [r for r in found["nested"] if r.wrote[1]]
    assert len(restarted) == 4
    for reading in restarted:  # without transfer the held state is the model's own, the one that is meta-trained
        assert torch.equal(reading.state.levels.levels[0].weights[0][1], ups(build(HOPE))[0])
    torch.testing.assert_close(losses(found["nested"])[:, :3], losses(found["sequential"])[:, :3])  # till the first
    learning = list(stream(build(replace(HOPE, cms="nested")), x, rule=RULE))[-1].state.levels
    assert torch.equal(learning.levels[0].weights[0], learning.levels[0].initial[0])
    assert not torch.equal(learning.levels[0].initial[0][0], ups(build(HOPE))[0])


def test_memory_stays_the_same_however_long_the_stream():
    def endless():
        i = 0
        while True:
            yield tokens(2, 5, seed=(i := i + 1))

    for name, grows in (("sequential", False), ("titans, reading only", False), ("transformer", True)):
        config, rule = MODELS[name]
        sizes = []
        for reading in stream(build(config), endless(), rule=replace(rule, piece=8)):
            sizes.append(sum(x.numel() for x in tensors(reading.state)))
            assert not any(x.requires_grad for x in tensors(reading.state))
            if reading.state.position > 120:
                break
        # An unfinished segment is kept for its gradients: its tokens are the only thing that comes and goes.
        assert (max(sizes[-30:]) > max(sizes[:30]) + 100) == grows


# pitfall 21
@pytest.mark.parametrize("guard", [torch.no_grad, torch.inference_mode])
def test_the_callers_gradient_mode_does_not_matter(guard):
    model, x = build(HOPE), tokens(2, 9)
    with guard():
        given = iter(stream(model, x.clone(), rule=RULE))
        first = next(given)
        assert not torch.is_grad_enabled()
    rest = list(given)
    torch.testing.assert_close(losses([first, *rest]), losses(stream(model, x, rule=RULE)))
    for reading in stream(model, x, rule=RULE):
        assert torch.is_grad_enabled() and not reading.losses.requires_grad


@pytest.mark.parametrize("name", ["nested", "titans, reading only", "hope-attention"])
def test_divergence_is_an_event_of_its_sample_alone(name):
    config, rule = MODELS[name]
    model, x = build(config), tokens(3, 25)
    *_, start = stream(model, x[:, :7], rule=replace(rule, piece=6))

    def poison(path, value):
        if path.startswith(("state.model", "state.anchor")) and isinstance(value, torch.Tensor):
            value = value.clone()
            value[1].fill_(float("nan"))
        return value

    broken = map_state(poison, start.state)
    found = list(stream(model, x[:, 7:], broken))
    well = list(stream(model, x[:, 7:], start.state))
    at = 7 + found[0].losses.shape[1]  # the segment ends, and the sample has started anew
    assert found[0].diverged.tolist() == [False, True, False]
    assert not any(r.diverged.any() for r in found[1:] + well)
    torch.testing.assert_close(losses(found)[[0, 2]], losses(well)[[0, 2]], atol=1e-12, rtol=0)
    assert losses(found[1:]).isfinite().all() and not losses(found[:1])[1].isfinite().any()
    if name == "titans, reading only":  # as if its stream began with the token that is not read yet
        torch.testing.assert_close(losses(found[1:])[1], plain_losses(model, x[:, at - 1 :])[1])
    assert all(t.isfinite().all() for t in tensors(found[-1].state))


def test_a_rate_that_is_too_large_is_reported_and_leaves_numbers():
    model = build(HOPE)
    readings = list(stream(model, tokens(2, 64), rule=Rule(rates=(1e6, 0, 0))))
    assert any(r.diverged.any() for r in readings)
    assert all(t.isfinite().all() for r in readings for t in tensors(r.state))


# pitfall 11
@pytest.mark.parametrize("variant", ["sequential", "nested", "independent"])
def test_the_meta_gradient_is_that_of_finite_differences(variant):
    """Two windows of the slower level, four of the faster, inside of what is differentiated."""
    rule = Rule(rates=(0.3, 0.2), transfer=0.4, momentum=0.3)
    model = build(replace(HOPE, n_layers=1, periods=(2, 4), cms=variant))
    x, names = tokens(2, 9), [n for n, _ in model.named_parameters()]
    value = meta_loss(model, x, rule)
    torch.testing.assert_close(value.detach(), losses(stream(model, x, rule=rule)).mean(), atol=1e-12, rtol=0)
    gradients = dict(zip(names, torch.autograd.grad(value, list(model.parameters())), strict=True))
    first = meta_loss(model, x, rule, first_order=True)
    torch.testing.assert_close(first.detach(), value.detach(), atol=1e-12, rtol=0)
    one = dict(zip(names, torch.autograd.grad(first, list(model.parameters())), strict=True))
    for part in ("cms.0.up", "cms.1.down", "mixer", "head"):
        step = {n: torch.randn_like(g) * (part in n) for n, g in gradients.items()}
        both = []
        for sign in (1, -1):
            moved = copy.deepcopy(model)
            with torch.no_grad():
                for n, p in moved.named_parameters():
                    p += sign * 1e-6 * step[n]
            both.append(meta_loss(moved, x, rule).detach())
        slope, second = (sum((g[n] * step[n]).sum() for n in names) for g in (gradients, one))
        torch.testing.assert_close((both[0] - both[1]) / 2e-6, slope, rtol=1e-5, atol=1e-8)
        assert abs(float(slope - second)) > 1e-6 * abs(float(slope))  # the inner gradients do depend on the weights


def test_bad_input_is_one_sentence_and_leaves_the_state_as_it_was():
    model, x = build(HOPE), tokens(2, 5)
    *_, last = stream(model, x, rule=RULE)
    unchecked = getattr(stream, "__wrapped__", stream)  # sentences of its own, where types are not checked
    state, before = last.state, [t.clone() for t in tensors(last.state)]
    *_, foreign = stream(build(replace(HOPE, chunk=4)), x, rule=RULE)
    for args, words in [
        ((tokens(3, 5), state), "of 2 samples.*state of 3 samples"),
        ((x + 9, state), "within 0 to 6"),
        ((x.double(), state), "int64"),
        ((x, foreign.state), "model with this model's config"),
        ((x, model(x)[1]), "state: 'State'.*the state of an earlier Reading"),
        ((x, state, Rule(rates=(0.1, 0, 0))), "let the same levels write"),
        ((x, None, Rule(rates=(0.1,))), r"rates: \(0.1,\).*3 levels"),
        ((x, None, Rule(periods=(2, -4, 8))), "periods?: -4"),
        ((x, None, Rule(rates=("a", 0, 0))), "rate: 'a'"),
    ]:
        with pytest.raises(ValueError, match=words):
            list(unchecked(model, *args))
    for fields, words in [
        ({"rates": 0.1}, "rates: 0.1.*tuple"),
        ({"piece": 0}, "piece: 0"),
        ({"transfer": 2}, "transfer: 2"),
        ({"bound": "big"}, "bound: 'big'"),
    ]:
        with pytest.raises(ValueError, match=words):
            Rule(**fields)
    with pytest.raises(ValueError, match="multiples"):
        stream(build(replace(HOPE, cms="nested")), x, rule=replace(RULE, periods=(2, 3, 6)))
    assert all(torch.equal(a, b) for a, b in zip(before, tensors(state), strict=True))


# Ad-hoc stacking.


def perceptron():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(5, 6), torch.nn.GELU(), torch.nn.Linear(6, 7)).double().eval()


def encoder():
    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(8, 2, 12, batch_first=True, dtype=torch.float64)
    return torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).eval()


def numbers(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


BASES = {  # model, data points, targets
    "mlp": (perceptron, numbers(13, 5), tokens(13, 1)[:, 0]),
    "torch transformer": (encoder, numbers(13, 4, 8), tokens(13, 4)),
    "our transformer": (lambda: build(TransformerConfig(7, 8, 2, 2)).eval(), tokens(13, 4), tokens(13, 4, seed=1)),
}


@pytest.mark.parametrize("name", BASES)
def test_stacked_levels_write_on_their_clocks_and_rates_of_0_give_the_base_model(name):
    make, x, y = BASES[name]
    base, expected = make(), make()
    with torch.no_grad():
        answer = base(x)
    still, *_ = stack(base, (2, 6), (0.0, 0.0))(x, y)
    assert torch.equal(still, answer[0] if isinstance(answer, tuple) else answer)
    stacked, state = stack(base, (2, 6), (0.05, 0.02)), None
    answers, whole, diverged = stacked(x, y)
    assert not diverged.any()
    torch.testing.assert_close(answers[:2], still[:2])
    assert float((answers[2] - still[2]).abs().max()) > 1e-6
    changed = []
    for i in range(13):  # one data point at a time
        one, after, _ = stacked(x[i : i + 1], y[i : i + 1], state)
        before = (state or stacked.start()).levels
        pairs = zip(before, after.levels, strict=True)
        changed.append([not torch.equal(a.weights[0], b.weights[0]) for a, b in pairs])
        torch.testing.assert_close(one[0], answers[i])
        state = after
    assert torch.tensor(changed).sum(0).tolist() == [6, 2]
    for a, b in zip(tensors(state), tensors(whole), strict=True):
        torch.testing.assert_close(a, b)
    assert stacked(x, state=whole)[1] is whole  # nothing is written without targets
    assert all(torch.equal(a, b) for a, b in zip(base.parameters(), expected.parameters(), strict=True))


def test_a_stacked_mlp_by_hand():
    base, (_, x, y) = perceptron(), BASES["mlp"]
    _, state, _ = stack(base, (6, 12), (0.05, 0.0))(x[:6], y[:6])
    F.cross_entropy(base(x[:6]), y[:6], reduction="sum").backward()
    for W, p in zip(state.levels[0].weights, base[0].parameters(), strict=True):
        torch.testing.assert_close(W, (p - 0.05 * p.grad).detach())
    assert state.levels[1].weights == ()  # it stays in the base model


@pytest.mark.parametrize("scale", [1, 1e36])
def test_a_stack_that_diverges_says_so_answers_on_and_keeps_its_last_numbers(scale):
    """At scale 1 the numbers grow from write to write, at 1e36 a finite gradient overflows as it is written."""
    x, y = numbers(60, 5).float(), tokens(60, 1)[:, 0]
    stacked = stack(perceptron().float(), (1, 2), (1e6, 1e6), lambda a, t: scale * summed_cross_entropy(a, t))
    answers, state, diverged = stacked(x, y)
    assert diverged.any() and len(answers) == len(diverged) == 60
    assert state.position == int((~diverged).sum()) and all(t.isfinite().all() for t in tensors(state))
    first = int(diverged.int().argmax())
    assert (first == 0) == (scale == 1e36)
    before = stacked(x[:first], y[:first]).state if first else stacked.start()
    again, after, alone = stacked(x[first : first + 1], y[first : first + 1], before)
    assert alone.all() and after is before  # not even its place in a window has moved
    torch.testing.assert_close(again[0], answers[first], equal_nan=True)
    assert not stacked(x, state=state).diverged.any()


def test_a_poisoned_data_point_is_not_learned_from_and_the_others_are():
    base, (_, x, y) = perceptron(), BASES["mlp"]
    plain, weights = summed_cross_entropy, torch.ones(13).double()
    weights[5] = float("nan")
    seen = iter(weights)
    stacked = stack(base, (1, 4), (0.05, 0.02), lambda a, t: plain(a, t) * next(seen))
    answers, state, diverged = stacked(x, y)
    assert diverged.nonzero().flatten().tolist() == [5] and answers.isfinite().all()
    keep = torch.arange(13) != 5
    _, expected, _ = stack(base, (1, 4), (0.05, 0.02))(x[keep], y[keep])
    assert all(torch.equal(a, b) for a, b in zip(tensors(state), tensors(expected), strict=True))


def test_a_stack_refuses_states_and_data_points_of_another_base():
    base, (_, x, y) = perceptron(), BASES["mlp"]
    stacked = stack(base, (2, 6), (0.1, 0.1))
    _, state, _ = stacked(x, y)
    before, call = [t.clone() for t in tensors(state)], getattr(Stacked.__call__, "__wrapped__", Stacked.__call__)
    wide = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.Linear(8, 7)).double().eval()
    level = state.levels[0]
    for args, words in [
        ((x.float(), y, state), "x: 'torch.float32' .*give torch.float64"),
        ((x[:, :4], y, state), r"x: torch.float64 \[1, 4\] cannot be used; give data points that the base takes: "),
        ((x.long(), y, state), r"x: torch.int64 \[1, 5\] cannot be used; give data points that the base takes: "),
        ((x[:, :4], None, state), r"x: torch.float64 \[13, 4\] cannot be used"),
        ((x.tolist(), y, state), "x: 'list' .*tensor"),
        ((x, y, 3), "state: 'int' .*LevelsState"),
        ((x, y, stack(wide, (2, 6), (0.1, 0.1)).start()), r"float64 \[8, 5\].*give float64 \[6, 5\]"),
        ((x, y, stack(perceptron().float(), (2, 6), (0.1, 0.1)).start()), "float32 .*give float64"),
        ((x, y, stack(base, (2, 6), (0.1, 0.0)).start()), "state: .*same options"),
        ((x, y, state._replace(levels=state.levels[:1])), "state: .*same options"),
        ((x, y, state._replace(position=-1)), "state.position: -1"),
        ((x, y, state._replace(levels=(level._replace(weights=tuple(W / 0 for W in level.weights)),
                                       state.levels[1]))), "nan or infinite"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=words):
            call(stacked, *args)
    assert all(torch.equal(a, b) for a, b in zip(before, tensors(state), strict=True))


def test_bad_stacks_are_one_sentence():
    base, (_, x, y) = perceptron(), BASES["mlp"]
    for build_it, words in [
        (lambda: stack(base.train(), (2, 6), (0.1, 0.1)), r"base: .*eval\(\)"),
        (lambda: stack(base.eval(), (2, 6, 8), (0.1, 0.1)), r"periods: \(2, 6, 8\).*2 MLPs"),
        (lambda: stack(torch.nn.Tanh().eval(), (2,), (0.1,)), "base: 'Tanh'.*MLPs"),
        (lambda: stack(base, (2, 6), (0.1, 0.1))(x * float("inf"), y), "x: 65 values that are nan or infinite"),
        (lambda: stack(base, (2, 6), (0.1, 0.1))(x, y[:3]), "targets: '3 rows'"),
    ]:
        with pytest.raises(ValueError, match=words):
            build_it()
