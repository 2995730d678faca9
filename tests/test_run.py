"""A run is data: the same config and seed give the same trace, and a trace survives its file."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch

from nested_core import sweep
from nested_core.config import (
    ConfigError,
    Edit,
    LearnerConfig,
    Level,
    RunConfig,
    StreamConfig,
    decode_text,
    from_dict,
    run_id,
    to_dict,
)
from nested_core.ops import backend
from nested_core.presets import arms, nested, stream
from nested_core.run import Run, build, run
from nested_core.streams import open_stream
from nested_core.trace import CHANNELS, Recorder, Trace, TraceError

DIGITS = StreamConfig("permuted_digits", tasks=3, dwell=8, batch=8)
CONFIG = RunConfig(DIGITS, replace(nested(DIGITS), width=24), probe_every=5)


@pytest.fixture(scope="module")
def trace():
    return run(CONFIG, seed=3)


def test_the_same_config_and_seed_give_the_same_trace(trace):
    assert run(CONFIG, seed=3).same_events(trace)
    assert not run(CONFIG, seed=4).same_events(trace)
    text = StreamConfig("languages", tasks=2, dwell=3, batch=2, length=16)
    for learner in arms(text):
        config = RunConfig(text, replace(learner, width=16, layers=1, heads=2, chunk=8))
        assert run(config, seed=1).same_events(run(config, seed=1))


def test_what_is_recorded(trace):
    assert trace.steps == 24 and trace.finished
    assert trace.visits() == [(0, 1, 8), (1, 9, 16), (2, 17, 24)]
    assert trace["probe_step"].tolist() == [0, 1, 2, 3, 4, 5, 8, 10, 15, 16, 20, 24]  # every 5, and at visits' ends
    assert trace["wrote"].sum(0).tolist() == [24, 6, 1]
    assert trace["level_score"].shape == (12, 3, 3) and trace["memory"].shape[:2] == (12, 3)
    assert np.array_equal(trace.task_matrix(), trace["score"][[6, 9, 11]])
    for name, channel in CHANNELS.items():
        assert trace[name].ndim == len(channel.dims)
    with pytest.raises(ValueError, match="read-only"):
        trace["score"][0] = 0


def test_a_run_can_be_led_from_outside_and_left_at_any_step(trace):
    reader, work = Recorder({}), Run(CONFIG, 3)
    while work.steps < 11:
        next(work)
        reader.extend(work.recorder.take())
    stopped = work.recorder.freeze()
    assert stopped.steps == 11 and not stopped.finished and trace.until(11).same_events(stopped)
    reader.meta = dict(stopped.meta)
    assert reader.freeze().same_events(stopped)


@pytest.mark.parametrize("kind", ["permuted_digits", "languages"])
def test_a_run_taken_up_from_a_snapshot_goes_on_bit_for_bit(kind):
    stream = StreamConfig(kind, tasks=2, dwell=6, batch=2, length=16)
    nested_config = nested(stream)
    variants = [] if kind == "permuted_digits" else [replace(nested_config, variant="sequential")]
    for learner in (*arms(stream), *variants):
        small = replace(learner, width=24, layers=1, heads=2, chunk=8)
        config = RunConfig(stream, small, probe_every=4)
        work = Run(config, 5)
        while work.steps < 7:
            next(work)
        before, later = work.recorder.freeze(), Run(config, 5, snapshot=work.snapshot())
        for _ in later:
            pass
        whole = run(config, 5)
        for name in CHANNELS:
            if name != "seconds":
                both = np.concatenate([before[name], later.recorder.freeze()[name]])
                assert np.array_equal(both, whole[name], equal_nan=whole[name].dtype.kind == "f"), (learner.name, name)


def test_a_trace_survives_its_file_and_a_damaged_one_is_one_sentence(trace, tmp_path):
    path = tmp_path / "run.npz"
    trace.save(path)
    loaded = Trace.load(path)
    assert loaded.same_events(trace) and dict(loaded.meta) == dict(trace.meta)
    assert np.array_equal(loaded["seconds"], trace["seconds"])
    data = path.read_bytes()
    for bad in (data[:-200], data[: len(data) // 2], b"", b"hello", data[:300] + b"\xff" * 40 + data[340:]):
        path.write_bytes(bad)
        with pytest.raises(TraceError, match=r"run\.npz: .*\."):
            Trace.load(path)
    buffer = io.BytesIO()
    old = Trace({**trace.meta, "version": 0}, {n: trace[n] for n in CHANNELS})
    old.save(path)
    with pytest.raises(TraceError, match="version 0"):
        Trace.load(path)
    np.savez(buffer, a=np.zeros(3))
    path.write_bytes(buffer.getvalue())
    with pytest.raises(TraceError, match=r"run\.npz"):
        Trace.load(path)
    with pytest.raises(TraceError, match="no such file"):
        Trace.load(tmp_path / "none.npz")


def test_a_config_survives_json_and_names_its_run():
    for kind in ("permuted_digits", "class_digits", "languages"):
        for learner in arms(stream(kind)):
            config = RunConfig(stream(kind), learner)
            assert from_dict(to_dict(config)) == config
            assert run_id(config, 0) == run_id(from_dict(to_dict(config)), 0) != run_id(config, 1)


@pytest.mark.parametrize(
    ("where", "value", "words"),
    [
        (("learner", "levels", 0, "period"), 0, "period: 0 "), (("learner", "levels", 0, "period"), -3, "period: -3 "),
        (("learner", "levels", 1, "period"), 2.5, "period: 2.5 "),
        (("learner", "levels", 1, "period"), 1, "different periods"),
        (("learner", "levels", 0, "rate"), "fast", "rate: 'fast' "),
        (("learner", "levels", 0, "retention"), 0, "retention: 0 .*above 0 and at most 1"),
        (("learner", "levels", 0, "rate"), float("nan"), "rate: nan "),
        (("learner", "width"), True, "width: True "),
        (("learner", "model"), "hope", "variant: 'independent' .* not hope"),
        (("learner", "colour"), 1, "colour: 1 .*known fields"), (("learner", "levels"), [], "1 to 8 levels"),
        (("stream", "tasks"), 11, "tasks: 11 .*2 to 10"), (("stream", "kind"), "class_digits", None),
        (("stream", "kind"), ["languages"], "kind: "), (("stream", "dwell"), 10**9, "dwell: "),
        (("stream", "texts"), [["a", "b"]], "texts: 1 "),
        (("probe_every",), 0, "probe_every: 0 "), (("stream",), None, "stream: "),
        (("learner", "levels"), [3], "levels: "),
    ],
)  # fmt: skip
def test_a_bad_config_is_one_sentence(where, value, words):
    data = to_dict(CONFIG)
    at = data
    for key in where[:-1]:
        at = at[key]
    at[where[-1]] = value
    if words is None:
        data["stream"]["tasks"], words = 11, "tasks: 11 .*10 classes"
    with pytest.raises(ConfigError, match=words) as error:
        from_dict(data)
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "0 characters"), (b"x", "1 characters"), (b"\xff\xfe\x00" * 2000, "binary"),
     (b"caf\xe9 " * 1000, "not UTF-8"),
     (b"a" * 5000, "one repeated character"), (b"ab" * (26 * 2**20), "52.0 MB")],
)  # fmt: skip
def test_a_bad_text_is_one_sentence(data, words):
    with pytest.raises(ConfigError, match=f"notes.txt.*{words}") as error:
        decode_text("notes.txt", data)
    assert "\n" not in str(error.value)


def test_streams_are_reproducible_hold_out_their_tests_and_hide_the_task():
    texts = (("a", "the quick brown fox jumps over the lazy dog. " * 60), ("b", "Ünïcode 汉字 " * 300))
    own = StreamConfig("own_text", tasks=2, rounds=3, dwell=4, batch=3, length=32, texts=texts)
    for config in (DIGITS, StreamConfig("class_digits", tasks=5, dwell=4), own):
        a, b = open_stream(config, 7), open_stream(config, 7)
        for step in (1, config.steps):
            first, second = a.batch(step), b.batch(step)
            assert (first.x == second.x).all() and (first.y == second.y).all()
            assert set(first._fields) == {"x", "y"}
        assert [a.task(s) for s in range(1, config.steps + 1)] == [
            t for _ in range(config.rounds) for t in range(config.tasks) for _ in range(config.dwell)
        ]
    for tasks in (5, 10):
        classes = open_stream(StreamConfig("class_digits", tasks=tasks, dwell=4), 7)
        assert sorted(c for test in classes.tests for c in set(test.y.tolist())) == list(range(10))
    assert all(int(test.x.max()) < open_stream(own, 0).size for test in open_stream(own, 0).tests)


def test_a_level_with_a_rate_of_another_kind_is_refused():
    text = stream("languages")
    with pytest.raises(ConfigError, match="at most 1"):
        replace(nested(text), levels=(Level(1, 1e-3), Level(5, 1.5)))


@pytest.mark.parametrize(("model", "variant"), [("hope", "nested"), ("hope", "sequential"), ("transformer", "single")])
def test_a_rate_that_is_too_large_is_an_event_and_the_run_reads_on(model, variant):
    levels = (Level(1, 100.0), Level(2, 0.5))[: 1 if variant == "single" else 2]
    learner = LearnerConfig("wild", model, "adam", variant, levels, width=16, layers=1, chunk=8)
    text = StreamConfig("languages", tasks=2, dwell=10, batch=2, length=16)
    built = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nested_core.run.build", lambda *args: built.append(build(*args)) or built[-1])
        trace = run(RunConfig(text, learner, probe_every=5), 0)
    assert trace.finished and trace["diverged"].sum() > 5 and not trace["diverged"][0]
    assert not trace["wrote"][trace["diverged"]].any() and not trace["change"][trace["diverged"]].any()
    assert trace["wrote"][0].any() and np.isfinite(trace["change"]).all() and np.isfinite(trace["memory"]).all()
    held = [built[0].weights.vector, built[0].weights.gradient, *built[0].slow]
    held += [x for each in built[0].optimizers for state in each.state.values() for x in state.values()]
    assert all(x.isfinite().all() for x in held)
    assert not (trace["score"][-1] < 6).any()  # very bad, or no number: never a good score


def test_a_large_rate_alone_is_no_divergence():
    """The MLP clips and works in float64: it ends at chance, with numbers, and the trace has no event."""
    learner = LearnerConfig("wild", "mlp", "sgd", "single", (Level(1, 100.0),), width=24)
    trace = run(RunConfig(DIGITS, learner), 0)
    assert trace["diverged"].shape == (24,) and not trace["diverged"].any() and trace["score"][-1].max() < 0.3


def test_the_form_that_computed_is_recorded_with_its_reason(trace):
    assert trace.meta["backend"] is None  # nothing here modifies itself
    text = StreamConfig("languages", tasks=2, dwell=1, batch=2, length=8)
    config = RunConfig(text, replace(nested(text), width=16, layers=1, heads=2, chunk=4))
    with backend.use("chunked"):
        assert run(config, 0).meta["backend"] == ["chunked", "asked for by backend.use"]
    assert run(config, 0).meta["backend"] == list(backend.choose())
    transformer = replace(arms(text)[2], width=16, layers=1, heads=2)
    assert run(RunConfig(text, transformer), 0).meta["backend"] is None


# pitfall 33
def test_a_comparison_is_fair():
    """Equal parameters, the same batches, no more trials for the nested learner, on seeds that no result uses."""
    for kind in ("permuted_digits", "class_digits", "languages"):
        on = stream(kind)
        size = [build(x, open_stream(on, 0), 0).parameters for x in arms(on)]
        assert max(size) / min(size) < 1.01
        tried = {x.name: len(sweep.trials(x.name, on)) for x in arms(on)}
        assert tried["nested"] <= min(tried.values())
        first, second = (open_stream(on, 5) for _ in arms(on)[:2])  # each learner opens its own
        assert all(torch.equal(a, b) for a, b in zip(first.batch(3), second.batch(3), strict=True))
    assert sweep.FIRST_SEED > 1000
    digits = open_stream(DIGITS, 0)
    for train, test in zip(digits._train, digits.tests, strict=True):
        assert len(train.y) + len(test.y) == 1797


def test_a_change_of_levels_on_the_way_is_part_of_the_run():
    slower = tuple(replace(level, rate=level.rate / 2, paused=level.period == 4) for level in CONFIG.learner.levels)
    work = Run(CONFIG, 3)
    while work.steps < 10:
        next(work)
    work.edit(slower)
    for _ in work:
        pass
    live = work.recorder.freeze()
    config = from_dict(live.meta["config"])
    assert [(edit.step, edit.levels) for edit in config.edits] == [(10, slower)]
    again = run(config, 3)
    assert again.same_events(live) and again.meta["run_id"] == live.meta["run_id"] == run_id(config, 3)
    plain = run(CONFIG, 3)
    assert live.until(10).same_events(plain.until(10)) and not live.same_events(plain)
    paused = [level.period for level in slower].index(4)
    assert not live["wrote"][10:, paused].any() and plain["wrote"][10:, paused].any()
    for bad, field in (((Edit(5, slower[:1]),), "edits.levels"), ((Edit(9, slower), Edit(5, slower)), "edits.step")):
        with pytest.raises(ConfigError, match=field):
            replace(CONFIG, edits=bad)


@pytest.mark.parametrize("kind", ["permuted_digits", "languages"])
def test_edits_reach_every_kind_of_learner(kind):
    stream = StreamConfig(kind, tasks=2, dwell=4, batch=2, length=16)
    for learner in arms(stream):
        small = replace(learner, width=16, layers=1, heads=2, chunk=8)
        config = RunConfig(stream, small)
        stopped = tuple(replace(level, paused=True) for level in small.levels)
        trace = run(replace(config, edits=(Edit(4, stopped),)), 1)
        own = [i for i, level in enumerate(trace.levels) if level["per"] == "step"]
        assert trace["wrote"][:4, own].any() and not trace["wrote"][4:, own].any()
        slower = tuple(replace(level, rate=level.rate / 2) for level in small.levels)
        assert not run(replace(config, edits=(Edit(4, slower),)), 1).same_events(run(config, 1))


@pytest.mark.parametrize("kind", ["permuted_digits", "languages"])
def test_the_recorded_sample_is_what_the_stream_gave(kind):
    stream = open_stream(StreamConfig(kind, tasks=2, dwell=3, batch=2, length=64), 1)
    learner = replace(arms(stream.config)[0], width=16, layers=1, heads=2, chunk=8)
    trace = run(RunConfig(stream.config, learner), 1)
    batch = stream.batch(5)
    if stream.alphabet is None:
        assert np.array_equal(trace["sample"][4] / 16, batch.x[0].numpy()) and trace["truth"][4] == batch.y[0]
    else:
        assert np.array_equal(trace["sample"][4], batch.x[0, -40:].numpy()) and trace["truth"][4] == batch.y[0, -1]
    assert trace.meta["alphabet"] == stream.alphabet
    assert ((trace["guess"] >= 0) & (trace["guess"] < (len(stream.alphabet) if stream.alphabet else 10))).all()


def test_a_trace_stays_as_it_was_while_its_log_grows(trace):
    meta = {"levels": trace.meta["levels"], "tasks": trace.tasks}
    recorder, seen = Recorder(meta), []
    for step in range(1, 300):  # more than a channel has room for at first, several times over
        recorder.add("seconds", float(step))
        seen.append(recorder.freeze()["seconds"])
    for step, found in enumerate(seen, start=1):
        assert np.array_equal(found, np.arange(1.0, step + 1)) and not found.flags.writeable
    recorder.add("sample", np.zeros(4))
    with pytest.raises(ValueError, match=r"sample: entry of shape \(5,\), those before have \(4,\)"):
        recorder.add("sample", np.zeros(5))
