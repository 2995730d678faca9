"""Gates over time: what the self-modifying memories set as step size and retention, recorded and drawn as recorded."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from app import export
from app.views import gates, summary, timeline
from nested_core.config import RunConfig, StreamConfig
from nested_core.hope import Hope, HopeConfig
from nested_core.ops.self_modifying import ALPHA, ETA, Gates
from nested_core.ops.self_modifying.naive import naive
from nested_core.presets import arms
from nested_core.run import run

TEXT = StreamConfig("languages", tasks=2, rounds=1, dwell=6, batch=2, length=16)


def record(arm: int, paused: bool = False):
    """A tiny learner on text: 0 nested Hope, 1 Hope as a single loop, 2 Transformer."""
    learner = arms(TEXT)[arm]
    levels = tuple(replace(level, paused=paused) for level in learner.levels)
    learner = replace(learner, levels=levels, width=16, layers=2, heads=2, chunk=8)
    return run(RunConfig(TEXT, learner, probe_every=3), seed=1)


@pytest.fixture(scope="module")
def traces():
    return [record(0), record(1, paused=True), record(2)]


@pytest.mark.parametrize("memory", ["linear", "deep"])
def test_gates_are_those_that_the_loop_makes_token_by_token(memory):
    torch.manual_seed(0)
    model = Hope(HopeConfig(vocab_size=11, d_model=8, n_layers=2, n_heads=2, chunk=4, memory=memory)).double()
    tokens = torch.randint(11, (3, 10))
    eta, alpha = model.gates(tokens)
    assert eta.shape == alpha.shape == (2, 3, 2, 10)
    mixer = model.blocks[0].mixer
    state = mixer.start(3)
    x, q, _, _ = mixer._inputs(model.embed(tokens), state.recent)
    state = state.memories
    parameters = {name: mixer.gates[name] for name in ("eta", "alpha", "eta_bias", "alpha_bias")}
    for t in range(10):
        made = {}
        for name, which in (("eta", ETA), ("alpha", ALPHA)):
            layers = [layer[:, :, which] for layer in state.anchor]
            z = x[:, :, t, :, None]
            answer = layers[0] @ z if memory == "linear" else z + layers[1] @ torch.nn.functional.gelu(layers[0] @ z)
            logit = (answer[..., 0] * parameters[name]).sum(-1) + parameters[f"{name}_bias"]
            made[name] = torch.sigmoid(logit)
        torch.testing.assert_close(alpha[0, :, :, t], made["alpha"])
        torch.testing.assert_close(eta[0, :, :, t], made["eta"] * (1 + made["alpha"]) / 2)
        _, state = naive(x[:, :, t : t + 1], q[:, :, t : t + 1], state, Gates(**mixer.gates), mixer.writing, 4)


def test_they_are_recorded_at_every_probe_and_a_frozen_learner_keeps_them(traces):
    learning, frozen, transformer = traces
    probes = len(learning["probe_step"])
    for gate in ("eta", "alpha"):
        assert learning[gate].shape == (probes, 2, 2, 3) and transformer[gate].size == 0
        mean, low, high = np.moveaxis(learning[gate], -1, 0)
        assert (low > 0).all() and (low <= mean).all() and (mean <= high).all() and (high < 1).all()
        assert np.ptp(learning[gate][..., 0], axis=0).min() > 1e-6
        assert np.ptp(frozen[gate], axis=0).max() == 0
        assert learning.until(3)[gate].shape[0] == np.count_nonzero(learning["probe_step"] <= 3)
    assert np.allclose(frozen["alpha"][..., 0].mean(), 0.98, atol=0.01)  # as decision 3 says
    assert learning.same_events(record(0)), "looking at the gates changes nothing"


def test_the_view_draws_them_and_goes_flat_for_a_frozen_learner(traces):
    option = json.loads(json.dumps(timeline.option(traces), allow_nan=False))
    names = [axis["name"] for axis in option["yAxis"] if axis["type"] == "value"]
    both, curves = ["step size η", "retention α"], "bits per character"
    assert names == [curves, *both, curves, *both, curves]
    assert option["axisPointer"]["link"] and sum(bool(axis["name"]) for axis in option["xAxis"]) == 1
    drawn = {s["id"]: s["data"] for s in option["series"] if s["id"].startswith(("eta", "alpha"))}
    assert len(drawn) == 2 * 2 * 4
    np.testing.assert_allclose([y for _, y in drawn["eta 2 3"]], traces[0]["eta"][:, 1, 1, 0], atol=6e-5)
    assert len({y for _, y in drawn["eta 2 0"]}) > 1 == len({y for _, y in drawn["eta 6 0"]})
    stacks = [(s["stack"], s["xAxisIndex"]) for s in option["series"] if "stack" in s]
    assert len(set(stacks)) == len({stack for stack, _ in stacks}) == len(stacks) / 2, "a band is two series of a panel"
    low, _ = gates.y_range(traces, "alpha")
    assert low <= min(trace["alpha"].min(initial=1) for trace in traces)


def test_words_and_table_tell_the_same_and_say_why_there_is_nothing(traces):
    learning, _, transformer = traces
    words = gates.sentence(traces)
    assert "**single loop**: step size η stays at" in words and "went from" in words.split("**single")[0]
    assert words.endswith("**Transformer** has no self-modifying memory, so no gates.")
    assert summary.plain(words) in summary.alt_timeline(traces)
    table = gates.table(learning)
    assert len(table) == len(learning["probe_step"]) * 4
    np.testing.assert_allclose(table["alpha 10 %"].to_numpy(), learning["alpha"][..., 1].ravel())
    assert gates.sentence([transformer]) == gates.WITHOUT and len(gates.table(transformer)) == 0
    assert len(timeline.option([transformer])["grid"]) == 2
    rows = export.frame([learning])
    assert len(rows[rows.channel == "eta"]) == learning["eta"].size and rows[rows.channel == "eta"].part.notna().all()
