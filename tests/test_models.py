"""Hope and the Transformer as functions: causal, far-reaching, exact over splits, samples apart, no dead parameter."""

from dataclasses import replace

import pytest
import torch

from nested_core.cms import VARIANTS
from nested_core.hope import Hope, HopeConfig
from nested_core.ops import backend
from nested_core.ops.self_modifying import MEMORIES, Writing
from nested_core.state import State
from nested_core.transformer import Transformer, TransformerConfig, same_size

HOPE = HopeConfig(vocab_size=11, d_model=16, n_layers=2, n_heads=2, chunk=4)
CONFIGS = {
    "hope": HOPE,
    "hope, deep": replace(HOPE, memory="deep"),
    "hope, every option": replace(HOPE, writing=Writing(MEMORIES, "anchor", 6, momentum=True, read="after")),
    "hope-attention": replace(HOPE, mixer="attention"),
    "transformer": TransformerConfig(11, 16, 2, 2),
    "deltanet": TransformerConfig(11, 16, 2, 2, mixer="deltanet", chunk=4),
    "titans": TransformerConfig(11, 16, 2, 2, mixer="titans", chunk=4),
}


def build(config):
    torch.manual_seed(0)
    return Hope(config) if isinstance(config, HopeConfig) else Transformer(config)


@pytest.fixture(params=CONFIGS)
def model(request):
    return build(CONFIGS[request.param]).double()


def tokens(B, T, seed=0):
    return torch.randint(11, (B, T), generator=torch.Generator().manual_seed(seed))


# pitfall 15, 16
def test_no_output_depends_on_later_tokens_and_some_depend_on_tokens_far_back(model):
    x = tokens(1, 24)
    y = model(x)[0]
    for at in (0, 9, 23):
        changed = x.clone()
        changed[0, at] = (x[0, at] + 1) % 11
        difference = (model(changed)[0] - y).abs().amax(dim=(0, 2))
        assert difference[:at].max() == 0 if at else True
        assert difference[at] > 0
    changed = x.clone()
    changed[0, 0] = (x[0, 0] + 1) % 11
    assert (model(changed)[0] - y).abs()[0, -1].max() > 1e-9  # 23 tokens back, beyond every convolution and chunk


# pitfall 20
@pytest.mark.parametrize("split", [1, 3, 4, 9, 16])
def test_a_carried_state_continues_the_sequence_exactly(model, split):
    x = tokens(2, 21)
    whole, _ = model(x)
    first, state = model(x[:, :split])
    second, _ = model(x[:, split:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, atol=1e-9, rtol=0)


# pitfall 17
def test_one_sample_cannot_influence_another(model):
    x = tokens(3, 13)
    other = x.clone()
    other[1:] = tokens(2, 13, seed=5)
    torch.testing.assert_close(model(other)[0][0], model(x)[0][0], atol=1e-12, rtol=0)


# pitfall 7, 9, 10
def test_every_parameter_receives_gradient_and_changes(model):
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    logits, _ = model(tokens(4, 17))
    torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), tokens(4, 17)[:, 1:].flatten()).backward()
    dead = [n for n, p in model.named_parameters() if p.grad is None or float(p.grad.abs().max()) == 0]
    assert dead == []
    optimizer.step()
    assert [n for n, p in model.named_parameters() if torch.equal(p, before[n])] == []


# pitfall 4, 18, 21
def test_calls_leave_no_trace_in_the_module(model):
    x = tokens(2, 9)
    before = {n: t.clone() for n, t in model.state_dict().items()}
    with torch.inference_mode():
        first = model(x)[0]
    assert torch.equal(model(x)[0], first) and torch.equal(model.eval()(x)[0], first)
    assert all(torch.equal(t, before[n]) for n, t in model.state_dict().items())


# pitfall 22
def test_text_is_written_symbol_by_symbol_without_targets(model):
    text, state, read = tokens(2, 5), None, tokens(2, 5)
    with torch.inference_mode():
        for _ in range(8):
            logits, state = model(read, state)
            read = logits[:, -1:].argmax(-1)
            text = torch.cat([text, read], dim=1)
        again = model(text[:, :-1])[0].argmax(-1)
    assert torch.equal(again[:, 4:], text[:, 5:])


# pitfall 40
def test_training_lowers_the_loss_of_a_batch_that_can_be_remembered(model):
    optimizer, x, losses = torch.optim.AdamW(model.parameters(), lr=1e-2), tokens(2, 9), []
    for _ in range(25):
        logits, _ = model(x[:, :-1])
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), x[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.3 * losses[0]


# pitfall 24
@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("name", CONFIGS)
def test_parameters_own_their_storage_with_any_number_of_heads(name, heads):
    model = build(replace(CONFIGS[name], n_heads=heads))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    assert all(0 not in p.stride() for p in model.parameters())
    assert len({p.data_ptr() for p in model.parameters()}) == len(list(model.parameters()))
    model(tokens(2, 9))[0].square().sum().backward()
    optimizer.step()
    assert all(p.isfinite().all() for p in model.parameters())


# pitfall 13
def test_training_over_carried_detached_state(model):
    state = None
    for i in range(2):
        logits, state = model(tokens(2, 6, seed=i), state)
        logits.sum().backward()
        kept = tensors_of(state)
        state = state.detach()
        assert all(torch.equal(a, b) for a, b in zip(tensors_of(state), kept, strict=True))
        assert not any(t.requires_grad for t in tensors_of(state))


def tensors_of(value):
    """All tensors of a state, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    parts = value.layers if isinstance(value, State) else value if isinstance(value, tuple) else ()
    return [t for part in parts for t in tensors_of(part)]


# pitfall 15, 30
@pytest.mark.parametrize("name", ["hope", "hope, deep", "hope, every option"])
def test_the_model_is_the_same_function_in_every_form(name):
    model, found = build(CONFIGS[name]).double(), []
    for form in ("naive", "chunked", "fused"):
        with backend.use(form):
            found.append(model(tokens(2, 11))[0])
    torch.testing.assert_close(found[1], found[0], atol=1e-10, rtol=0)
    torch.testing.assert_close(found[2], found[0], atol=1e-10, rtol=0)


@pytest.mark.parametrize("name", ["hope", "hope, deep"])
def test_titans_that_never_write_see_a_convolution_only(name):
    """All inner eta = 0, alpha = 1: token t sees its convolution window, 3 tokens back in each of 2 layers."""
    model, x = build(CONFIGS[name]).double(), tokens(1, 12)
    with torch.no_grad():
        for block in model.blocks:
            gates = block.mixer.gates
            gates["eta"].zero_(), gates["alpha"].zero_()
            gates["eta_bias"].fill_(-1e4), gates["alpha_bias"].fill_(1e4)
    y, changed = model(x)[0], x.clone()
    changed[0, 2] = (x[0, 2] + 1) % 11
    seen = (model(changed)[0] - y).abs().amax(dim=(0, 2)) > 0
    assert seen.nonzero().flatten().tolist() == [2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("name", [name for name in CONFIGS if name.startswith("hope")])
def test_without_a_cms_hope_is_its_mixers_alone(name):
    """Blocks that answer nothing, however they are joined: self-modifying Titans, or attention, with residuals."""
    for variant in VARIANTS:
        model = build(replace(CONFIGS[name], cms=variant)).double()
        with torch.no_grad():
            for level in (level for block in model.blocks for level in block.cms):
                level.down.weight.zero_()
        x = model.embed(tokens(2, 9))
        for block in model.blocks:
            x = x + block.mixer(x)[0]
        torch.testing.assert_close(model(tokens(2, 9))[0], model.head(model.norm(x)), atol=1e-12, rtol=0)


def test_hope_attention_is_a_transformer_whose_mlp_is_the_chain():
    one = build(replace(HOPE, mixer="attention", periods=(1,), hidden=64)).double()
    other = build(TransformerConfig(11, 16, 2, 2)).double()
    other.load_state_dict(one.state_dict())
    torch.testing.assert_close(one(tokens(2, 9))[0], other(tokens(2, 9))[0])


def test_the_other_arms_of_equal_size():
    hope = sum(p.numel() for p in Hope(HopeConfig(80, 64, 2, 2, 32)).parameters())
    for mixer in ("transformer", "deltanet", "titans"):
        other = sum(p.numel() for p in Transformer(same_size(hope, 80, 64, 2, 2, mixer)).parameters())
        assert abs(other - hope) / hope < 0.005


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"periods": (0,)}, "periods: 0"),
        ({"periods": (-4,)}, "periods: -4"),
        ({"d_model": "64"}, "d_model: '64'"),
        ({"n_heads": 3}, "n_heads: 3"),
        ({"memory": "cubic"}, "memory: 'cubic'"),
        ({"mixer": "cubic"}, "mixer: 'cubic'"),
        ({"writing": Writing(adapt=("k", "w"))}, "adapt: 'w'"),
        ({"writing": Writing(gradient_at="later")}, "gradient_at: 'later'"),
    ],
)
def test_a_bad_config_is_one_sentence(change, words):
    with pytest.raises(ValueError, match=words):
        HopeConfig(**{**dict(vocab_size=11, d_model=16, n_layers=1, n_heads=2, chunk=4), **change})


def test_bad_calls_are_one_sentence():
    model = Hope(HOPE)
    _, state = model(tokens(2, 5))
    _, foreign = Hope(replace(HOPE, chunk=8))(tokens(2, 5))
    for args, words in [
        ((tokens(2, 5).int(),), "int64"),
        ((tokens(2, 5) + 9,), "within 0 to 10"),
        ((tokens(3, 5), state), "of 2 samples.*state of 3 samples"),
        ((tokens(2, 5), foreign), "model with this model's config"),
        ((tokens(2, 0),), "both at least 1"),
    ]:
        with pytest.raises(ValueError, match=words):
            model(*args)


def test_a_call_that_raises_leaves_the_state_as_it_was():
    model = Hope(HOPE)
    _, state = model(tokens(2, 5))
    before = [t.clone() for t in tensors_of(state)]
    with pytest.raises(ValueError, match="within 0 to 10"):
        model(tokens(2, 5) + 9, state)
    assert all(torch.equal(a, b) for a, b in zip(before, tensors_of(state), strict=True))
