"""Views are pure functions of a trace: every plotted number is a recorded one, and words state the result."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from app.theme import DASHES, HUES, hue, score
from app.views import alone, bands, curves, diagram, gates, geometry, memory, raster, summary, timeline, writes
from nested_core import presets
from nested_core.config import RunConfig
from nested_core.trace import CHANNELS, Trace
from tests import fake_run


def record(kind="permuted_digits", pause=None, learner="nested", **changes) -> Trace:
    """A trace of the stand-in learner: 3 tasks of 40 steps."""
    stream = presets.stream(kind, 1, **{"tasks": 3, "dwell": 40, **changes})
    config = getattr(presets, learner)(stream)
    levels = tuple(replace(x, paused=i == pause) for i, x in enumerate(config.levels))
    return fake_run.run(RunConfig(stream, replace(config, levels=levels)), 0)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(fake_run, "SECONDS_A_STEP", 0)


def test_the_timeline_is_plain_json_with_units_on_its_axes():
    for kind, unit, sample in (
        ("permuted_digits", "accuracy (%)", "samples"),
        ("languages", "bits per character", "characters"),
    ):
        traces = [record(kind), record(kind, learner="single_loop")]
        option = json.loads(json.dumps(timeline.option(traces), allow_nan=False))
        named = [y["name"] for y in option["yAxis"] if y["type"] == "value"]
        assert named == [unit, *(gates.NAMES.values() if kind == "languages" else ())] * 2
        size = traces[0].meta["samples"]
        assert [x["name"] for x in option["xAxis"] if x["name"]] == [f"step ({size} {sample} each)"]
        scales = [(y["min"], y["max"]) for y in option["yAxis"] if y["type"] == "value"]
        assert scales[: len(named) // 2] == scales[len(named) // 2 :], "both learners on one scale"
        assert timeline.height(traces) > sum(g["height"] for g in option["grid"])


def test_curves_plot_the_recorded_scores_of_tasks_seen():
    trace = record().until(60)
    lines = curves.series(trace, 0, 100, 0, 100)
    assert [line["name"] for line in lines] == ["1 thing 1", "2 thing 2"], "the third task was not seen yet"
    steps = trace["probe_step"]
    for task, line in enumerate(lines):
        kept = steps >= task * 40
        assert [p[0] for p in line["data"]] == steps[kept].tolist()
        np.testing.assert_allclose([p[1] for p in line["data"]], 100 * trace["score"][kept, task], atol=0.06)
    table = curves.table(trace)
    assert len(table) == sum(len(line["data"]) for line in lines)
    assert list(table.columns) == ["learner", "step", "task", "accuracy"]


def test_a_long_run_is_thinned_to_its_first_and_last_points():
    kept = curves.thin(np.arange(2001))
    assert len(kept) <= curves.MAX_POINTS + 1 and kept[0] == 0 and kept[-1] == 2000


# pitfall 36, 37
def test_raster_rows_are_the_recorded_writes():
    trace = record()
    table = raster.table(trace)
    assert len(table) == trace["wrote"].sum()
    assert raster.rates(trace)["steps with a write"].tolist() == [120 // x["period"] for x in trace.levels]
    drawn = [point for series in raster.series(trace, 1) for point in series["data"]]
    recorded = [(int(s) + 1, int(i)) for s, i in zip(*np.nonzero(trace["wrote"]), strict=True)]
    assert sorted(map(tuple, drawn)) == sorted(recorded)
    assert raster.row_totals(trace) == [f"{120 // x['period']} of 120" for x in trace.levels]


def test_every_chart_can_be_saved_and_then_tells_its_settings_and_seeds():
    trace, other = record(), record()
    other.meta = {**other.meta, "seed": 7}
    for option in (timeline.option([trace]), memory.option(trace, 0), bands.option([[trace], [other]])):
        assert option["toolbox"]["feature"]["saveAsImage"]
        told = option["title"][-1]["text"]
        assert "permuted_digits" in told and f"seed {trace.meta['seed']}" in told and "every" in told
    assert "seed 0, 7 ·" in told


def test_dense_writes_are_binned_to_the_width_of_the_picture():
    trace = record(dwell=400)
    steps, sizes = raster.ticks(trace, 0, 100)
    assert len(steps) == len(sizes) <= 101 and steps.max() > 1200 - 12


# pitfall 36
def test_a_paused_level_has_an_empty_row_and_a_flat_memory():
    trace = record(pause=0)
    assert not len(raster.ticks(trace, 0, 400)[0]) and raster.row_totals(trace)[0] == "0 of 120"
    assert not raster.table(trace)["level"].eq("every 1").any()
    changed = [cell[2] for cell in memory.option(trace, 0)["series"][1]["data"]]
    assert set(changed) == {0.0}
    assert "wrote nothing" in memory.sentence(trace, 0)
    assert any(cell[2] for cell in memory.option(trace, 1)["series"][1]["data"])


def test_the_memory_map_shows_the_last_snapshot_and_its_difference_to_the_one_before():
    trace = record()
    option = memory.option(trace, 1)
    now = np.array([c[2] for c in option["series"][0]["data"]]).reshape(12, 16)
    moved = np.array([c[2] for c in option["series"][1]["data"]]).reshape(12, 16)
    np.testing.assert_allclose(now, trace["memory"][-1, 1], atol=1e-4)
    np.testing.assert_allclose(moved, trace["memory"][-1, 1] - trace["memory"][-2, 1], atol=1e-4)
    assert len(memory.table(trace, 1)) == 12 * 16


def test_levels_asked_alone_stand_beside_the_whole():
    trace = record()
    names, scores, step = alone.latest(trace.until(60))
    assert names == [*(x["name"] for x in trace.levels), "together"]
    assert scores.shape == (len(trace.levels) + 1, 3) and step == 60
    page = alone.html(trace)
    assert page.count("<tr>") == len(names) + 1 and score(trace["score"][-1, 0], "accuracy") in page
    assert not alone.known(record(learner="single_loop"))


# pitfall 34
def test_words_state_the_result_so_far_and_in_the_end():
    traces = [record(), record(learner="single_loop")]
    early, later, end = (summary.plain(summary.result([t.until(n) for t in traces])) for n in (20, 60, 120))
    assert early.startswith("Learning the first task")
    assert later.startswith("2 tasks seen. Task 1, thing 1, is remembered by nested at")
    assert end.startswith("After all 3 tasks: nested ends at") and "single loop ends at" in end
    assert end in summary.alt_timeline(traces) and "every 1 wrote in 120 of 120 steps" in summary.alt_timeline(traces)
    assert [summary._forgot(x, "accuracy") for x in (0.2, 0.001, -0.03)] == [
        "forgot 20 points",
        "forgot nothing",
        "gained 3 points on old tasks",
    ]
    assert "lower is better" in summary.result([record("languages")])


def test_the_cost_line_counts_recorded_samples_and_updates():
    trace = record()
    assert summary.cost(trace).startswith("1,234 parameters, 56 numbers of optimizer and memory state, 3,840 samples, ")
    assert f"{trace['wrote'].sum()} updates" in summary.cost(trace)


def diverging(trace: Trace, *steps: int) -> Trace:
    """The same run with scores that are no numbers from the first of these steps on, and the event in each."""
    channels = {name: trace[name].copy() for name in CHANNELS}
    channels["diverged"][np.array(steps) - 1] = True
    channels["score"][trace["probe_step"] >= steps[0]] = np.nan
    channels["level_score"][trace["probe_step"] >= steps[0]] = np.nan
    return Trace(dict(trace.meta), channels)


@pytest.mark.parametrize("kind", ["permuted_digits", "languages"])
def test_a_run_that_diverged_is_one_sentence_more_and_every_picture_still_draws(kind):
    well, broken = record(kind, learner="single_loop"), diverging(record(kind), 50, 51, 90)
    words = summary.plain(summary.result([broken, well]))
    assert words.endswith(
        " nested diverged at step 50: its loss or gradient was not finite, or a memory too large, "
        "so nothing was written in 3 steps; lower its rate."
    )
    assert "nested ends at - on average and forgot an unknown amount" in words and "nan" not in words
    assert "diverged" in summary.alt_timeline([broken, well])
    assert "diverged" not in summary.result([broken.until(49), well]) and "diverged" not in summary.result([well])
    assert "in 1 step;" in summary.result([broken.until(50), well])
    json.dumps(timeline.option([broken, well]), allow_nan=False)
    assert "nan" not in alone.html(broken)


def test_the_form_that_computed_the_memory_is_named_once_with_its_reason():
    text = [record("languages", learner=name) for name in ("nested", "single_loop")]
    assert summary.backend(text) == "Self-modifying memory computed by naive: a stand-in needs no more."
    assert summary.backend([record()]) == ""


def test_views_show_the_first_probe_before_any_step():
    trace = record().until(0)
    json.dumps(timeline.option([trace]), allow_nan=False)
    assert summary.result([trace]) == "Nothing learned yet."
    assert memory.sentence(trace, 0) == "Step 0: no change to show yet."


def test_labels_never_cover_each_other():
    moved = curves.spread({"a": 10, "b": 11, "c": 12, "d": 99}, 13, 0, 100)
    places = sorted(moved.values())
    assert np.diff(places).min() >= 13 and places[0] >= 0 and places[-1] <= 100


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2)."""
    light = []
    for colour in (one, other):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        light.append(0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05)
    return max(light) / min(light)


@pytest.mark.parametrize("page", ["#ffffff", "#12161b"])
def test_marks_stand_out_on_both_pages(page):
    assert min(contrast(colour, page) for colour in HUES) >= 3


def test_ten_tasks_differ_by_hue_or_dash():
    assert len({(hue(i), str(DASHES[i])) for i in range(10)}) == 10


def test_looking_needs_no_torch_and_no_streamlit():
    code = (
        "import sys, app.views.timeline, app.views.memory, app.views.alone, app.views.summary; "
        "sys.exit(bool({'torch', 'streamlit'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_sizes_of_writes_are_the_recorded_ones_and_a_paused_level_has_none():
    trace = record(pause=0)
    found = writes.frame([trace], "change")
    assert not found.level.str.contains("every 1$").any()
    every_4 = found[found.level.str.endswith("every 4")]
    assert every_4.step.tolist() == list(range(4, 121, 4)) and np.allclose(every_4.value, 0.05)
    json.dumps(writes.chart([trace], "surprise").to_dict())
    assert "every 1 " not in writes.sentence([trace])


def test_paths_keep_distances_and_a_paused_level_stands_still():
    trace = record(pause=1)
    places, share = geometry.plane(trace)
    rows = geometry.flat(trace, 0)
    kept = np.linalg.norm(places[0][-1] - places[0][0]) / np.linalg.norm(rows[-1] - rows[0])
    assert 0.2 < kept <= 1 + 1e-9 and 0 < share.sum() <= 1 + 1e-9
    assert np.ptp(places[1], axis=0).max() < 1e-6 < np.ptp(places[0], axis=0).max()
    assert len(geometry.paths(trace).data) == len(trace.levels) * (1 + len(trace.visits()))


def test_the_number_of_directions_in_use():
    assert geometry.rank(np.array([1.0, 1, 1, 1])) == pytest.approx(4)
    assert geometry.rank(np.array([2.0, 0, 0])) == pytest.approx(1)
    trace = record()
    expected = np.linalg.svd(trace["memory"][3, 0].astype(float), compute_uv=False)
    assert np.allclose(geometry.spectrum(trace, 0)[3], expected)
    assert "directions" in geometry.sentence(trace, 0)


def test_the_diagram_follows_the_levels():
    nested = presets.nested(presets.stream("permuted_digits"))
    for variant, optimizer, links in (("independent", "least_squares", 6), ("nested", "sgd", 6)):
        drawn = diagram.svg(replace(nested, variant=variant, optimizer=optimizer))
        assert drawn.count("<rect") == 3 and drawn.count("<line") == links and "every 16" in drawn
    one = replace(nested, levels=nested.levels[:1])
    assert diagram.svg(one).count("<rect") == 1 and "every 4" not in diagram.words(one)
