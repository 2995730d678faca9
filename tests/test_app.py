"""The page by AppTest, and real workers behind it. Training is the stand-in of fake_run, so that this takes seconds."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app import gallery, opened, samples, share, state
from app.desk import Desk
from app.playhead import Playhead
from nested_core import presets
from nested_core.config import RunConfig, run_id
from nested_core.trace import CHANNELS, Trace, TraceError
from tests import fake_run
from tests.page import MAIN, Upload, address, page, press, text, wait, workers

__all__ = ["page", "workers"]  # fixtures

ENGLISH = "It was the best of times, it was the worst of times. " * 60
NUMBERS = "one two three four five six seven eight nine ten " * 60


# The page


def test_it_opens_ready_with_every_button_once(page):
    assert not page.exception
    labels = [b.label for b in page.button]
    assert [labels.count(name) for name in ("Run", "Pause", "Step", "Reset")] == [
        1,
        0,
        1,
        1,
    ]  # Pause where something moves
    assert "Step 0 / 1500" in text(page)


def test_a_first_visit_sees_the_shipped_recording(page):
    now = [0.0]
    page.desk.head = Playhead(lambda: now[0])
    page.desk.fresh, page.desk.key = True, ()
    page.run()
    now[0] = 4.0
    page.run()
    assert (
        "a recording of this very run" in text(page)
        and "is remembered by **nested**" in text(page)
        and not page.exception
    )
    assert "Step 750 / 1500" in text(page)
    now[0] = 14.0
    page.run()
    assert "After all 5 tasks" in text(page) and "Step 1500 / 1500" in text(page)
    page.number_input(key="seed").set_value(5).run()  # there is no recording of this one
    assert "recording" not in text(page) and "Step 0 / 1500" in text(page)


def test_shipped_recordings_are_small_and_of_the_present_presets():
    key = tuple(run_id(config, samples.SEED) for config in samples.configs())
    traces = samples.find(key)
    assert traces, "the presets changed: run `python -m app.samples`"
    assert all(trace.finished for trace in traces)
    assert max(samples.path(config).stat().st_size for config in samples.configs()) < 300_000


def test_run_pause_step_reset(page):
    press(page, "Run")
    wait(lambda: page.desk.show.cursor > 20)
    press(page, "Pause")
    at = page.desk.show.cursor
    assert page.desk.show.status == "paused" and f"Step {at} / 1500" in text(page)
    press(page, "Step")
    wait(lambda: page.desk.show.status == "paused")
    assert page.desk.show.cursor == at + 1
    assert [t.steps for t in page.desk.show.view()] == [at + 1, at + 1]
    press(page, "Reset")
    assert page.desk.show is None and "Step 0 / 1500" in text(page)


def test_time_goes_back_and_forward_over_the_same_run(page):
    press(page, "Step")
    page.segmented_control(key="stride").set_value("window").run()
    for _ in range(3):
        press(page, "Step")
        wait(lambda: page.desk.show.status == "paused")
    page.run()
    assert page.desk.position == 48 and "every 16 moves" in text(page)
    first = page.desk.view()
    press(page, "Back")
    assert page.desk.position == 32 and "Step 32 / 1500" in text(page) and "48 steps recorded" in text(page)
    press(page, "Start")
    assert page.desk.position == 0 and [t.steps for t in page.desk.view()] == [0, 0]
    press(page, "Step")
    assert page.desk.position == 16 and page.desk.recorded == 48  # nothing was computed again
    page.slider[0].set_value(48).run()
    assert all(a.same_events(b) for a, b in zip(first, page.desk.view(), strict=True))
    press(page, "Start")
    press(page, "Run")  # goes on from the end, not from the cursor
    wait(lambda: page.desk.position > 60)
    press(page, "Pause")


def test_a_link_opens_what_it_says(workers, monkeypatch):
    desk = Desk(workers)
    monkeypatch.setattr(state, "desk", lambda: desk)
    test = AppTest.from_file(MAIN, default_timeout=20)
    query = dict(v="1", stream="class_digits", tasks="3", rounds="2", dwell="30", levels="2*0.5_8*0.1*p", seed="7")
    query["with"] = "none"
    for name, value in (query | {"speed": "warp", "dwell": "many"}).items():
        test.query_params[name] = value
    test.switch_page("app_pages/playground.py").run()
    assert not test.exception
    said = [e.value for e in test.error]
    assert any("dwell = 'many' cannot be used" in e for e in said) and any("'speed' is unknown" in e for e in said)
    assert address(test) == query | {"dwell": "40"}
    press(test, "Step")
    wait(lambda: desk.show.cursor == 1)
    (trace,) = desk.show.view()
    learner = trace.meta["config"]["learner"]
    assert [(x["period"], x["rate"], x["paused"]) for x in learner["levels"]] == [(2, 0.5, False), (8, 0.1, True)]
    assert trace.meta["seed"] == 7 and trace.meta["config"]["stream"]["rounds"] == 2
    desk.reset()


@pytest.mark.parametrize("preset", gallery.PRESETS, ids=lambda preset: preset.name)
def test_every_preset_can_be_chosen(page, preset):
    page.selectbox(key="preset").select(preset.name).run()
    assert not page.exception and not page.error and preset.claim in text(page)
    assert share.read(address(page)) == (preset.choice, [])


def test_step_alone_begins_a_comparison(page):
    press(page, "Step")
    wait(lambda: page.desk.show.status == "paused" and page.desk.show.cursor == 1)
    page.run()
    assert "Step 1 / 1500" in text(page)


@pytest.mark.parametrize("kind", ["class_digits", "languages", "own_text"])
def test_every_stream_can_be_chosen(page, kind):
    page.selectbox(key="kind").select(kind).run()
    assert not page.exception
    if kind != "own_text":
        press(page, "Step")
        wait(lambda: page.desk.show.cursor == 1)
        assert len(page.desk.show.view()) == (3 if kind == "languages" else 2)


def test_pasted_texts_become_tasks(page):
    page.selectbox(key="kind").select("own_text").run()
    page.text_area(key="paste 1").set_value(ENGLISH).run()
    page.text_area(key="paste 2").set_value(NUMBERS).run()
    press(page, "Step")
    wait(lambda: page.desk.show.cursor == 1)
    assert page.desk.show.view()[0].tasks == ["text 1", "text 2"]


@pytest.mark.parametrize(
    "names, sizes, words",
    [
        (["a"], ["x"], "text 'text 1': '1 characters' cannot be used"),
        (["a"], ["z" * 3000], "text 'text 1': 'one repeated character' cannot be used"),
    ],
)
def test_a_bad_text_gets_one_sentence(page, names, sizes, words):
    page.selectbox(key="kind").select("own_text").run()
    page.text_area(key="paste 1").set_value(sizes[0]).run()
    assert [words in e.value for e in page.error] == [True] and not page.exception
    assert next(b for b in page.button if b.label == "Run").disabled


@pytest.mark.parametrize(
    "period, words", [(0, "period: 0 cannot be used"), (-4, "period: -4 cannot be used"), (8, "different periods")]
)
def test_a_bad_period_gets_one_sentence_and_leaves_the_run_alone(page, period, words):
    press(page, "Run")
    wait(lambda: page.desk.show.cursor > 5)
    press(page, "Pause")
    show, at = page.desk.show, page.desk.show.cursor
    inputs = [n for n in page.number_input if n.label.startswith("Period")]
    inputs[0].set_value(inputs[1].value if words.startswith("different") else period).run()
    assert [words in e.value for e in page.error] == [True] and not page.exception
    assert page.desk.show is show and show.cursor == at


def test_levels_can_be_added_paused_and_removed(page):
    count = len([n for n in page.number_input if n.label.startswith("Period")])
    press(page, "Add a level")
    inputs = [n for n in page.number_input if n.label.startswith("Period")]
    assert len(inputs) == count + 1 and inputs[-1].value == 4 * inputs[-2].value
    page.checkbox[0].check().run()
    press(page, "✕")
    press(page, "Step")
    wait(lambda: page.desk.show.cursor == 1)
    levels = page.desk.show.arms[0].config.learner.levels
    assert [x.period for x in levels] == [n.value for n in inputs[1:]]


def test_a_failing_run_says_so_in_one_sentence(page):
    page.number_input(key="seed").set_value(15).run()
    press(page, "Run")
    wait(lambda: page.desk.show.status == "failed")
    page.run()
    assert any("RuntimeError: the sky fell" in e.value for e in page.error) and not page.exception


def test_changed_settings_are_announced(page):
    press(page, "Step")
    wait(lambda: page.desk.show.status == "paused" and page.desk.show.cursor == 1)
    page.number_input(key="seed").set_value(3).run()
    assert "The settings have changed" in text(page)
    press(page, "Step")
    wait(lambda: page.desk.show.status == "paused" and page.desk.show.cursor == 1)
    assert page.desk.show.seed == 3


# Saved and opened traces


@pytest.fixture
def recorded(monkeypatch) -> Trace:
    monkeypatch.setattr(fake_run, "SECONDS_A_STEP", 0)
    stream = presets.stream("permuted_digits", 1, tasks=2, dwell=20)
    return fake_run.run(RunConfig(stream, presets.nested(stream)), 0)


def test_a_saved_trace_opens_again(recorded, workers):
    desk = Desk(workers)
    desk.open([Upload("nested.npz", opened.to_bytes(recorded))])
    assert desk.show.view()[0].same_events(recorded) and desk.show.status == "recorded"


def test_a_diverged_run_and_the_form_that_computed_are_said_on_the_page(page):
    stream = presets.stream("languages", 1, tasks=2, dwell=20)
    trace = fake_run.run(RunConfig(stream, presets.nested(stream)), 0)
    channels = {name: trace[name].copy() for name in CHANNELS}
    channels["diverged"][[11, 12]] = True
    page.desk.open([Upload("wild.npz", opened.to_bytes(Trace(dict(trace.meta), channels)))])
    page.run()
    said = next(m.value for m in page.markdown if "diverged at step 12" in m.value)
    assert said.startswith("After all 2 tasks") and "nothing was written in 2 steps; lower its rate." in said
    assert any("Self-modifying memory computed by naive: a stand-in" in c.value for c in page.caption)
    assert not page.exception


def damaged(trace: Trace) -> dict[str, bytes]:
    good = opened.to_bytes(trace)
    other = Trace({**trace.meta, "version": 99}, {n: trace[n] for n in ("task", "score")})
    bare = Trace({k: v for k, v in trace.meta.items() if k != "samples"}, {"task": trace["task"]})
    return {
        "cut.npz": good[: len(good) // 2],
        "text.npz": b"hello",
        "later.npz": opened.to_bytes(other),
        "bare.npz": opened.to_bytes(bare),
    }


def test_a_bad_trace_gets_one_sentence_and_changes_nothing(recorded, workers):
    desk = Desk(workers)
    desk.open([Upload("good.npz", opened.to_bytes(recorded))])
    before = desk.show
    for name, data in damaged(recorded).items():
        with pytest.raises(TraceError, match=name):
            desk.open([Upload(name, data)])
        assert desk.show is before


def test_traces_of_different_streams_are_not_mixed(recorded, workers, monkeypatch):
    stream = presets.stream("permuted_digits", 1, tasks=3, dwell=20)
    other = fake_run.run(RunConfig(stream, presets.nested(stream)), 0)
    with pytest.raises(TraceError, match=r"b\.npz: recorded on another stream"):
        Desk(workers).open([Upload("a.npz", opened.to_bytes(recorded)), Upload("b.npz", opened.to_bytes(other))])


# pitfall 41
def test_the_server_process_never_imports_torch():
    code = "import sys, app.state, app.controls, app.charts, app.files, app.server; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(MAIN).parent.parent).returncode == 0


def test_the_change_between_snapshots_is_recorded(recorded):
    assert np.abs(np.diff(recorded["memory"], axis=0)).max() > 0
