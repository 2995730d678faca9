"""Activities, the demonstrations, and what is computed and drawn from a class's answers and runs."""

import csv
import io
import json
from urllib.parse import parse_qsl

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import share
from app.classroom import demonstrations, export, from_lesson, measured, pictures, recorded, script, tally
from app.classroom.activity import Axis, Question, clean, from_link, parse_link
from app.classroom.shared import known, plain
from app.classroom.store import Store
from lessons import record
from lessons.lesson import Steps
from nested_core import presets
from nested_core.config import RunConfig
from nested_core.metrics import bootstrap_interval
from tests import fake_run

CURVE = Question("c", "sketch", "?", axis=Axis("right", 0, 100, "%", "step", 200, 400))
POINT = Question("p", "point", "?", axis=Axis("writes", 0, 100, "writes"), answer=18)
CHOICE = Question("q", "choice", "?", ("a", "b", "c"), answer=1, replies=("x", "y", "z"))
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_subnormal=False) | st.text(),
    lambda inner: st.lists(inner, max_size=25),
)


@pytest.mark.parametrize("question", [CURVE, POINT, CHOICE, Question("t", "text", "?")])
@pytest.mark.fuzz
@given(value=ANYTHING)
def test_only_answers_to_the_question_are_taken(question, value):
    """Whatever comes, it is refused in a sentence or stored as something that the pictures can draw."""
    try:
        kept = question.check(value)
    except ValueError as error:
        assert str(error).endswith(".") and len(str(error)) < 60
        return
    json.dumps(kept, allow_nan=False)
    if question.kind != "text":
        json.dumps(pictures.answers(question, [kept], True)[0], allow_nan=False)


def test_free_text_is_printable_and_short():
    assert clean("  a\tb\n\x00c\u202e ", 10) == "a b c"
    assert len(clean("x" * 10_000, 280)) == 280
    nasty = "<b> [x](http://e) ![y](z) $a$ :red[r] `c` *d* #1"
    assert plain(nasty).replace("\\", "") == nasty
    assert all(plain(nasty)[i - 1] == "\\" for i, c in enumerate(plain(nasty)) if c in "<[]()!$:`*#")


def test_every_demonstration_is_complete():
    assert list(demonstrations.ALL) == ["forget", "dial", "momentum", "clocks", "build", "break"]
    for activity in demonstrations.ALL.values():
        keys = [question.key for question in activity.questions]
        assert len(set(keys)) == len(keys) and keys[-1] == "exit"
        assert 5 <= activity.minutes <= 15 and len(activity.wrong) == 3 and activity.idea and activity.links
        assert sum(len(step.link) > 0 and step.spread for step in activity.steps) <= 1
        for step in activity.steps:
            assert step.text and step.notes
            if step.link:
                assert share.read(dict(parse_qsl(step.link)))[1] == []  # nothing in it was misread
        for question in activity.questions:
            if question.kind == "choice":
                assert len(question.options) > 1 and len(question.replies) in (0, len(question.options))
                assert question.answer is None or 0 <= question.answer < len(question.options)
        page = script.html(activity)
        assert page.count("<h2>") >= 3 and "<script" not in page


def test_expected_numbers_are_those_of_ten_recorded_seeds():
    for link in demonstrations.links():
        pool = recorded.find(link)
        assert pool is not None, f"{link}: run python -m app.classroom.recorded"
        assert pool["runs"] == recorded.SEEDS
        names = [config.learner.name for config in share.read(dict(parse_qsl(link)))[0].configs()]
        assert list(pool["arms"]) == names


def ends(link: str, arm: str = "nested", what: str = "final") -> list[float]:
    """Mean and interval at the end of the recorded runs."""
    found = recorded.find(link)["arms"][arm]
    return found[what] if what != "first" else [found[k][-1] for k in ("mean", "low", "high")]


def test_what_the_demonstrations_say_is_what_was_recorded():
    """Each direction that a demonstration states, on intervals that do not touch."""
    from app.classroom.demonstrations import break_it, build, clocks, dial, forget

    assert ends(forget.TWO, "single_loop", "first")[2] < 50 < ends(forget.TWO, "nested", "first")[1]
    assert ends(clocks.ONE)[1] > ends(clocks.THREE)[0] - 3 and ends(clocks.THREE, "single_loop")[2] < 75
    assert ends(break_it.RETURN)[2] < ends(break_it.RETURN, "single_loop")[1]
    assert ends(break_it.SLOW)[2] < ends(break_it.SLOW, "single_loop")[1]
    low, middle, high = (ends(link, what="first") for link in (dial.LOW, dial.MIDDLE, dial.HIGH))
    assert middle[2] < low[1] and middle[2] < high[1]  # bits: the middle rate knows English best
    lost = {link: lost_bits(link) for link in (dial.LOW, dial.MIDDLE, dial.HIGH)}
    assert lost[dial.HIGH] > lost[dial.MIDDLE] > 0 > lost[dial.LOW]
    assert ends(build.TWO)[2] < ends(build.ONE)[1] and ends(build.TWO)[2] < ends(build.THREE)[1]
    assert abs(ends(build.THREE)[0] - ends(build.ONE)[0]) < 0.05


def lost_bits(link: str) -> float:
    """Bits by which the first task got worse after the change."""
    pool = recorded.find(link)
    mean = pool["arms"]["nested"]["mean"]
    return mean[-1] - mean[pool["steps"].index(pool["changes"][0])]


def test_a_link_becomes_an_activity():
    query, notices = parse_link("http://x/playground?v=1&stream=permuted_digits&tasks=2&bad=1")
    assert len(notices) == 1 and "bad" in notices[0]
    activity = from_link(query)
    winner = activity.question("winner")
    assert winner.options == ("nested", "single loop", "no clear difference") and activity.question("exit")
    assert [step.spread for step in activity.steps].count(True) == 1
    assert from_link(parse_link("nonsense")[0]).links  # the default configuration, with a notice
    assert not any(step.spread for step in from_link(parse_link("?stream=own_text")[0]).steps)


# Lessons

LESSONS = from_lesson.names()


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_becomes_an_activity(name):
    lesson, activity = LESSONS[name], from_lesson.find(name)
    assert activity.name == name and known(name) is activity and "=" not in name  # no link of the playground
    titles = [step.title for step in activity.steps]
    assert titles[1:4] == ["Predict", "Run", "Compare"] and titles[-3:] == ["Now you", "Summary", "Exit ticket"]
    assert all(step.notes for step in activity.steps) and all(
        note in activity.steps[0].notes for note in lesson.teacher
    )
    run = activity.steps[2]
    assert run.page.startswith(f"learn?lesson={lesson.number}&step=run&p{lesson.number}=skip")
    assert run.spread == bool(run.link)
    keys = [question.key for question in activity.questions]
    assert keys == ["predict", "why", *(f"check {i + 1}" for i in range(len(lesson.checks))), "exit"]
    assert not any("[[" in text for q in activity.questions for text in (*q.options, *q.replies))
    for asked, question in zip((lesson.why, *lesson.checks), activity.questions[1:-1], strict=True):
        assert question.check(asked.right) == asked.right == question.answer
        assert question.replies[asked.right] == question.outcome and len(question.replies) == len(asked.options)
    page = script.html(activity)
    assert page.count("<h2>") == 4 and "[[" not in page and "$" not in page and lesson.teacher[0][:20] in page


@pytest.mark.parametrize("name", LESSONS)
def test_a_prediction_of_a_class_is_one_that_the_lesson_can_read(name):
    lesson, question = LESSONS[name], from_lesson.find(name).question("predict")
    if question.kind == "choice":
        values = range(len(question.options))
    elif question.kind == "point":
        values = (question.axis.low, question.axis.high)
    else:
        values = [[end] * question.axis.points for end in (question.axis.low, question.axis.high)]
    for value in values:
        kept = question.check(value)
        read = lesson.prediction.read(lesson.prediction.write(kept))
        assert (list(read) if question.kind == "sketch" else read) == kept


@pytest.mark.parametrize("name", LESSONS)
def test_what_a_lesson_measured_answers_its_question(name):
    lesson, question = LESSONS[name], from_lesson.find(name).question("predict")
    recorded = record.results(lesson)
    revealed = lesson.reveal(recorded)
    if isinstance(lesson.activity, Steps):
        assert list(recorded) == list(lesson.activity.options) and all(len(found) >= 4 for found in recorded.values())
    answered = measured.answered_by(question, revealed.truth)
    right = list(answered.answer) if question.kind == "sketch" else answered.answer
    if question.kind == "choice":
        assert question.check(right) == right
    else:  # it lies on the axis, or so little beyond that the end of the axis was near
        low, high = question.axis.low, question.axis.high
        assert np.clip(right, low, high) == pytest.approx(right, abs=0.02 * (high - low))
    option, words = pictures.answers(answered, [right, right], True)
    json.dumps(option, allow_nan=False)
    if question.kind == "sketch":
        assert option["xAxis"]["max"] == question.axis.points - 1 and option["xAxis"]["data"] == list(
            question.axis.places
        )
    assert ("Measured" if question.kind == "sketch" else "✓" if question.kind == "choice" else "Right is") in words
    value = measured.middle(question, [right, right])
    drawn = measured.ghosted(lesson, revealed, value, of_class=True)
    assert question.kind == "choice" or drawn.series[-1].name == "the class's median"
    assert measured.ghosted(lesson, revealed, None, of_class=False) == revealed.figure
    larger = pictures.larger(measured.drawn(drawn, of_class=True), 22)
    assert "you: " not in json.dumps(larger)
    assert larger["xAxis"]["axisLabel"]["fontSize"] > 14 and len(larger["series"]) == len(drawn.series)


# Numbers and pictures


@pytest.fixture(scope="module")
def runs():
    stream = presets.stream("permuted_digits", 1, tasks=2, dwell=40)
    configs = [RunConfig(stream, arm) for arm in presets.arms(stream)]
    speed, fake_run.SECONDS_A_STEP = fake_run.SECONDS_A_STEP, 0
    found = [tally.scores([fake_run.run(config, seed) for config in configs]) for seed in range(8)]
    fake_run.SECONDS_A_STEP = speed
    return found


def test_a_run_is_kept_in_few_numbers(runs):
    kept = runs[0]
    assert kept["steps"][0] == 0 and kept["steps"][-1] == 80 and len(kept["steps"]) <= tally.POINTS
    assert kept["changes"] == [40] and kept["unit"] == "%"
    assert len(json.dumps(kept)) < 40_000
    assert 0 <= kept["arms"]["nested"]["final"] <= 100


def test_pooling_is_the_mean_with_its_interval(runs):
    rows = np.arange(40, dtype=float).reshape(8, 5)
    low, high = bootstrap_interval(rows)
    error = rows.std(axis=0, ddof=1) / np.sqrt(8)
    assert np.all(np.abs(high - low - 2 * 1.96 * error) < 0.35 * 2 * 1.96 * error)
    assert np.all((low < rows.mean(axis=0)) & (rows.mean(axis=0) < high))
    pool = tally.pooled({i: (i, run) for i, run in enumerate(runs)})
    mean = np.mean([run["arms"]["nested"]["first"] for run in runs], axis=0)
    assert np.allclose(pool["arms"]["nested"]["mean"], mean, atol=1e-3) and pool["runs"] == 8
    other = {**runs[0], "steps": runs[0]["steps"][:-1]}
    assert tally.pooled([runs[0], other])["runs"] == 1 and tally.pooled({}) is None
    option, words = pictures.pooled(pool)
    json.dumps(option, allow_nan=False)
    assert "mean of 8 runs" in words and "single loop" in words


def test_pictures_say_in_words_what_they_show(runs):
    option, words = pictures.answers(CHOICE, [0, 1, 1], True)
    assert words == "Answers. a: 1; ✓ b: 2; c: 0."
    assert [bar["value"] for bar in option["series"][0]["data"]] == [1, 2, 0]
    assert "✓" not in pictures.answers(CHOICE, [0, 1, 1], False)[1]
    option, words = pictures.answers(POINT, [18.0, 18.2, 60.0], True)
    assert [dot[1] for dot in option["series"][0]["data"]] == [1, 2, 1] and "Right is 18" in words
    curves = [[100.0] * 21, [50.0] * 21, [0.0] * 21]
    option, words = pictures.answers(CURVE, curves, False)
    assert "median ends at 50 %" in words and len(option["series"]) == 4
    assert pictures.answers(CHOICE, [], False)[1] == "Answers. a: 0; b: 0; c: 0."
    assert pictures.answers(CURVE, [], False)[1] == "0 sketched curves."


def test_export_has_everything_and_no_formula(tmp_path, runs):
    store = Store(f"sqlite:///{tmp_path / 'x.sqlite'}")
    code = store.create("t", "", "forget").code
    me = store.student(code, store.join(code, "=1+1"))
    activity = demonstrations.ALL["forget"]
    store.answer(code, me, "cause", 1)
    store.answer(code, me, "curve", [50.0] * 21)
    store.answer(code, me, "exit", '@SUM(A1), "quoted"')
    store.add_run(code, me, "run 1", 7, runs[0])
    view = store.view(code)
    rows = list(csv.DictReader(io.StringIO(export.answers(view, activity))))
    assert [row["question"] for row in rows] == ["curve", "cause", "exit"]
    assert rows[1]["answer"] == "Its weights were overwritten" and rows[1]["right"] == "yes"
    assert rows[2]["answer"] == '\'@SUM(A1), "quoted"' and rows[0]["nickname"] == "'=1+1"
    points = list(csv.DictReader(io.StringIO(export.runs(view))))
    assert len(points) == 2 * len(runs[0]["steps"]) and points[0]["seed"] == "7"
    store.engine.dispose()
