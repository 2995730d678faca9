"""A run is data: the same config and seed give the same trace, and a trace survives its file."""

import io
from dataclasses import replace

import numpy as np
import pytest

from nested_core.config import ConfigError, Level, RunConfig, StreamConfig, decode_text, from_dict, run_id, to_dict
from nested_core.presets import arms, nested, stream
from nested_core.run import run
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


def test_a_run_can_be_watched_and_stopped_and_its_prefix_is_the_same_run(trace):
    reader, seen = Recorder({}), []

    def watch(recorder):
        reader.extend(recorder.take())
        seen.append(reader.count("task"))
        return seen[-1] < 11

    stopped = run(CONFIG, 3, watch)
    assert seen == list(range(12)) and stopped.steps == 11 and not stopped.finished
    assert trace.until(11).same_events(stopped)
    reader.meta = dict(stopped.meta)
    assert reader.freeze().same_events(stopped)


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
