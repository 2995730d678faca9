"""What is saved goes on as if nothing had happened; what is not a checkpoint of ours is one sentence."""

from dataclasses import replace

import pytest
import torch

from nested_core.hope import Hope, HopeConfig
from nested_core.ops.self_modifying import MEMORIES, Writing
from nested_core.state import map_state
from nested_core.streaming import Rule, stream
from nested_core.transformer import Transformer, TransformerConfig

pytest.importorskip("safetensors")
from nested_core.checkpoint import load, save

HOPE = HopeConfig(vocab_size=7, d_model=8, n_layers=2, n_heads=2, chunk=3, periods=(2, 4), cms="nested")
MODELS = {
    "hope": HOPE,
    "every option": replace(HOPE, memory="deep", cms="independent", writing=Writing(MEMORIES, momentum=True)),
    "transformer": TransformerConfig(7, 8, 1, 2),
    "deltanet": TransformerConfig(7, 8, 1, 2, mixer="deltanet"),
    "titans": TransformerConfig(7, 8, 1, 2, mixer="titans", chunk=3),
}


def build(config):
    torch.manual_seed(0)
    return (Hope if isinstance(config, HopeConfig) else Transformer)(config)


def tokens(B, T, seed=0):
    return torch.randint(7, (B, T), generator=torch.Generator().manual_seed(seed))


def leaves(value):
    found = []
    map_state(lambda _, x: found.append(x), value)
    return found


def same(a, b):
    pairs = zip(leaves(a), leaves(b), strict=True)
    return all(torch.equal(x, y) if isinstance(x, torch.Tensor) else x == y for x, y in pairs)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_and_its_state_go_on_after_loading(name, tmp_path):
    model, path = build(MODELS[name]), tmp_path / "model.safetensors"
    _, state = model(tokens(2, 5))
    seed = torch.get_rng_state()
    for kept in (None, model.start(2), state):
        save(path, model, kept)
        again, found = load(path)
        assert type(again) is type(model) and again.config == model.config
        assert (found is None) == (kept is None) and same(found, kept)
        assert all(torch.equal(a, b) for a, b in zip(again.parameters(), model.parameters(), strict=True))
        assert all(p.requires_grad for p in again.parameters())
    assert torch.equal(torch.get_rng_state(), seed)  # loading draws no random numbers
    torch.testing.assert_close(again(tokens(2, 4), found)[0], model(tokens(2, 4), state)[0], atol=0, rtol=0)
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]


@pytest.mark.parametrize("name", ["hope", "every option", "transformer"])
def test_a_stream_goes_on_after_loading(name, tmp_path):
    model, x = build(MODELS[name]), tokens(2, 17)
    rule = Rule(rates=(0.1, 0.0), momentum=0.5) if name != "transformer" else Rule(rates=(0.1,), periods=(4,))
    *_, last = stream(model, x[:, :7], rule=rule)  # inside a window
    save(tmp_path / "stream", model, last.state)
    again, state = load(tmp_path / "stream")
    assert state.rule == rule and same(state, last.state)
    whole, found = (list(stream(m, x[:, 7:], s)) for m, s in ((model, last.state), (again, state)))
    assert all(torch.equal(a.losses, b.losses) for a, b in zip(found, whole, strict=True))
    assert same(found[-1].state, whole[-1].state)


def test_other_files_are_one_sentence(tmp_path):
    from safetensors.torch import load_file, save_file

    model, good = build(HOPE), tmp_path / "good"
    save(good, model, model(tokens(2, 5))[1])
    data, tensors = good.read_bytes(), load_file(good)

    def about(old, new):
        return data.replace(old, new) if len(old) == len(new) else None

    written = {
        "empty": b"",
        "text": b"not a checkpoint at all, but long enough to have a header",
        "truncated": data[: len(data) // 2],
        "other version": about(b"nested_core 1", b"nested_core 9"),
        "other model": about(b'model\\": \\"Hope', b'model\\": \\"Rope'),
        "bad config": about(b'd_model\\": 8', b'd_model\\": 9'),
        "other width": about(b'n_heads\\": 2', b'n_heads\\": 4'),
        "other batch": about(b'batch\\": 2', b'batch\\": 3'),
    }
    for name, content in written.items():
        (tmp_path / name).write_bytes(content)
    save_file(tensors, tmp_path / "foreign")
    for name in [*written, "foreign", "missing"]:
        with pytest.raises(ValueError) as error:
            load(tmp_path / name)
        message = str(error.value)
        assert message.startswith(f"{tmp_path / name}: ") and message.endswith(".") and "\n" not in message, message
        assert "; " in message  # the fix
    _, foreign = build(replace(HOPE, chunk=4))(tokens(2, 5))
    with pytest.raises(ValueError, match="this model's config"):
        save(good, model, foreign)
    assert good.read_bytes() == data
