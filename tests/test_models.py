"""Hope and the Transformer as functions: causal, far-reaching, exact over splits, samples apart, no dead parameter."""

import pytest
import torch

from nested_core.hope import Hope, HopeConfig, detach
from nested_core.titans import SelfModifyingTitans
from nested_core.transformer import Transformer, TransformerConfig, same_size

HOPE = HopeConfig(vocab_size=11, d_model=16, n_layers=2, n_heads=2, chunk=4)


@pytest.fixture(params=["hope", "transformer"])
def model(request):
    torch.manual_seed(0)
    model = Hope(HOPE) if request.param == "hope" else Transformer(TransformerConfig(11, 16, 2, 2))
    return model.double()


def tokens(B, T, seed=0):
    return torch.randint(11, (B, T), generator=torch.Generator().manual_seed(seed))


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


@pytest.mark.parametrize("split", [1, 3, 4, 9, 16])
def test_a_carried_state_continues_the_sequence_exactly(model, split):
    x = tokens(2, 21)
    whole, _ = model(x)
    first, state = model(x[:, :split])
    second, _ = model(x[:, split:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, atol=1e-9, rtol=0)


def test_one_sample_cannot_influence_another(model):
    x = tokens(3, 13)
    other = x.clone()
    other[1:] = tokens(2, 13, seed=5)
    torch.testing.assert_close(model(other)[0][0], model(x)[0][0], atol=1e-12, rtol=0)


def test_every_parameter_receives_gradient_and_changes(model):
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    logits, _ = model(tokens(4, 17))
    torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), tokens(4, 17)[:, 1:].flatten()).backward()
    dead = [n for n, p in model.named_parameters() if p.grad is None or float(p.grad.abs().max()) == 0]
    assert dead == []
    optimizer.step()
    assert [n for n, p in model.named_parameters() if torch.equal(p, before[n])] == []


def test_calls_leave_no_trace_in_the_module(model):
    x = tokens(2, 9)
    before = {n: t.clone() for n, t in model.state_dict().items()}
    with torch.inference_mode():
        first = model(x)[0]
    assert torch.equal(model(x)[0], first)
    assert all(torch.equal(t, before[n]) for n, t in model.state_dict().items())


def test_training_over_carried_detached_state():
    torch.manual_seed(0)
    model, state = Hope(HOPE), None
    for i in range(2):
        logits, state = model(tokens(2, 6, seed=i), state)
        logits.sum().backward()
        kept = state[0].memory.clone()
        state = detach(state)
        assert torch.equal(state[0].memory, kept) and not state[0].memory.requires_grad


def test_the_layer_is_the_same_function_in_both_forms():
    torch.manual_seed(0)
    layer = SelfModifyingTitans(16, 2, chunk=4).double()
    x = torch.randn(2, 11, 16, dtype=torch.float64)
    fast, _ = layer(x)
    layer.form = "naive"
    torch.testing.assert_close(layer(x)[0], fast, atol=1e-10, rtol=0)


def test_a_transformer_of_equal_size():
    hope = sum(p.numel() for p in Hope(HopeConfig(80, 64, 2, 2, 32)).parameters())
    other = sum(p.numel() for p in Transformer(same_size(hope, 80, 64, 2, 2)).parameters())
    assert abs(other - hope) / hope < 0.005


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"periods": (0,)}, "periods: 0"),
        ({"periods": (-4,)}, "periods: -4"),
        ({"d_model": "64"}, "d_model: '64'"),
        ({"n_heads": 3}, "n_heads: 3"),
        ({"memory": "cubic"}, "memory: 'cubic'"),
    ],
)
def test_a_bad_config_is_one_sentence(change, words):
    with pytest.raises(ValueError, match=words):
        HopeConfig(**{**dict(vocab_size=11, d_model=16, n_layers=1, n_heads=2, chunk=4), **change})


def test_bad_calls_are_one_sentence():
    model = Hope(HOPE)
    _, state = model(tokens(2, 5))
    for args, words in [
        ((tokens(2, 5).int(),), "int64"),
        ((tokens(2, 5) + 9,), "within 0 to 10"),
        ((tokens(3, 5), state), "state of 3 samples"),
        ((tokens(2, 0),), "time at least 1"),
    ]:
        with pytest.raises(ValueError, match=words):
            model(*args)
